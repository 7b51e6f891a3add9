"""What an apply does to the messages that are on their way.

They keep the version of their reminder that they began with, unless they are told to follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.commands import Because, Note
from core.cascade.events import Cancelled, Event
from core.cascade.model import Cascade, Fact
from core.services.advance import advance
from core.store import cascades, decisions, records
from core.store import setup as stored
from core.store.cascades import Loaded
from core.store.decisions import Decided
from core.store.records import Row

Rule = Literal["keep", "follow"]

SWITCHED_OFF = "the reminder was switched off"
BATCH = 200
PLANNED_BY = (
    "expires",
    "send",
    "if_inside",
)  # what its times were reckoned from when it began


@dataclass(kw_only=True)
class Running:
    """What became of the messages of one reminder that were on their way."""

    reminder: str
    followed: int = 0
    kept: int = 0
    cancelled: int = 0


def follow(app: Everreach, tx: Connection, account_id: int) -> tuple[Running, ...]:
    """Move open cascades to their reminders' versions of now; cancel those without one.

    One that has tried something else than the new version has in that place keeps its own.
    """
    following = _Following(app, tx, account_id)
    rows = cascades.superseded(tx, account_id)
    # From the lowest id up, as everybody locks cascades: no deadlocks.
    for first in range(0, len(rows), BATCH):
        following.take(rows[first : first + BATCH])
    return tuple(following.report.values())


class _Following:
    """The open cascades of one account, on their way to other versions."""

    def __init__(self, app: Everreach, tx: Connection, account_id: int) -> None:
        self._app, self._tx, self._account_id = app, tx, account_id
        self._now = app.clock.now()
        self._newest = stored.newest(tx, "reminder", account_id)
        self.report: dict[str, Running] = {}

    def take(self, rows: Sequence[Row]) -> None:
        loaded = cascades.load(self._tx, [row["id"] for row in rows])
        orphans: list[tuple[str, Event]] = []
        for row in rows:
            one, newest = loaded[row["id"]], self._newest[row["reminder_key"]]
            if one.cascade.finished:
                continue  # it ended before it was ours
            told = self._told(newest["key"])
            if not newest["active"]:
                told.cancelled += 1
                orphans.append((row["id"], Cancelled(reason=SWITCHED_OFF)))
            elif row["event"] == newest["event"] and _can_follow(one, newest):
                told.followed += 1
                self._move(one.cascade, newest)
            else:
                told.kept += 1
        advance(self._app, self._tx, orphans, self._now)

    def _told(self, reminder: str) -> Running:
        return self.report.setdefault(reminder, Running(reminder=reminder))

    def _move(self, cascade: Cascade, newest: Row) -> None:
        cascades.move(self._tx, cascade.id, newest["id"])
        version = newest["version"]
        facts: Mapping[str, Fact] = {
            "attempt": None,
            "channel": None,
            "version": version,
        }
        note = Note(because=Because.FOLLOWED, facts=facts)
        decided = Decided(
            account_id=self._account_id,
            before=cascade,
            after=cascade,
            commands=(note,),
        )
        decisions.save(self._tx, [decided], self._now)


def _can_follow(one: Loaded, newest: Row) -> bool:
    """Whether the new version would have begun as this one did."""
    old, new = one.definition, newest["definition"]
    steps = records.to_steps(new)
    same_times = all(old.get(name) == new.get(name) for name in PLANNED_BY)
    return same_times and all(
        tried.step < len(steps) and steps[tried.step].channel is tried.channel
        for tried in one.cascade.attempts
    )
