"""The door's own way into the database: who arrives together is kept by one statement.

The statement is a transaction by itself, so a commit is one round trip. It goes straight to the
driver, by a connection that stays open: to go by SQLAlchemy takes longer than its work.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError

from core.store.as_json import as_json
from core.store.engine import Store
from core.store.inbox import EVENT, RECEIPT, Arrival
from core.store.origins import Origin
from core.store.tables import UtcTime

Known = tuple[Arrival, Origin]

_KEPT = {
    "account_id": "bigint",
    "kind": "text",
    "origin_id": "bigint",
    "delivery_id": "text",
    "topic": "text",
    "url": "text",
    "headers": "json",
    "body": "bytea",
    "received_at": "timestamptz",
}
_GIVEN = _KEPT | {"secrets": "bytea", "config": "text"}

_INSERT = """
WITH came ({given}) AS ({rows})
INSERT INTO inbox ({kept}, state, reason)
SELECT {kept}, 'waiting', '' FROM came
WHERE kind = '{event}' AND {connection} OR kind = '{receipt}' AND {sender}
ON CONFLICT DO NOTHING
RETURNING id, kind, origin_id, delivery_id
"""
_UNNEST = "SELECT * FROM unnest({lists})"
_UNCHANGED = """EXISTS (
    SELECT 1 FROM {origins} AS origin
    WHERE origin.id = came.origin_id AND origin.active
    AND origin.secrets = came.secrets AND CAST(origin.config AS TEXT) = came.config
)"""


class Arrivals:
    """Keeps what came from origins that are known. One thread at a time."""

    def __init__(self, store: Store) -> None:
        """Opens nothing until the first arrival."""
        self._store = store
        self._connection: Any = None

    def keep(self, known: Sequence[Known]) -> list[int | None]:
        """Commit arrivals, each unless its origin has been changed or removed since looked up.

        The id of each; None if it was not kept, or if the same delivery has come in before.
        Raises DBAPIError, as SQLAlchemy does, and none is kept; to repeat it then is safe.
        """
        errors = self._store.engine.dialect.loaded_dbapi.Error
        try:
            with self._store.turn():
                kept = self._insert(known)
        except errors as error:
            self.close()  # it may be broken: the next time is by another
            raise DBAPIError.instance(
                "INSERT INTO inbox", None, error, errors
            ) from error
        ids = {tuple(key): number for number, *key in kept}
        # What comes twice at once is kept once.
        return [ids.pop(_key(arrival), None) for arrival, _ in known]

    def _insert(self, known: Sequence[Known]) -> Sequence[Any]:
        connection = self._connection = self._connection or self._store.driver()
        rows = [_row(*one, self._store.engine.dialect) for one in known]
        if self._store.is_sqlite:
            values = [value for row in rows for value in row]
            answer = connection.execute(_for_sqlite(len(rows)), values)
        else:
            columns = [list(column) for column in zip(*rows, strict=True)]
            answer = connection.execute(_FOR_POSTGRESQL, columns, prepare=True)
        return list(answer.fetchall())

    def close(self) -> None:
        """Give the connection back."""
        if self._connection:
            self._connection.close()
            self._connection = None


def _key(arrival: Arrival) -> tuple[str, int, str]:
    return arrival.kind, arrival.origin_id, arrival.delivery_id


def _row(arrival: Arrival, origin: Origin, dialect: Dialect) -> tuple[Any, ...]:
    """In the order of `_GIVEN`."""
    return (
        arrival.account_id,
        arrival.kind,
        arrival.origin_id,
        arrival.delivery_id,
        arrival.topic,
        arrival.url,
        as_json(dict(arrival.headers)),
        arrival.body,
        UtcTime().process_bind_param(arrival.received_at, dialect),
        origin.row["secrets"],
        origin.row["config_text"],
    )


def _statement(rows: str) -> str:
    return _INSERT.format(
        rows=rows,
        given=", ".join(_GIVEN),
        kept=", ".join(_KEPT),
        event=EVENT,
        receipt=RECEIPT,
        connection=_UNCHANGED.format(origins="connections"),
        sender=_UNCHANGED.format(origins="senders"),
    )


@cache
def _for_sqlite(number: int) -> str:
    row = f"({', '.join('?' * len(_GIVEN))})"
    return _statement(f"VALUES {', '.join([row] * number)}")


# However many there are, it is one statement, and prepared once.
_LISTS = ", ".join(f"%b::{kind}[]" for kind in _GIVEN.values())
_FOR_POSTGRESQL = _statement(_UNNEST.format(lists=_LISTS))
