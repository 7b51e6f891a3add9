"""Trying a login: which numbers does the account own?

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from datetime import datetime

from connectors.channels.twilio.settings import Settings, account_url, headers
from connectors.payload import Json, parse
from core.errors import Malformed
from core.ports import Checked, HttpRequest, HttpResponse, Response

_PAGE = 50
_WRONG_LOGIN = "Twilio does not know this account SID with this auth token"


class Check:
    """The account's first numbers, and whether the sender's own is one of them."""

    def ask(self, config: Settings, now: datetime) -> HttpRequest:
        """The request that tries the login."""
        url = f"{account_url(config)}/IncomingPhoneNumbers.json?PageSize={_PAGE}"
        return HttpRequest(method="GET", url=url, headers=headers(config))

    def answer(self, response: Response, config: Settings) -> Checked:
        """Whether the login is good and the number can do what it is set up for."""
        assert isinstance(response, HttpResponse)
        if response.status in (401, 403):
            return Checked(works=False, says=_WRONG_LOGIN)
        try:
            return _checked(parse(response.body), response.status, config)
        except Malformed:
            says = f"Twilio answered with HTTP {response.status} and nothing to read"
            return Checked(works=False, says=says)


def _checked(answer: Json, status: int, config: Settings) -> Checked:
    if status != 200:
        says = answer["message"].text().rstrip(".")
        return Checked(works=False, says=f"Twilio says: {says}")
    found = {one["phone_number"].text(): one for one in _listed(answer)}
    problem = _problem(found, config, more=answer["next_page_uri"].present)
    count = "one number" if len(found) == 1 else f"{len(found)} numbers"
    says = problem or f"the login is good, and the account has {count}"
    return Checked(works=not problem, says=says, numbers=tuple(found))


def _listed(answer: Json) -> list[Json]:
    numbers = answer["incoming_phone_numbers"]
    if not numbers.present:
        raise numbers.wrong("a list")
    return list(numbers.each())


def _problem(found: dict[str, Json], config: Settings, *, more: bool) -> str:
    """What is wrong with the number that sends SMS; `more` if others are not listed."""
    number = config.from_ or ""
    if not number.startswith("+"):
        return ""  # a short code or a name, which are not listed here
    if number not in found:
        return "" if more else f"the account has no number {number}"
    able = found[number]["capabilities"]
    if able["sms"].value is False:
        return f"{number} cannot send SMS"
    if config.mms == "yes" and able["mms"].value is False:
        return f"{number} cannot send MMS"
    return ""
