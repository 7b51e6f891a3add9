"""What Vonage posts: statuses, and what people write.

https://developer.vonage.com/en/messages/concepts/whatsapp/wa-status-callbacks
https://developer.vonage.com/messages/code-snippets/inbound-message
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.cascade.model import Channel
from core.message.sms import parts_of
from webapp.sandbox.journey import Journey
from webapp.sandbox.vonage.order import CHANNELS, SENDERS, Order

_PRICES: Final = {
    "sms": Decimal("0.0333"),
    "whatsapp": Decimal("0.0221"),
    "viber_service": Decimal("0.0120"),
    "rcs": Decimal("0.0250"),
}
_NAMES: Final = {channel: name for name, channel in CHANNELS.items()}
_NO_USER: Final = ("rejected", "1300", "Not part of the provider network")
_NO_NUMBER: Final = ("undeliverable", "1190", "Absent Subscriber Permanent")
_NO_WINDOW: Final = ("rejected", "1340", "Outside of the allowed window")

Body = dict[str, Any]


def statuses(
    message_id: str, order: Order, journey: Journey, *, is_open: bool, code: int
) -> Iterator[tuple[datetime, Body]]:
    """What Vonage says of a journey, and when. An SMS is billed at once, others on arrival.

    `code` is why it fails, 0 for the usual reason.
    """
    parts = parts_of(order.text).count if order.name == "sms" else 1
    price = str(_PRICES[order.name] * parts)
    is_sms = order.channel is Channel.SMS
    if at := journey.sent_at:
        counted = {"sms": {"count_total": str(parts)}} if is_sms else {}
        usage = _usage(price if is_sms else "0")
        yield at, {**_status(message_id, order, "submitted", at), **usage, **counted}
    if at := journey.delivered_at:
        usage = {} if is_sms else _usage(price)
        yield at, {**_status(message_id, order, "delivered", at), **usage}
    if (at := journey.read_at) and not is_sms:
        yield at, _status(message_id, order, "read", at)
    if at := journey.failed_at:
        reason = _NO_NUMBER if is_sms else _NO_USER if is_open else _NO_WINDOW
        if code:
            reason = ("rejected", str(code), "Refused")
        yield at, _failed(message_id, order, reason, at)


def written(
    message_id: str,
    number: str,
    channel: Channel,
    said: Mapping[str, Any],
    at: datetime,
) -> Body:
    """A message that came in; `said` has its `message_type` and what goes with that."""
    name = _NAMES[channel]
    return {
        "message_uuid": message_id,
        "to": SENDERS[name],
        "from": number.removeprefix("+"),
        "timestamp": _stamp(at),
        "channel": name,
        **said,
    }


def _status(message_id: str, order: Order, status: str, at: datetime) -> Body:
    ours = {"client_ref": order.reference} if order.reference else {}
    return {
        "message_uuid": message_id,
        "to": order.to,
        "from": order.sender,
        "timestamp": _stamp(at),
        "status": status,
        "channel": order.name,
        **ours,
    }


def _failed(
    message_id: str, order: Order, reason: tuple[str, str, str], at: datetime
) -> Body:
    status, code, detail = reason
    error = {
        "type": f"https://developer.vonage.com/api-errors/messages#{code}",
        "title": code,
        "detail": detail,
        "instance": message_id,
    }
    return {**_status(message_id, order, status, at), "error": error}


def _usage(price: str) -> Body:
    return {"usage": {"currency": "EUR", "price": price}}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
