"""What is known of each occasion, gathered from every event about it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from core.cascade.schedule import AT_ONCE, Offset
from core.occasions import ENDS, MOMENTS
from core.ports import Contact, Happening
from core.store import records
from core.store.tables import accounts, occasions, reminders
from core.store.upsert import insert_new
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Everything that was said about one subject so far.

    `at` is the moment that it is about, `round` how often that has been moved; `moved` says
    whether the event that was learnt last moved it.
    """

    contact: Contact
    fields: dict[str, str]
    at: datetime | None
    time_zone: str
    round: int
    moved: bool
    ended_by: str

    @property
    def is_known(self) -> bool:
        """Whether any event has said whom it is about."""
        return self.contact != Contact()


def learn(
    tx: Connection, account_id: int, happening: Happening, event_id: int, now: datetime
) -> Occasion:
    """Add what an event says to what was known. What it does not say stays.

    Events may be read out of order or again: what came in earlier only fills gaps.
    """
    insert_new(tx, occasions, _unknown(account_id, happening.subject, now))
    mine = (
        occasions.c.account_id == account_id,
        occasions.c.subject == happening.subject,
    )
    query = select(occasions).where(*mine).with_for_update()
    known = tx.execute(query).mappings().one()
    told = _told(happening)
    newer = event_id >= known["event_id"]
    older, newest = (known, told) if newer else (told, known)
    at = newest["at"] or older["at"]
    moved = bool(known["at"]) and at != known["at"]
    changes = {
        "contact": _merged(older["contact"], newest["contact"]),
        "fields": _merged(older["fields"], newest["fields"]),
        "at": at,
        "time_zone": newest["time_zone"] or older["time_zone"],
        "round": known["round"] + moved,
        "ended_by": known["ended_by"] or _end(happening),
    }
    row = {**changes, "event_id": max(event_id, known["event_id"]), "updated_at": now}
    tx.execute(update(occasions).where(*mine).values(row))
    return Occasion(**{**changes, "contact": _contact(changes["contact"])}, moved=moved)


def _unknown(account_id: int, subject: str, now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "subject": subject,
        "contact": asdict(Contact()),
        "fields": {},
        "at": None,
        "time_zone": "",
        "round": 0,
        "event_id": 0,
        "updated_at": now,
        "ended_by": "",
    }


def _told(happening: Happening) -> dict[str, Any]:
    """What an event says. Only some speak of the moment; others may carry any time."""
    return {
        "contact": asdict(happening.contact),
        "fields": happening.fields,
        "at": happening.at if happening.name in MOMENTS else None,
        "time_zone": happening.time_zone,
    }


def _end(happening: Happening) -> str:
    # Platforms tell things in any order: once ended, an occasion stays so.
    return happening.name if happening.name in ENDS else ""


def _merged(known: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    return {**known, **{name: value for name, value in told.items() if value}}


def _contact(stored: Mapping[str, Any]) -> Contact:
    lists = {name: tuple(stored[name]) for name in ("phones", "countries")}
    return Contact(**{**stored, **lists})


def account(tx: Connection, account_id: int) -> records.Row:
    """The account that an occasion belongs to."""
    query = select(accounts).where(accounts.c.id == account_id)
    return tx.execute(query).mappings().one()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A reminder that an event sets off."""

    id: int
    key: str
    event: str
    definition: records.Row

    @property
    def expires(self) -> timedelta | None:
        """How long it is of use, counted from when it is due."""
        seconds = self.definition.get("expires")
        return None if seconds is None else timedelta(seconds=seconds)

    @property
    def offset(self) -> Offset:
        """When it is due, relative to the occasion's moment."""
        return Offset.parse(self.definition.get("send", AT_ONCE))

    @property
    def is_relative(self) -> bool:
        """Whether it is due by the occasion's moment, and not by its event."""
        return not self.offset.at_once

    @property
    def family(self) -> str:
        """The kind of occasion that it is about, such as `appointment`."""
        return self.event.partition(".")[0]


def reminders_of(tx: Connection, account_id: int) -> list[Match]:
    """The account's active reminders."""
    names = (reminders.c.id, reminders.c.key, reminders.c.event, reminders.c.definition)
    mine = (reminders.c.account_id == account_id, reminders.c.active)
    rows = tx.execute(select(*names).where(*mine).order_by(reminders.c.key))
    return [Match(**row) for row in rows.mappings()]
