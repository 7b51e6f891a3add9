"""Which lanes have something to do right now: one statement, one look at a partial index each.

It is asked twenty times a second by every worker, so it is built once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
)

from core.cascade.model import Channel
from core.store import inbox as arrivals
from core.store import links
from core.store.busy import has_work
from core.store.tables import UtcTime, attempts, cascades, inbox, receipts

EVENTS, RECEIPTS, TIMERS = "events", "receipts", "timers"
QUESTIONS = "questions"  # to providers: what became of it, what it cost
INBOX_LANES = (EVENTS, RECEIPTS, TIMERS)
SEND_LANES = (QUESTIONS, *Channel)
LANES = (*INBOX_LANES, *SEND_LANES)

_WAITING: ColumnElement[str] = literal_column(
    "'waiting'"
)  # as a parameter it would hide the partial index
_NOW = bindparam("now", type_=UtcTime)
_WALL = bindparam("wall", type_=UtcTime)


def lanes_with_work(tx: Connection, now: datetime, wall: datetime) -> list[str]:
    """Lanes to ring. `now` is the engine's time, `wall` real time for leases and parked receipts."""
    answers = tx.execute(_QUESTIONS, {"now": now, "wall": wall}).one()
    return [lane for lane, has_work in zip(LANES, answers, strict=True) if has_work]


def _unread(kind: str) -> ColumnElement[bool]:
    waiting = select(inbox.c.id).where(inbox.c.kind == kind, inbox.c.state == _WAITING)
    return exists(waiting)


def _lease_expired() -> ColumnElement[bool]:
    dead = select(attempts.c.reference).where(
        attempts.c.state == "sending", attempts.c.lease_until <= _WALL
    )
    return exists(dead)


def _deadline_passed() -> ColumnElement[bool]:
    return exists(select(cascades.c.id).where(cascades.c.deadline_at <= _NOW))


def _questions() -> Select[*tuple[Any, ...]]:
    parked = exists(select(receipts.c.id).where(receipts.c.look_at <= _WALL))
    receipt = or_(_unread(arrivals.RECEIPT), parked, exists(links.NEWS))
    timer = or_(_deadline_passed(), _lease_expired())
    asked = or_(
        exists(select(attempts.c.reference).where(attempts.c.asked == "due")),
        exists(select(attempts.c.reference).where(attempts.c.price_due_at <= _NOW)),
    )
    queued = (has_work(channel) for channel in Channel)
    return select(_unread(arrivals.EVENT), receipt, timer, asked, *queued)


_QUESTIONS = _questions()
