"""Cascades: begin them, load many, find them. `decisions` saves what becomes of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from core.cascade.model import Cascade, Outcome, Recipient
from core.cascade.schedule import TooLate, ZoneSource
from core.cascade.status import MARKS
from core.occasions import BY_HAND
from core.store import records
from core.store.many import among
from core.store.tables import accounts, attempts, cascades, reminders, senders
from core.store.upsert import insert_new
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCascade:
    """A cascade to be. `reminder_key`, subject, recipient and round make it the only one."""

    id: str
    account_id: int
    reminder_id: int
    reminder_key: str
    event_id: int
    subject: str
    recipient: Recipient
    fields: dict[str, str]
    round: int
    zone: str
    zone_source: ZoneSource
    start_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A cascade with what belongs to it.

    `account` is its account's `id`, `limits` and `quiet_hours`, `definition` its reminder's.
    """

    account: records.Row
    definition: records.Row
    fields: dict[str, str]
    zone: str
    zone_source: ZoneSource
    cascade: Cascade


def create(tx: Connection, new: NewCascade, now: datetime) -> bool:
    """Insert a cascade. False if this occasion has one already."""
    row = {
        **{name: getattr(new, name) for name in new.__slots__},
        "recipient": asdict(new.recipient),
        "recipient_key": new.recipient.key,
        "email": new.recipient.email if new.recipient.phone else None,
        "created_at": now,
    }
    return insert_new(tx, cascades, row) is not None


def load(tx: Connection, ids: Iterable[str]) -> dict[str, Loaded]:
    """Cascades by id, locked until the transaction ends.

    The lock lets rows refer to the cascade meanwhile (`key_share`): on PostgreSQL, changing an
    attempt twice in a transaction looks at its cascade, and would wait here in the wrong order.
    """
    ids = sorted(set(ids))  # one order for everybody, so that nobody deadlocks
    locked = tx.execute(_LOCKED, {"ids": ids}).mappings().all()
    tried: dict[str, list[records.Row]] = {}
    # Only now: before the lock they could still change.
    for row in tx.execute(_TRIED, {"ids": ids}).mappings():
        tried.setdefault(row["cascade_id"], []).append(row)
    return {row["id"]: _loaded(row, tried.get(row["id"], ())) for row in locked}


_LOCKED = (
    select(
        *cascades.c["id", "account_id", "recipient", "fields", "zone", "zone_source"],
        *cascades.c["start_at", "expires_at", "next_step", "deadline_at", "outcome"],
        reminders.c.definition,
        *accounts.c["limits", "quiet_hours"],
    )
    .join(reminders, reminders.c.id == cascades.c.reminder_id)
    .join(accounts, accounts.c.id == cascades.c.account_id)
    .where(among(cascades.c.id, "ids"))
    .order_by(cascades.c.id)
    .with_for_update(of=cascades, key_share=True)
)
# Locked too: a worker that is taking one has either taken it, or finds it settled.
_TRIED = (
    select(
        *attempts.c["cascade_id", "step", "channel", "until", "due_at", "state"],
        *attempts.c["provider_id", "asked", "as_text", "failure", "fate"],
        *attempts.c[MARKS],
        senders.c.key.label("sender_key"),
    )
    .join(senders, senders.c.id == attempts.c.sender_id)
    .where(among(attempts.c.cascade_id, "ids"))
    .order_by(attempts.c.cascade_id, attempts.c.number)
    .with_for_update(of=attempts, key_share=True)
)


def _loaded(row: records.Row, tried: Sequence[records.Row]) -> Loaded:
    return Loaded(
        account={
            "id": row["account_id"],
            "limits": row["limits"],
            "quiet_hours": row["quiet_hours"],
        },
        definition=row["definition"],
        fields=row["fields"],
        zone=row["zone"],
        zone_source=ZoneSource(row["zone_source"]),
        cascade=to_cascade(row, tried),
    )


