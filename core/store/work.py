"""Which lanes have something to do right now. Each question is one look at a partial index."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, select

from core.cascade.model import Channel
from core.store import inbox as arrivals
from core.store import receipts
from core.store.tables import attempts, cascades, inbox

EVENTS, RECEIPTS, TIMERS = "events", "receipts", "timers"
INBOX_LANES = (EVENTS, RECEIPTS, TIMERS)
SEND_LANES = tuple(Channel)
LANES = (*INBOX_LANES, *SEND_LANES)


def lanes_with_work(tx: Connection, now: datetime, wall: datetime) -> list[str]:
    """Lanes to ring. `now` is the engine's time, `wall` real time for leases."""
    due: dict[str, list[ColumnElement[bool]]] = {
        EVENTS: [_unread(arrivals.EVENT)],
        RECEIPTS: [_unread(arrivals.RECEIPT)],
        TIMERS: [_deadline_passed(now), _lease_expired(wall)],
        **{str(channel): [_queued(channel, now)] for channel in SEND_LANES},
    }
    lanes = [lane for lane, questions in due.items() if _any(tx, questions)]
    if RECEIPTS not in lanes and receipts.any_joinable(tx):
        lanes.append(RECEIPTS)
    return lanes


def _any(tx: Connection, questions: list[ColumnElement[bool]]) -> bool:
    return any(tx.scalar(select(question)) for question in questions)


def _unread(kind: str) -> ColumnElement[bool]:
    waiting = select(inbox.c.id).where(inbox.c.kind == kind, inbox.c.state == "waiting")
    return exists(waiting)


def _queued(channel: str, now: datetime) -> ColumnElement[bool]:
    due = select(attempts.c.reference).where(
        attempts.c.state == "queued",
        attempts.c.channel == channel,
        attempts.c.due_at <= now,
    )
    return exists(due)


def _lease_expired(wall: datetime) -> ColumnElement[bool]:
    dead = select(attempts.c.reference).where(
        attempts.c.state == "sending", attempts.c.lease_until <= wall
    )
    return exists(dead)


def _deadline_passed(now: datetime) -> ColumnElement[bool]:
    return exists(select(cascades.c.id).where(cascades.c.deadline_at <= now))
