"""Trying a login at Vonage without sending anything.

Key and secret may list the account's numbers. An application's token may not; the mildest
thing that it may is to list the application's users, of which there are none here.

https://developer.vonage.com/en/api/numbers
https://developer.vonage.com/en/api/conversation
"""

from datetime import datetime

from connectors.channels.vonage.login import headers
from connectors.channels.vonage.settings import Settings
from connectors.payload import Json, parse
from core.errors import Malformed
from core.ports import Checked, HttpRequest, HttpResponse, Response

_MOST = 100


class Check:
    """One GET that changes nothing."""

    def ask(self, config: Settings, now: datetime) -> HttpRequest:
        """The account's numbers, or the application's users."""
        numbers = f"{config.account_url}/account/numbers?size={_MOST}"
        users = f"{config.base_url}/v1/users?page_size=1"
        return HttpRequest(
            method="GET",
            url=numbers if config.api_key else users,
            headers=headers(config, now, f"check-{now.timestamp()}"),
        )

    def answer(self, response: Response, config: Settings) -> Checked:
        """Whether Vonage knows the login, and what it owns if that was asked. Never raises."""
        assert isinstance(response, HttpResponse)
        if response.status in (401, 403):
            return Checked(works=False, says=_unknown(config))
        if response.status != 200:
            says = f"Vonage did not say: HTTP {response.status}"
            return Checked(works=False, says=says)
        if not config.api_key:
            says = "Vonage knows the application, but does not tell its numbers"
            return Checked(works=True, says=says)
        return _owned(response.body)


def _unknown(config: Settings) -> str:
    login = "API key and secret" if config.api_key else "application ID and private key"
    return f"Vonage does not know this {login}"


def _owned(body: bytes) -> Checked:
    try:
        numbers = tuple(map(_number, parse(body)["numbers"].each()))
    except Malformed:
        return Checked(works=False, says="Vonage's answer cannot be read")
    count = len(numbers)
    more = " or more" if count == _MOST else ""
    what = "1 number" if count == 1 else f"{count or 'no'}{more} numbers"
    return Checked(
        works=True, says=f"Vonage knows this key, which owns {what}", numbers=numbers
    )


def _number(entry: Json) -> str:
    return f"+{entry['msisdn'].text()}"
