"""Asking Twilio what became of a message, and what it cost.

https://www.twilio.com/docs/messaging/api/message-resource#fetch-a-message-resource
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from connectors.channels.twilio.settings import Settings, headers, messages_url
from connectors.channels.twilio.told import receipt
from connectors.payload import Json, parse
from core.errors import Malformed
from core.message.money import Money
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


def parts(message: Json) -> int | None:
    """Of how many SMS a message consists; a Messaging Service says 0 until it knows."""
    count = message["num_segments"].text_or_empty()
    is_sms = ":" not in message["to"].text_or_empty()
    if is_sms and count.isascii() and count.isdigit() and len(count) <= 4:
        return int(count) or None
    return None


def _receipt(message: Json) -> Receipt | None:
    code = message["error_code"]
    return receipt(
        message["status"].text(),
        message["sid"].text(),
        at=_time(message["date_updated"].text_or_empty()),
        code=str(code.integer()) if code.present else "",
        detail=message["error_message"].text_or_empty(),
        price=_price(message),
        parts=parts(message),
    )


def _price(message: Json) -> Money | None:
    """What we pay, which Twilio writes as a loss; it is there a while after the sending."""
    price, unit = (message[name].text_or_empty() for name in ("price", "price_unit"))
    try:
        return Money.parse(price.removeprefix("-"), unit)
    except ValueError:
        return None


def _time(text: str) -> datetime | None:
    """A time as RFC 2822 writes it."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
