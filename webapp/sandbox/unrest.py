"""How reports about one phone travel: in order, or as badly as real ones may."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.sandbox import outbox
from webapp.sandbox.outbox import Webhook

_SLOW = timedelta(minutes=20)
_AGAIN = timedelta(seconds=1)

Report = tuple[datetime, Webhook]


class Unrest(StrEnum):
    """What goes wrong on the way."""

    NONE = "none"
    TWICE = "twice"  # every report comes again
    BACKWARDS = "backwards"  # the last comes first
    SLOW = "slow"  # every report comes late


def upset(tx: sqlite3.Connection, number: str, how: Unrest) -> None:
    """From now on reports about this phone travel so."""
    tx.execute("INSERT OR REPLACE INTO unrest VALUES (?, ?)", (number, how))


def unrest_of(tx: sqlite3.Connection, number: str) -> Unrest:
    """How they travel."""
    query = "SELECT how FROM unrest WHERE number = ?"
    row = tx.execute(query, (number,)).fetchone()
    return Unrest(row["how"]) if row else Unrest.NONE


def put_all(tx: sqlite3.Connection, number: str, reports: Sequence[Report]) -> None:
    """Have reports posted when they are due, or as the phone's unrest has it."""
    for at, webhook in _travelling(reports, unrest_of(tx, number)):
        outbox.put(tx, webhook, at)


def _travelling(reports: Sequence[Report], how: Unrest) -> Sequence[Report]:
    match how:
        case Unrest.NONE:
            return reports
        case Unrest.TWICE:
            return [
                (at + late, it) for at, it in reports for late in (_AGAIN * 0, _AGAIN)
            ]
        case Unrest.BACKWARDS:
            # None before the last has happened: what is due at once is posted as it was put.
            return [(reports[-1][0], webhook) for _, webhook in reversed(reports)]
        case Unrest.SLOW:
            return [(at + _SLOW, webhook) for at, webhook in reports]
