"""Trying a token without sending anything: whose number is this?

https://developers.facebook.com/docs/whatsapp/business-management-api/manage-phone-numbers
"""

import re
from datetime import datetime

from connectors.channels.whatsapp_cloud.settings import Settings
from connectors.payload import parse
from core.errors import Malformed
from core.ports import Checked, HttpRequest, HttpResponse, Response


class NumberCheck:
    """A `core.ports.LiveCheck`."""

    def ask(self, config: Settings, now: datetime) -> HttpRequest:
        """What Meta knows of the number."""
        fields = "display_phone_number,verified_name"
        url = config.url(f"{config.phone_number_id}?fields={fields}")
        return HttpRequest(method="GET", url=url, headers=config.headers)

    def answer(self, response: Response, config: Settings) -> Checked:
        """The number, or Meta's reason."""
        assert isinstance(response, HttpResponse)
        try:
            found = parse(response.body)
            if problem := found["error"]["message"].text_or_empty():
                return Checked(works=False, says=_refused(problem))
            shown = found["display_phone_number"].text()
            name = found["verified_name"].text_or_empty()
        except Malformed:
            says = f"Meta gave no readable answer (HTTP {response.status})"
            return Checked(works=False, says=says)
        number = "+" + re.sub(r"\D", "", shown)
        says = f"Sends as {name} from {number}" if name else f"Sends from {number}"
        return Checked(works=True, says=says, numbers=(number,))


def _refused(problem: str) -> str:
    return f"Meta refuses this number or its token: {problem.rstrip('. ')[:200]}"
