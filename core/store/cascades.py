"""Cascades and what happened to them: load many, decide, save many."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from core.cascade.commands import Ask, Because, CallOff, Command, Note, Send
from core.cascade.model import Cascade, Outcome, Recipient
from core.cascade.schedule import TooLate, ZoneSource
from core.cascade.status import MARKS
from core.occasions import BY_HAND
from core.store import records
from core.store.attempts import LET_GO
from core.store.many import among, insert_each, update_each
from core.store.tables import accounts, attempts, cascades, notes, reminders, senders
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One cascade before and after a decision, and what is to be done."""

    account_id: int
    before: Cascade
    after: Cascade
    commands: Sequence[Command]


# The provider's id of each attempt that has been exchanged with it, by reference, if it has one.
Exchanged = Mapping[str, str | None]
NOTHING: Exchanged = MappingProxyType({})
Senders = Mapping[tuple[int, str], records.Row]  # by account and key, with their `id`
NO_SENDERS: Senders = MappingProxyType({})


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


def save(
    tx: Connection,
    decided: Sequence[Decided],
    now: datetime,
    *,
    senders: Senders = NO_SENDERS,
    exchanged: Exchanged = NOTHING,
) -> None:
    """Write decisions down and carry out their commands. Nothing is read.

    `senders` are those that are to send; `exchanged` are attempts that a worker had in hand, and
    is done with.
    """
    _update_cascades(tx, decided, now)
    _update_attempts(tx, decided, exchanged)
    _insert_attempts(tx, decided, senders, now)
    _call_off(tx, decided)
    _ask(tx, decided)
    _insert_notes(tx, decided, now)


def _update_cascades(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    rows = [
        {
            "key": one.after.id,
            "next_step": one.after.next_step,
            "deadline_at": one.after.deadline_at,
            "outcome": one.after.outcome,
            "finished_at": now if one.after.finished else None,
        }
        for one in decided
        if _state(one.before) != _state(one.after)
    ]
    update_each(tx, cascades.c.id, rows)


def _state(cascade: Cascade) -> tuple[Any, ...]:
    return cascade.next_step, cascade.deadline_at, cascade.outcome


def _update_attempts(
    tx: Connection, decided: Sequence[Decided], exchanged: Exchanged
) -> None:
    rows = []
    for one in decided:
        tried = zip(one.before.attempts, one.after.attempts, strict=False)
        for number, (before, after) in enumerate(tried):
            key = reference(one.after.id, number)
            changed = records.changed_columns(before, after)
            if key in exchanged:
                changed |= {**LET_GO, "provider_id": exchanged[key]}
            if changed:
                rows.append({"key": key, **changed})
    update_each(tx, attempts.c.reference, rows)


def _insert_attempts(
    tx: Connection, decided: Sequence[Decided], senders: Senders, now: datetime
) -> None:
    rows = []
    for one in decided:
        why = {note.facts["attempt"]: note for note in _notes(one) if _is_why(note)}
        for send in one.commands:
            if isinstance(send, Send):
                row = _new_attempt(one, send, senders)
                rows.append({**row, **_noted(why[send.attempt], now)})
    insert_each(tx, attempts, rows)


def _new_attempt(one: Decided, send: Send, senders: Senders) -> dict[str, Any]:
    attempt = one.after.attempts[send.attempt]
    return {
        "reference": reference(one.after.id, send.attempt),
        "account_id": one.account_id,
        "cascade_id": one.after.id,
        "number": send.attempt,
        "step": attempt.step,
        "sender_id": senders[one.account_id, attempt.sender]["id"],
        "channel": attempt.channel,
        "until": attempt.until,
        "state": "queued",
        "due_at": send.due_at,
        "fate": attempt.fate,  # it may have been called off since; more cannot be known
    }


def _call_off(tx: Connection, decided: Sequence[Decided]) -> None:
    """Only what is still queued: what a worker has in hand will be sent."""
    if references := _commanded(decided, CallOff):
        tx.execute(_CALLED_OFF, {"references": references})


def _ask(tx: Connection, decided: Sequence[Decided]) -> None:
    if references := _commanded(decided, Ask):
        tx.execute(_TO_ASK, {"references": references})


_OURS = update(attempts).where(among(attempts.c.reference, "references"))
_CALLED_OFF = _OURS.where(attempts.c.state == "queued").values(state="called_off")
_TO_ASK = _OURS.values(asked="due")


def _commanded(
    decided: Sequence[Decided], kind: type[CallOff] | type[Ask]
) -> list[str]:
    return [
        reference(one.after.id, command.attempt)
        for one in decided
        for command in one.commands
        if isinstance(command, kind)
    ]


def _insert_notes(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    rows = [
        {"cascade_id": one.after.id, **_noted(note, now)}
        for one in decided
        for note in _notes(one)
        if not _is_why(note)
    ]
    insert_each(tx, notes, rows)


def _notes(one: Decided) -> Iterator[Note]:
    return (command for command in one.commands if isinstance(command, Note))


def _is_why(note: Note) -> bool:
    """Whether it says why an attempt is made. Every attempt has one such note, in its own row."""
    return note.because in (Because.TRYING, Because.RETRYING)


def _noted(note: Note, now: datetime) -> dict[str, Any]:
    return {"noted_at": now, "because": note.because, "facts": dict(note.facts)}


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
    # Few, as above.
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
