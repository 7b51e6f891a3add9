"""What Kannel tells by GET: what became of an SMS, or one that came in.

Bits of `%d`: https://www.kannel.org/download/1.4.4/userguide-1.4.4/userguide.html#delivery-reports
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from connectors.channels.kannel.errors import FAILURES
from connectors.failures import failure
from connectors.payload import Json
from core.cascade.model import Channel
from core.cascade.status import Failure, Status
from core.errors import Malformed
from core.ports import InboundRequest, Receipt, Reply

STATUSES = {
    "1": Status.DELIVERED,
    "2": Status.FAILED,
    "4": Status.SENT,  # the SMSC keeps it until the phone is back
    "8": Status.SENT,  # the SMSC has it
    "16": Status.FAILED,  # the SMSC did not take it
}
MASK = str(sum(map(int, STATUSES)))

_CHARSETS = {"UTF-8", "UTF-16BE", "ISO-8859-1", "WINDOWS-1252", "US-ASCII"}
_STATE = re.compile(r"\bstat:([A-Z]{1,7})")
_REFUSED = re.compile(r"NACK/0x([0-9a-fA-F]{1,8})\b")


def receipt(query: Mapping[str, str]) -> Receipt | None:
    """What a delivery report says; None if it is of a kind that we did not ask for."""
    bit = query.get("type", "")
    kind = STATUSES.get(bit)
    if kind is None:
        return None
    why = _failure(bit, query.get("answer", "").replace("\0", ""))
    return Receipt(
        status=kind,
        at=_at(query),
        reference=query["ref"].replace("\0", ""),
        provider_id=None,
        failure=why if kind is Status.FAILED else None,
    )


def reply(request: InboundRequest) -> Reply:
    """An SMS that came in. Raises Malformed."""
    query = request.query
    return Reply(
        channel=Channel.SMS,
        sender=_number(query.get("from", "")),
        provider_id=Json(query.get("id"), "id").text(),
        at=_at(query),
        text=_text(request, query.get("charset", "")),
    )


def _failure(bit: str, answer: str) -> Failure:
    if found := _REFUSED.search(answer):
        code = f"0x{int(found[1], 16):08x}"
    elif found := _STATE.search(answer):
        code = found[1]
    else:
        code = f"dlr_{bit}"
    return failure(FAILURES, code, answer)


def _at(query: Mapping[str, str]) -> datetime | None:
    at = Json(query.get("at") or None, "at")
    return at.unix_time() if at.present else None


def _text(request: InboundRequest, charset: str) -> str:
    """The bytes of `text`: in which letters they are written is said beside them."""
    if charset.upper() not in _CHARSETS:
        raise Malformed(f"charset is {charset[:20]!r}, which is none that we read")
    # Latin-1 turns every byte into one letter, and back.
    query = dict(parse_qsl(urlsplit(request.url).query, encoding="latin-1"))
    raw = query.get("text", "").encode("latin-1")
    return raw.decode(charset, errors="replace").replace("\0", "")


def _number(sender: str) -> str:
    """An SMSC may leave out the plus, or write 00 for it."""
    digits = re.sub(r"^(\+|00)", "", sender.strip())
    if not (digits.isascii() and digits.isdecimal()):
        raise Malformed("from is not a number")
    return f"+{digits}"
