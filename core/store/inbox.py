"""Everything that came in, raw, until it has been read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal,
    literal_column,
    select,
    update,
)

from core.store.tables import inbox
from core.store.turns import Turns
from core.store.upsert import insert_new
from core.values import dataclass

EVENT, RECEIPT = "event", "receipt"
OURS = 0  # the origin of events that come from no connection, but from ourselves


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


def waiting(
    tx: Connection, kind: str, limit: int, turns: Turns, only: Collection[int] = ()
) -> list[Waiting]:
    """Arrivals that nobody has read, not in another worker's hands, oldest first.

    Every account gets an equal share, so that a flood of one does not delay another's; with
    `only`, these accounts.
    """

    def look(after: int, most: int) -> Sequence[Any]:
        return tx.execute(_accounts(kind, after).limit(most)).all()

    ids = sorted(only) or [row.id for row in turns.take(kind, look, limit)]
    found: list[Waiting] = []
    for place, account_id in enumerate(ids):
        share = -(-(limit - len(found)) // (len(ids) - place))
        found += _of(tx, kind, account_id, share) if share else []
    return sorted(found, key=lambda one: one.id)


def _of(tx: Connection, kind: str, account_id: int, most: int) -> Iterator[Waiting]:
    query = (
        unread(kind, literal(account_id))
        .with_only_columns(*(inbox.c[name] for name in ("id", *Arrival.__slots__)))
        .order_by(inbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return (Waiting(**row) for row in tx.execute(query).mappings())


def _accounts(kind: str, after: int) -> Select[Any]:
    """The accounts that have unread arrivals, by hopping from one to the next."""
    here, there = inbox.alias(), inbox.alias()
    first = select(func.min(here.c.account_id)).where(
        _is_unread(here, kind), here.c.account_id > after
    )
    walk = select(first.scalar_subquery().label("id")).cte(recursive=True)
    following = select(func.min(there.c.account_id)).where(
        _is_unread(there, kind), there.c.account_id > walk.c.id
    )
    hop = select(following.scalar_subquery()).where(walk.c.id.is_not(None))
    walk = walk.union_all(hop)
    return select(walk.c.id).where(walk.c.id.is_not(None)).order_by(walk.c.id)


def unread(kind: str, account: ColumnElement[int]) -> Select[Any]:
    """The ids of an account's arrivals that nobody has read."""
    return select(inbox.c.id).where(
        _is_unread(inbox, kind), inbox.c.account_id == account
    )


def _is_unread(table: Any, kind: str) -> ColumnElement[bool]:
    # Written out: as a parameter, the state would hide the partial index.
    return and_(table.c.state == literal_column("'waiting'"), table.c.kind == kind)


def delivered(tx: Connection, kind: str, origin_id: int, delivery_id: str) -> Any:
    """An arrival's row, by the delivery that it came with."""
    same = (
        inbox.c.kind == kind,
        inbox.c.origin_id == origin_id,
        inbox.c.delivery_id == delivery_id,
    )
    return tx.execute(select(inbox).where(*same)).mappings().one()


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
