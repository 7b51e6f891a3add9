"""Everything that came in, raw, until it has been read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Text,
    bindparam,
    cast,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from core.store.origins import Origin
from core.store.tables import UtcTime, connections, inbox, senders
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


def add_from_known(
    tx: Connection, arrivals: Sequence[tuple[Arrival, Origin]]
) -> list[int | None]:
    """Keep arrivals, each unless its origin has been changed or removed since looked up.

    The id of each; None if it was not kept, or if the same delivery has come in before.
    """
    connection: Any = tx.connection.driver_connection
    asked = [
        (_add_from_known(arrival.kind, tx.dialect), _values(arrival, origin, tx))
        for arrival, origin in arrivals
    ]
    if tx.dialect.name == "sqlite":
        rows = [connection.execute(*one).fetchone() for one in asked]
    else:
        with connection.pipeline():  # one round trip for all
            cursors = [connection.execute(*one) for one in asked]
        rows = [cursor.fetchone() for cursor in cursors]
    return [row and row[0] for row in rows]


def _values(arrival: Arrival, origin: Origin, tx: Connection) -> dict[str, Any]:
    """As the driver takes them."""
    values = {name: getattr(arrival, name) for name in Arrival.__slots__}
    return {
        **values,
        "headers": json.dumps(dict(arrival.headers)),
        "received_at": UtcTime().process_bind_param(arrival.received_at, tx.dialect),
        "secrets": origin.row["secrets"],
        "config": origin.row["config_text"],
    }


@cache
def _add_from_known(kind: str, dialect: Dialect) -> str:
    """The statement in the driver's own words: SQLAlchemy's take longer than its work."""
    origin = {EVENT: connections, RECEIPT: senders}[kind]
    row: dict[str, Any] = {
        name: bindparam(name, type_=inbox.c[name].type) for name in Arrival.__slots__
    }
    row |= {"state": literal_column("'waiting'"), "reason": literal_column("''")}
    unchanged = (
        origin.c.id == row["origin_id"],
        origin.c.active,
        origin.c.secrets == bindparam("secrets"),
        cast(origin.c.config, Text) == bindparam("config"),
    )
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(inbox)
        .from_select(list(row), select(*row.values()).where(*unchanged))
        .on_conflict_do_nothing()
        .returning(inbox.c.id)
    )
    named = sqlite.dialect(paramstyle="named")
    return str(
        statement.compile(dialect=named if dialect.name == "sqlite" else dialect)
    )


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
