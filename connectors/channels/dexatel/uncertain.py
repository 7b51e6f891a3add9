"""What Dexatel leaves open. All of it is here: what turns out otherwise is mended in this file.

Its pages contradict each other, there is no machine-readable description, and its own clients
read some answers in two ways. Where two readings are possible, both are taken.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.payload import Json
from connectors.signatures import hmac_base64, hmac_hex
from core.cascade.status import Status

# Webhooks tell DELIVERED, FAILED, REJECTED and EXPIRED, in capitals on one page and in small
# letters on another; the rest are statuses of a message that is asked for. SEEN is only ever
# mentioned as a filter, so it is believed but not promised. `received` may mean what came in.
# https://developers.dexatel.com/docs/webhooks-delivery
# https://dexatel.com/developers/messages-query/
STATUSES = {
    "scheduled": Status.ACCEPTED,
    "enroute": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "seen": Status.READ,
    "failed": Status.FAILED,
    "rejected": Status.FAILED,
    "expired": Status.FAILED,
}

_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def signatures(secret: str, body: bytes) -> Iterator[str]:
    """What may stand in X-Dexatel-Signature.

    The pages only say HMAC-SHA256; their example is base64, while others compare hexadecimal.
    """
    yield hmac_base64(secret, body)
    yield hmac_hex(secret, body)


def one(data: Json) -> Json:
    """The message in `data`, an object on some pages and a list of one on others."""
    if isinstance(data.value, list):
        return next(data.each(), Json(None, f"{data.path}[0]"))
    return data


def moment(at: Json) -> datetime | None:
    """A time such as `2026-11-24 16:00:00`; None if it is written otherwise.

    The zone of messages is said to be UTC, that of webhooks is not said.
    """
    try:
        found = datetime.fromisoformat(at.text_or_empty())
    except ValueError:
        return None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def reply_id(data: Json) -> str:
    """What names a reply. On an older page a reply has no id, so sender and time do."""
    if found := data["message_id"].text_or_empty():
        return found
    return f"{data['from'].text()}@{data['timestamp'].text()}"


def refusal(answer: Json) -> tuple[str, str]:
    """The code of the first error, `""` if it has none, and its words. Raises Malformed.

    https://developers.dexatel.com/docs/status-and-error-codes
    """
    error = one(answer["errors"])
    code = error["code"]
    words = error["message"].text()
    return (str(code.value) if isinstance(code.value, int | str) else "", words)
