"""Asking Twilio what became of a message.

https://www.twilio.com/docs/messaging/api/message-resource#fetch-a-message-resource
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from connectors.channels.twilio.settings import Settings, headers, messages_url
from connectors.channels.twilio.told import receipt
from connectors.payload import Json, parse
from core.errors import Malformed
from core.ports import HttpRequest, HttpResponse, Receipt


class Query:
    """One message, by Twilio's id of it."""

    def ask(self, provider_id: str, config: Settings) -> HttpRequest:
        """The request that asks."""
        url = f"{messages_url(config)}/{quote(provider_id, safe='')}.json"
        return HttpRequest(method="GET", url=url, headers=headers(config))

    def answer(self, response: HttpResponse) -> Receipt | None:
        """The status it has now, and since when; None if Twilio does not say."""
        if response.status != 200:
            return None
        try:
            return _receipt(parse(response.body))
        except Malformed:
            return None


def _receipt(message: Json) -> Receipt | None:
    code = message["error_code"]
    return receipt(
        message["status"].text(),
        message["sid"].text(),
        at=_time(message["date_updated"].text_or_empty()),
        code=str(code.integer()) if code.present else "",
        detail=message["error_message"].text_or_empty(),
    )


def _time(text: str) -> datetime | None:
    """A time as RFC 2822 writes it."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
