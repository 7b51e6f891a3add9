"""Everything that came in, raw, until it has been read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from core.store.tables import inbox
from core.store.upsert import insert_new

EVENT, RECEIPT = "event", "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request that came in. `origin_id` is the connection or sender it came by."""

    account_id: int
    kind: str
    origin_id: int
    delivery_id: str
    topic: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Arrival):
    """An arrival that waits to be read."""

    id: int


def add(tx: Connection, arrival: Arrival) -> int | None:
    """Keep an arrival. None if the same delivery has come in before."""
    row = {name: getattr(arrival, name) for name in Arrival.__slots__}
    row |= {"headers": dict(arrival.headers), "state": "waiting", "reason": ""}
    return insert_new(tx, inbox, row)


def waiting(tx: Connection, kind: str, limit: int) -> list[Waiting]:
    """The oldest arrivals that nobody has read, not in another worker's hands."""
    names = ("id", *Arrival.__slots__)
    query = (
        select(*(inbox.c[name] for name in names))
        .where(inbox.c.kind == kind, inbox.c.state == "waiting")
        .order_by(inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Waiting(**row) for row in tx.execute(query).mappings()]


def settle(
    tx: Connection, inbox_id: int, state: str, reason: str, now: datetime
) -> None:
    """Say what became of an arrival: `done`, `ignored` or `failed`, and why."""
    row: dict[str, Any] = {"state": state, "reason": reason, "done_at": now}
    tx.execute(update(inbox).where(inbox.c.id == inbox_id).values(row))


def reopen(tx: Connection, event_id: int) -> bool:
    """Let an event be read again. False if there is none of that id."""
    same = (inbox.c.id == event_id, inbox.c.kind == EVENT)
    row = {"state": "waiting", "reason": "replayed", "done_at": None}
    return tx.execute(update(inbox).where(*same).values(row)).rowcount == 1
