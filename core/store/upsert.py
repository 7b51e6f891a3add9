"""Insert unless it is there already, on both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(tx: Connection, table: Table, row: Mapping[str, Any]) -> Any | None:
    """Insert a row and return its primary key, or None if a unique key forbids it."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    key = next(iter(table.primary_key.columns))
    statement = dialect.insert(table).on_conflict_do_nothing().returning(key)
    return tx.scalar(statement, row)
