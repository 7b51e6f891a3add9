"""Messages and numbers as Twilio shows them in JSON, and what it remembers of messages.

https://www.twilio.com/docs/messaging/api/message-resource#message-properties
https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final

from core.cascade.model import Channel
from core.message.sms import parts_of
from webapp.sandbox.cast import SMS_NUMBER
from webapp.sandbox.journey import Journey
from webapp.sandbox.store import moment, seconds
from webapp.sandbox.twilio.order import Order

API: Final = "2010-04-01"

_PRICED_AFTER = timedelta(seconds=10)
_MMS = Decimal("0.02200")
_PRICES = {
    Channel.SMS: Decimal("0.00830"),
    Channel.WHATSAPP: Decimal("0.00500"),
    Channel.RCS: Decimal("0.00830"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that Twilio took. `code` says why it failed, `""` if it does not."""

    sid: str
    channel: Channel
    to: str
    sender: str
    service: str
    body: str
    media: int
    code: str
    taken_at: datetime
    journey: Journey

    @classmethod
    def new(
        cls, sid: str, order: Order, code: str, now: datetime, journey: Journey
    ) -> "Kept":
        """What is to be remembered of an order."""
        return cls(
            sid=sid,
            channel=order.channel,
            to=order.to,
            sender=order.sender,
            service=order.service,
            body=order.shown.text,
            media=1 if order.shown.media else 0,
            code=code,
            taken_at=now,
            journey=journey,
        )

    def status(self, now: datetime) -> tuple[str, datetime]:
        """The status it has, and since when."""
        journey, failed = self.journey, failed_word(self.channel)
        told = [
            (failed, journey.failed_at),
            ("read", journey.read_at),
            ("delivered", journey.delivered_at),
            ("sent", journey.sent_at),
        ]
        first = "accepted" if self.service else "queued"
        past = ((word, at) for word, at in told if at and at <= now)
        return next(past, (first, self.taken_at))


def failed_word(channel: Channel) -> str:
    """An SMS was sent and came back; an app's message never left."""
    return "undelivered" if channel is Channel.SMS else "failed"


def keep(tx: sqlite3.Connection, kept: Kept) -> None:
    """Remember a message for whoever asks."""
    about = asdict(kept)
    about["taken_at"] = seconds(kept.taken_at)
    about["journey"] = {at: seconds(when) for at, when in about["journey"].items()}
    row = (kept.sid, json.dumps(about))
    tx.execute("INSERT INTO twilio_messages VALUES (?, ?)", row)


def find(tx: sqlite3.Connection, sid: str) -> Kept | None:
    """The message of that SID."""
    query = "SELECT kept FROM twilio_messages WHERE sid = ?"
    row = tx.execute(query, (sid,)).fetchone()
    if row is None:
        return None
    about = json.loads(row["kept"])
    journey = {at: moment(when) for at, when in about.pop("journey").items()}
    taken_at, channel = moment(about.pop("taken_at")), Channel(about.pop("channel"))
    assert taken_at
    return Kept(**about, channel=channel, taken_at=taken_at, journey=Journey(**journey))


def message(account: str, kept: Kept, now: datetime) -> dict[str, Any]:
    """A Message resource."""
    status, since = kept.status(now)
    sent_at = kept.journey.sent_at
    left = bool(sent_at and sent_at <= now)
    hidden = bool(kept.service) and not left  # the service has not picked a sender yet
    failed = kept.code if status == failed_word(kept.channel) else ""
    return {
        "sid": kept.sid,
        "account_sid": account,
        "messaging_service_sid": kept.service or None,
        "status": status,
        "direction": "outbound-api",
        "from": None if hidden else kept.sender,
        "to": kept.to,
        "body": kept.body,
        "num_segments": "0" if hidden else str(_segments(kept)),
        "num_media": str(kept.media),
        "price": _price(kept, now),
        "price_unit": "USD",
        "error_code": int(failed) if failed else None,
        "error_message": "It did not arrive" if failed else None,
        "date_created": format_datetime(kept.taken_at),
        "date_sent": format_datetime(sent_at) if sent_at and left else None,
        "date_updated": format_datetime(since),
        "api_version": API,
        "uri": f"/{API}/Accounts/{account}/Messages/{kept.sid}.json",
        "subresource_uris": {
            "media": f"/{API}/Accounts/{account}/Messages/{kept.sid}/Media.json"
        },
    }


def _price(kept: Kept, now: datetime) -> str | None:
    """What was sent costs; Twilio says so a while later."""
    sent_at = kept.journey.sent_at
    if not sent_at or now < sent_at + _PRICED_AFTER:
        return None
    if kept.channel is Channel.SMS and kept.media:
        return f"-{_MMS}"
    return f"-{_PRICES[kept.channel] * _segments(kept)}"


def _segments(kept: Kept) -> int:
    if kept.channel is not Channel.SMS or kept.media:
        return 1
    return parts_of(kept.body).count


def numbers(account: str, page_size: int) -> dict[str, Any]:
    """The page of the account's numbers: there is one."""
    where = f"/{API}/Accounts/{account}/IncomingPhoneNumbers"
    page = f"{where}.json?PageSize={page_size}&Page=0"
    sid = f"PN{1:032x}"
    number = {
        "sid": sid,
        "account_sid": account,
        "friendly_name": SMS_NUMBER,
        "phone_number": SMS_NUMBER,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "status": "in-use",
        "api_version": API,
        "uri": f"{where}/{sid}.json",
    }
    return {
        "incoming_phone_numbers": [number],
        "page": 0,
        "page_size": page_size,
        "start": 0,
        "end": 0,
        "uri": page,
        "first_page_uri": page,
        "previous_page_uri": None,
        "next_page_uri": None,
    }
