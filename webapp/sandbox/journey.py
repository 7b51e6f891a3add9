"""What becomes of a message, from the phone it is for. Pure: when what will happen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.cascade.model import Channel
from webapp.sandbox.cast import Kind

AWAY = timedelta(minutes=45)

_SENT = timedelta(seconds=1)
_DELIVERED = timedelta(seconds=2)
_READ = timedelta(seconds=8)
_BY_CARRIER = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """When a message is sent, delivered, read or refused; None for never."""

    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None


def by(channel: Channel, kind: Kind, now: datetime, on_at: datetime) -> Journey:
    """A message taken now, for a phone that is on from `on_at`."""
    match channel:
        case Channel.SMS:
            return by_sms(kind, now, on_at)
        case Channel.WHATSAPP:
            return by_whatsapp(kind, now, on_at)
        case Channel.VIBER | Channel.RCS:
            return by_app(kind, now, on_at)
        case Channel.EMAIL:
            return by_email(now)


def by_email(now: datetime) -> Journey:
    """An email taken now. Nobody says whether it was read, and it waits for any phone."""
    return Journey(sent_at=now, delivered_at=now + _DELIVERED)


def by_whatsapp(kind: Kind, now: datetime, on_at: datetime) -> Journey:
    """A WhatsApp message taken now, for a phone that is on from `on_at`."""
    if kind is Kind.NO_WHATSAPP:
        return Journey(failed_at=now + _DELIVERED)
    return by_app(kind, now, on_at)


def by_app(kind: Kind, now: datetime, on_at: datetime) -> Journey:
    """A message by an app that everybody with a number has: Viber, RCS."""
    if kind is Kind.NO_SUCH_NUMBER:
        return Journey(failed_at=now + _DELIVERED)
    delivered_at = max(now, on_at) + _DELIVERED
    tells = kind is not Kind.RECEIPTS_OFF
    return Journey(
        sent_at=now + _SENT,
        delivered_at=delivered_at,
        read_at=delivered_at + _READ if tells else None,
    )


def by_sms(kind: Kind, now: datetime, on_at: datetime) -> Journey:
    """An SMS taken now, for a phone that is on from `on_at`."""
    sent_at = now + _SENT
    if kind is Kind.NO_SUCH_NUMBER:
        return Journey(sent_at=sent_at, failed_at=sent_at + _BY_CARRIER)
    return Journey(sent_at=sent_at, delivered_at=max(now, on_at) + _BY_CARRIER)
