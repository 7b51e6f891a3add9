"""What is known of each occasion, gathered from every event about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from core.occasions import ENDS
from core.ports import Contact, Happening
from core.store.tables import accounts, occasions, reminders
from core.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Everything that was said about one subject so far."""

    contact: Contact
    fields: dict[str, str]
    ended_by: str

    @property
    def is_known(self) -> bool:
        """Whether any event has said whom it is about."""
        return self.contact != Contact()


def learn(
    tx: Connection, account_id: int, happening: Happening, now: datetime
) -> Occasion:
    """Add what an event says to what was known. What it does not say stays."""
    key = {"account_id": account_id, "subject": happening.subject}
    empty = {
        "contact": asdict(Contact()),
        "fields": {},
        "updated_at": now,
        "ended_by": "",
    }
    insert_new(tx, occasions, key | empty)
    mine = (
        occasions.c.account_id == account_id,
        occasions.c.subject == happening.subject,
    )
    query = select(occasions).where(*mine).with_for_update()
    known = tx.execute(query).mappings().one()
    contact = _merged(known["contact"], asdict(happening.contact))
    fields = _merged(known["fields"], happening.fields)
    # Platforms tell things in any order: once ended, an occasion stays so.
    ended_by = known["ended_by"] or (happening.name if happening.name in ENDS else "")
    changes = {"contact": contact, "fields": fields, "ended_by": ended_by}
    tx.execute(update(occasions).where(*mine).values({**changes, "updated_at": now}))
    return Occasion(contact=_contact(contact), fields=fields, ended_by=ended_by)


def _merged(known: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    return {**known, **{name: value for name, value in told.items() if value}}


def _contact(stored: Mapping[str, Any]) -> Contact:
    lists = {name: tuple(stored[name]) for name in ("phones", "countries")}
    return Contact(**{**stored, **lists})


def country(tx: Connection, account_id: int) -> str:
    """The account's own country."""
    query = select(accounts.c.country).where(accounts.c.id == account_id)
    return str(tx.execute(query).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A reminder that an event sets off."""

    id: int
    key: str
    expires: timedelta | None


def reminders_for(tx: Connection, account_id: int, event: str) -> list[Match]:
    """The account's active reminders on an event."""
    query = (
        select(reminders.c.id, reminders.c.key, reminders.c.definition)
        .where(
            reminders.c.account_id == account_id,
            reminders.c.event == event,
            reminders.c.active,
        )
        .order_by(reminders.c.key)
    )
    return [
        Match(id=row.id, key=row.key, expires=_expires(row.definition))
        for row in tx.execute(query)
    ]


def _expires(definition: Mapping[str, Any]) -> timedelta | None:
    return timedelta(seconds=definition["expires"]) if "expires" in definition else None
