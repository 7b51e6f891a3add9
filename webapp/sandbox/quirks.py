"""What a phone's provider does wrong, if it is told to: for trying how Everreach takes it."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from webapp.sandbox import outbox
from webapp.sandbox.outbox import Webhook

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """How messages to one phone are treated.

    `refuses` and `fails` are codes of `provider`: in its answer, or in a later report.
    Reports may come `late` by so many seconds, `twice`, or `backwards`. `hidden` people show
    no number where a provider can hide it.
    """

    provider: str = "whatsapp_cloud"
    refuses: int = 0
    fails: int = 0
    late: float = 0
    twice: bool = False
    backwards: bool = False
    hidden: bool = False

    def of(self, provider: str) -> "Quirk":
        """As one provider shows it: it knows no codes but its own."""
        own = provider == self.provider
        return self if own else replace(self, refuses=0, fails=0)

    def posts(
        self, reports: Sequence[tuple[datetime, Told]]
    ) -> list[tuple[datetime, Told]]:
        """When which report is posted, from when they would have been."""
        wait = timedelta(seconds=self.late)
        told = [(at + wait, report) for at, report in reports]
        if self.backwards and told:
            last = told[-1][0]
            told = [(last, report) for _, report in reversed(told)]
        waits = (_AGAIN * 0, _AGAIN) if self.twice else (_AGAIN * 0,)
        return [(at + wait, report) for at, report in told for wait in waits]


USUAL = Quirk()
_AGAIN = timedelta(seconds=1)


def give(tx: sqlite3.Connection, address: str, quirk: Quirk) -> None:
    """From now on, messages to this number or address are treated so."""
    kept = json.dumps(asdict(quirk))
    tx.execute("INSERT OR REPLACE INTO quirks VALUES (?, ?)", (address, kept))


def post(
    tx: sqlite3.Connection, address: str, reports: Sequence[tuple[datetime, Webhook]]
) -> None:
    """Have reports about a message to this number or address posted as its quirk has it."""
    for at, webhook in of(tx, address).posts(reports):
        outbox.put(tx, webhook, at)


def of(tx: sqlite3.Connection, address: str) -> Quirk:
    """How messages to this number or address are treated."""
    query = "SELECT quirk FROM quirks WHERE address = ?"
    row = tx.execute(query, (address,)).fetchone()
    return Quirk(**json.loads(row["quirk"])) if row else USUAL
