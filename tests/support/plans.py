"""Which statements walk through a table that grows, as SQLite plans them.

It has no statistics to plan by, so it plans the same for ten rows as for ten million. What walks
is as quick as anything in a test, and takes seconds in an installation of some years.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

from core.store.tables import metadata

_CODE = str(Path(__file__).parents[2] / "core")
_TESTS = str(Path(__file__).parents[1])

# Few however long it runs: what is set up, and what is wrong just now.
_SMALL = frozenset(
    [
        "accounts",
        "connections",
        "senders",
        "messages",
        "reminders",
        "api_keys",
        "templates",
        "breakers",
        "paces",
    ]
)
_GROWING = frozenset(metadata.tables) - _SMALL
# These have rows for what is to be done, and for nothing that is over.
_PARTIAL = frozenset(
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)
_STEP = re.compile(
    r"(?P<how>SCAN|SEARCH) (?P<table>[a-z_]+?)(_\d+)?\b"
    r"( USING (COVERING )?INDEX (?P<index>\w+)( \((?P<by>.+)\))?)?"
)
_ALL_OF_SOMEBODY = re.compile(r"(account_id|sender_id)=\?")

# Where that is meant.
_MEANT = re.compile(
    r"ORDER BY cascades\.id DESC\s+LIMIT"  # a page of all messages, newest first
    r"|reminders\.active IS 0"  # the open messages of reminders that have just been changed
    r"|notices\.resolved_at IS NULL"
    r"|^DELETE FROM \w+$"  # everything
)

_seen: set[str] = set()


@contextmanager
def watched(engine: Engine) -> Iterator[list[str]]:
    """The steps and statements of ours that walk, as they are met. Each is looked at once."""
    walking: list[str] = []

    def look(
        tx: Connection, _cursor: Any, query: str, values: Any, _context: Any, many: bool
    ) -> None:
        if query not in _seen and _is_ours(query, sys._getframe(1)):
            _seen.add(query)
            walking.extend(_walks(tx, query, values[0] if many else values))

    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", look)
    yield walking


def _is_ours(query: str, frame: FrameType | None) -> bool:
    """Whether it reads or changes rows, and the tests did not ask for it themselves."""
    if not query.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
        return False
    while frame and not frame.f_code.co_filename.startswith((_CODE, _TESTS)):
        frame = frame.f_back
    return bool(frame and frame.f_code.co_filename.startswith(_CODE))


def _walks(tx: Connection, query: str, values: Any) -> Iterator[str]:
    asking = tx.connection.cursor()
    asking.execute(f"EXPLAIN QUERY PLAN {query}", values)
    for _id, _parent, _unused, step in asking.fetchall():
        if is_walk(step) and not _MEANT.search(query):
            yield f"{step}\n{query}"


def is_walk(step: str) -> bool:
    """Whether a line of a plan goes through all of a table that grows, or all of somebody's."""
    found = _STEP.match(step)
    if not found or found["table"] not in _GROWING or found["index"] in _PARTIAL:
        return False
    return found["how"] == "SCAN" or bool(_ALL_OF_SOMEBODY.fullmatch(found["by"] or ""))
