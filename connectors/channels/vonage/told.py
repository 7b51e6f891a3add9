"""What Vonage posts to us: the status of a message, or what a person wrote back.

https://developer.vonage.com/en/messages/concepts/whatsapp/wa-status-callbacks
https://developer.vonage.com/messages/code-snippets/inbound-message
"""

from collections.abc import Iterator
from datetime import datetime

from connectors.channels.vonage.errors import FAILURES
from connectors.channels.vonage.message import CHANNELS, OPENED
from connectors.failures import failure
from connectors.payload import Json
from core.cascade.status import Failure, Status
from core.message.money import Money
from core.ports import HttpResponse, Receipt, Reply, Told

_STATUSES = {
    "submitted": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "rejected": Status.FAILED,
    "undeliverable": Status.FAILED,
}


def facts(body: Json) -> Iterator[Told]:
    """What a request tells. Raises Malformed."""
    if body["status"].present:
        yield from _receipts(body)
    elif body["message_type"].present:
        yield from _heard(body)


def why(error: Json, response: HttpResponse | None = None) -> Failure:
    """What an error says. `response` is the answer that it came in, None for a status.

    In a status its `title` is the code; in an answer that ends the address in `type`, or there
    is only the HTTP status.
    """
    title = _text(error["title"])
    end = error["type"].text_or_empty().rpartition("#")[2]
    fallback = str(response.status) if response else ""
    code = next(filter(_is_code, (title, end)), fallback)
    detail = error["detail"].text_or_empty() or title
    return failure(FAILURES, code, "; ".join((detail, *_invalid(error))), response)


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def _invalid(error: Json) -> Iterator[str]:
    for each in error["invalid_parameters"].each():
        yield f"{_text(each['name'])}: {_text(each['reason'])}"


# --- Statuses ---


def _receipts(body: Json) -> Iterator[Receipt]:
    status = _STATUSES.get(body["status"].text())
    if status is None:
        return
    yield Receipt(
        status=status,
        at=_time(body),
        reference=body["client_ref"].text_or_empty() or None,
        provider_id=body["message_uuid"].text(),
        failure=why(body["error"]) if status is Status.FAILED else None,
        price=_price(body["usage"], status),
        parts=_count(body["sms"]["count_total"]),
        category=_category(body["whatsapp"]),
    )


def _price(usage: Json, status: Status) -> Money | None:
    if not usage["price"].present:
        return None
    try:
        price = Money.parse(_text(usage["price"]), usage["currency"].text())
    except ValueError:
        raise usage["price"].wrong("an amount of money") from None
    # What is billed on delivery costs nothing when it is submitted: that is not its price.
    return price if price.micros or status is not Status.SENT else None


def _count(parts: Json) -> int | None:
    text = _text(parts)
    return int(text) if _is_code(text) and int(text) else None


def _category(about: Json) -> str:
    pricing = about["pricing"]
    if pricing["type"].text_or_empty().startswith("free"):
        return "free"
    older = about["conversation"]["origin"]["type"]
    return pricing["category"].text_or_empty() or older.text_or_empty()


# --- Messages that came in ---


def _heard(body: Json) -> Iterator[Told]:
    channel = CHANNELS.get(body["channel"].text())
    number = body["from"].text_or_empty()
    if channel is None or not (number.isascii() and number.isdigit()):
        return  # another channel, or somebody who hides their number
    text, button = _said(body)
    if button.startswith(OPENED):
        reference = button.removeprefix(OPENED)
        yield Receipt(
            status=Status.READ, at=_time(body), reference=reference, provider_id=None
        )
        return
    yield Reply(
        channel=channel,
        sender=f"+{number}",
        provider_id=body["message_uuid"].text(),
        at=_time(body),
        text=text,
        button=button,
        answers=body["context"]["message_uuid"].text_or_empty() or None,
        to=_number(body["to"].text_or_empty()),
    )


def _number(text: str) -> str:
    return f"+{text}" if text.isascii() and text.isdigit() else text


def _said(body: Json) -> tuple[str, str]:
    """The text that a person wrote or saw on the button, and the button's payload."""
    kind = body["message_type"].text()
    if kind == "button":
        pressed = body["button"]
        return pressed["text"].text_or_empty(), pressed["payload"].text_or_empty()
    if kind == "reply":
        chosen = body["reply"]
        return chosen["title"].text_or_empty(), chosen["id"].text_or_empty()
    if kind in ("image", "video", "file"):
        return body[kind]["caption"].text_or_empty(), ""
    return body["text"].text_or_empty(), ""


# --- Both ---


def _time(body: Json) -> datetime | None:
    at = body["timestamp"]
    return at.time() if at.present else None


def _text(value: Json) -> str:
    """A text, or a number that somebody forgot to quote. Raises Malformed."""
    number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
    return str(value.value) if number else value.text_or_empty()
