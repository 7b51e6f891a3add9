"""Insert unless it is there already, on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(tx: Connection, table: Table, row: Mapping[str, Any]) -> Any | None:
    """Insert a row and return its primary key, or None if a unique key forbids it."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    key = next(iter(table.primary_key.columns))
    statement = dialect.insert(table).on_conflict_do_nothing().returning(key)
    return tx.scalar(statement, row)


def insert_or_update(
    tx: Connection,
    table: Table,
    row: Mapping[str, Any],
    *,
    same: Sequence[str],
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Insert a row; if there is one whose `same` columns are the same, change that.

    `changes` are the columns to change and their values, the row's own where not given.
    """
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    if changes is None:
        changes = {name: row[name] for name in row if name not in same}
    statement = dialect.insert(table).values(row)
    tx.execute(statement.on_conflict_do_update(index_elements=same, set_=changes))
