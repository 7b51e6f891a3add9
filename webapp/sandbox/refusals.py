"""A provider that is too busy for a message, twice."""

import sqlite3

_REFUSALS = 2


def turns_away(tx: sqlite3.Connection, message: str) -> bool:
    """Twice; then it may come in, and is forgotten."""
    row = tx.execute(
        "INSERT INTO refusals VALUES (?, 1)"
        " ON CONFLICT (message) DO UPDATE SET times = times + 1 RETURNING times",
        (message,),
    ).fetchone()
    if row["times"] <= _REFUSALS:
        return True
    tx.execute("DELETE FROM refusals WHERE message = ?", (message,))
    return False
