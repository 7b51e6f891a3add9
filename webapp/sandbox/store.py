"""The file in which the sandbox's outside world lives.

It is the world's own: Everreach never looks inside, as it could not into a shop's or a
provider's. What is in it survives a kill at any instruction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS orders (
        id TEXT PRIMARY KEY, number INTEGER NOT NULL, phone TEXT NOT NULL,
        sku TEXT NOT NULL, state TEXT NOT NULL, fulfillment_id INTEGER NOT NULL,
        tracking TEXT NOT NULL, shipped_at REAL)""",
    "CREATE TABLE IF NOT EXISTS phones (key TEXT PRIMARY KEY, back_at REAL NOT NULL)",
    """CREATE TABLE IF NOT EXISTS received (
        id TEXT PRIMARY KEY, phone TEXT NOT NULL, shown TEXT NOT NULL,
        delivered_at REAL NOT NULL, read_at REAL)""",
    "CREATE TABLE IF NOT EXISTS refusals (message TEXT PRIMARY KEY, times INTEGER)",
    "CREATE TABLE IF NOT EXISTS quirks (address TEXT PRIMARY KEY, quirk TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS meta_windows (number TEXT PRIMARY KEY, at REAL)",
    """CREATE TABLE IF NOT EXISTS meta_messages (
        id INTEGER PRIMARY KEY, wamid TEXT NOT NULL UNIQUE, template INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS meta_templates (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL,
        category TEXT NOT NULL, verdict TEXT NOT NULL, reviewed_at TEXT NOT NULL,
        lives INTEGER NOT NULL, components TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS twilio_messages (sid TEXT PRIMARY KEY, kept TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS twilio_people (
        number TEXT, channel TEXT, wrote_at REAL NOT NULL, stopped INTEGER NOT NULL,
        PRIMARY KEY (number, channel))""",
    "CREATE TABLE IF NOT EXISTS vonage_windows (number TEXT PRIMARY KEY, wrote_at REAL)",
    "CREATE TABLE IF NOT EXISTS dexatel_messages (id TEXT PRIMARY KEY, kept TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY, due_at REAL NOT NULL, path TEXT NOT NULL,
        headers TEXT NOT NULL, body BLOB NOT NULL, retries TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at, id)",
)


class WorldFile:
    """The file, open. Any thread may use it; transactions take turns."""

    def __init__(self, path: Path) -> None:
        """Creates what is missing. The file holds secrets, so it is its owner's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self.path = path
        self._turn = RLock()
        self._connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        with self.transaction() as tx:
            for statement in _SCHEMA:
                tx.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits at the end, or rolls back on an exception."""
        with self._turn, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def seconds(at: datetime | None) -> float | None:
    """A time as the file keeps it."""
    return at.timestamp() if at else None


def moment(kept: float | None) -> datetime | None:
    """A time that the file kept."""
    return None if kept is None else datetime.fromtimestamp(kept, UTC)