def to_cascade(row: records.Row, tried: Sequence[records.Row]) -> Cascade:
    """A cascade from its row, with its reminder's `definition`, and its attempts' rows."""
    definition = row["definition"]
    return Cascade(
        id=row["id"],
        steps=records.to_steps(definition),
        recipient=records.to_recipient(row["recipient"]),
        start_at=row["start_at"],
        expires_at=row["expires_at"],
        too_late=TooLate(definition.get("too_late", TooLate.SKIP)),
        attempts=tuple(records.to_attempt(attempt) for attempt in tried),
        next_step=row["next_step"],
        deadline_at=row["deadline_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
    )


def reference(cascade_id: str, number: int) -> str:
    """What we call an attempt towards providers."""
    return f"{cascade_id}.{number}"


def open_about(
    tx: Connection,
    account_id: int,
    subject: str,
    *,
    but_on: Collection[str] = (),
    but_whose: str = "",
) -> list[str]:
    """The cascades about an occasion that have not finished.

    But for reminders on these events, and those whose `on_reply` is `but_whose`.
    """
    query = (
        select(cascades.c.id, reminders.c.definition)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .where(
            cascades.c.account_id == account_id,
            cascades.c.subject == subject,
            cascades.c.outcome.is_(None),
            reminders.c.event.not_in(but_on),
        )
    )
    # There are few. Asked to sort, SQLite would walk through all of the account's by their ids.
    return sorted(
        row.id
        for row in tx.execute(query)
        if not but_whose or row.definition.get("on_reply") != but_whose
    )


def is_to(account_id: int, address: str) -> ColumnElement[bool]:
    """Whether a cascade is an account's, for whom this number or email address belongs to."""
    whose = cascades.c.recipient_key == address
    if "@" in address:
        whose = or_(whose, cascades.c.email == address)
    # + 0, or SQLite would rather walk through all of the account's by their ids.
    return and_(cascades.c.account_id + 0 == account_id, whose)


def recipient_of(tx: Connection, account_id: int, address: str) -> Recipient | None:
    """A person as the newest message to them had them."""
    query = (
        select(cascades.c.recipient)
        .where(is_to(account_id, address))
        .order_by(cascades.c.id.desc())
        .limit(1)
    )
    found = tx.scalar(query)
    return records.to_recipient(found) if found else None


def about(tx: Connection, account_id: int, subject: str) -> str | None:
    """The id of an account's newest cascade about something."""
    # Few, and not sorted by SQLite: see `open_about`.
    query = select(cascades.c.id).where(
        cascades.c.account_id == account_id, cascades.c.subject == subject
    )
    return max(tx.scalars(query), default=None)


def open_marketing(tx: Connection, account_id: int, address: str) -> list[str]:
    """The marketing to a person that has not finished."""
    query = (
        select(cascades.c.id, reminders.c.definition)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .where(
            is_to(account_id, address),
            cascades.c.outcome.is_(None),
        )
    )
    return [
        row.id for row in tx.execute(query) if row.definition["purpose"] == "marketing"
    ]


def due(tx: Connection, now: datetime, limit: int) -> list[str]:
    """Cascades whose deadline has passed, oldest first, not in another worker's hands."""
    return list(tx.scalars(_OVERDUE, {"now": now, "limit": limit}))


_OVERDUE = (
    select(cascades.c.id)
    .where(cascades.c.deadline_at <= bindparam("now"))
    .order_by(cascades.c.deadline_at)
    .limit(bindparam("limit"))
    .with_for_update(key_share=True, skip_locked=True)
)


def superseded(tx: Connection, account_id: int) -> list[records.Row]:
    """The open cascades of reminders or versions that are no longer active, by id.

    Each is its `id`, its `reminder_key` and the `event` of the version that it began with.
    """
    query = (
        select(cascades.c.id, cascades.c.reminder_key, reminders.c.event)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .where(
            cascades.c.account_id == account_id,
            cascades.c.deadline_at.is_not(None),  # what is open always has one
            reminders.c.active.is_(False),
            reminders.c.event != BY_HAND,  # which no set-up file knows of
        )
        .order_by(cascades.c.id)
    )
    return list(tx.execute(query).mappings())


def move(tx: Connection, cascade_id: str, reminder_id: int) -> None:
    """Give a cascade another version of its reminder."""
    mine = update(cascades).where(cascades.c.id == cascade_id)
    tx.execute(mine.values(reminder_id=reminder_id))
