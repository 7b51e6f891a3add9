"""Cascades and what happened to them: load many, decide, save many."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from core.cascade.commands import CallOff, Command, Note, Send
from core.cascade.model import Cascade, Outcome, Recipient
from core.store import records
from core.store.records import Values
from core.store.tables import attempts, cascades, notes, reminders, senders
from core.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCascade:
    """A cascade to be. `reminder_key`, subject and recipient make it the only one."""

    id: str
    account_id: int
    reminder_id: int
    reminder_key: str
    event_id: int
    subject: str
    recipient: Recipient
    fields: dict[str, str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One cascade before and after a decision, and what is to be done."""

    account_id: int
    before: Cascade
    after: Cascade
    commands: tuple[Command, ...]


def create(tx: Connection, new: NewCascade, now: datetime) -> bool:
    """Insert a cascade. False if this occasion has one already."""
    recipient_key = new.recipient.phone or new.recipient.email or ""
    row = {
        **{name: getattr(new, name) for name in new.__slots__},
        "recipient": asdict(new.recipient),
        "recipient_key": recipient_key,
        "created_at": now,
    }
    return insert_new(tx, cascades, row) is not None


def load(tx: Connection, ids: Iterable[str]) -> dict[str, tuple[int, Cascade]]:
    """Cascades by id, each with its account, locked until the transaction ends.

    The lock lets rows refer to the cascade meanwhile (`key_share`): on PostgreSQL, changing an
    attempt twice in a transaction looks at its cascade, and would wait here in the wrong order.
    """
    ids = sorted(set(ids))  # one order for everybody, so that nobody deadlocks
    query = (
        select(cascades, reminders.c.definition)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .where(cascades.c.id.in_(ids))
        .order_by(cascades.c.id)
        .with_for_update(of=cascades, key_share=True)
    )
    locked = tx.execute(query).mappings().all()
    tried = _attempts(tx, ids)  # only now: before the lock they could still change
    return {
        row["id"]: (row["account_id"], _cascade(row, tried.get(row["id"], [])))
        for row in locked
    }


def _attempts(tx: Connection, ids: Sequence[str]) -> dict[str, list[records.Row]]:
    query = (
        select(attempts)
        .where(attempts.c.cascade_id.in_(ids))
        .order_by(attempts.c.cascade_id, attempts.c.number)
    )
    found: dict[str, list[records.Row]] = {}
    for row in tx.execute(query).mappings():
        found.setdefault(row["cascade_id"], []).append(row)
    return found


def _cascade(row: records.Row, tried: Sequence[records.Row]) -> Cascade:
    return Cascade(
        id=row["id"],
        steps=records.to_steps(row["definition"]),
        recipient=records.to_recipient(row["recipient"]),
        attempts=tuple(records.to_attempt(attempt) for attempt in tried),
        deadline_at=row["deadline_at"],
        expires_at=row["expires_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
    )


def reference(cascade_id: str, number: int) -> str:
    """What we call an attempt towards providers."""
    return f"{cascade_id}.{number}"


def save(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    """Write decisions down and carry out their commands."""
    _update_cascades(tx, decided, now)
    _update_attempts(tx, decided)
    _insert_attempts(tx, decided)
    _call_off(tx, decided)
    _insert_notes(tx, decided, now)


def _update_cascades(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    rows = [
        {
            "key": one.after.id,
            "deadline_at": one.after.deadline_at,
            "outcome": one.after.outcome,
            "finished_at": now if one.after.finished else None,
        }
        for one in decided
        if (one.before.deadline_at, one.before.outcome)
        != (one.after.deadline_at, one.after.outcome)
    ]
    if rows:
        names = ("deadline_at", "outcome", "finished_at")
        values: Values = {name: bindparam(name) for name in names}
        same = cascades.c.id == bindparam("key")
        tx.execute(update(cascades).where(same).values(values), rows)


def _update_attempts(tx: Connection, decided: Sequence[Decided]) -> None:
    rows = [
        {"key": reference(one.after.id, number), **records.attempt_columns(after)}
        for one in decided
        for number, (before, after) in enumerate(
            zip(one.before.attempts, one.after.attempts, strict=False)
        )
        if before != after
    ]
    if rows:
        names = (*records.MARK_TIMES, "failure", "fate")
        values: Values = {name: bindparam(name) for name in names}
        same = attempts.c.reference == bindparam("key")
        tx.execute(update(attempts).where(same).values(values), rows)


def _insert_attempts(tx: Connection, decided: Sequence[Decided]) -> None:
    sends = [
        (one, command)
        for one in decided
        for command in one.commands
        if isinstance(command, Send)
    ]
    if not sends:
        return
    known = _sender_ids(tx, {one.account_id for one, _ in sends})
    tx.execute(
        insert(attempts), [_new_attempt(one, send, known) for one, send in sends]
    )


def _new_attempt(
    one: Decided, send: Send, known: dict[tuple[int, str], int]
) -> dict[str, Any]:
    attempt = one.after.attempts[send.attempt]
    sender = one.after.steps[attempt.step].sender
    return {
        "reference": reference(one.after.id, send.attempt),
        "account_id": one.account_id,
        "cascade_id": one.after.id,
        "number": send.attempt,
        "step": attempt.step,
        "sender_id": known[one.account_id, sender],
        "channel": attempt.channel,
        "until": attempt.until,
        "state": "queued",
        "due_at": send.due_at,
        **records.attempt_columns(attempt),
    }


def _sender_ids(tx: Connection, accounts: set[int]) -> dict[tuple[int, str], int]:
    query = select(senders.c.account_id, senders.c.key, senders.c.id)
    rows = tx.execute(query.where(senders.c.account_id.in_(accounts)))
    return {(account, key): sender for account, key, sender in rows}


def _call_off(tx: Connection, decided: Sequence[Decided]) -> None:
    """Only what is still queued: what a worker has in hand will be sent."""
    keys = [
        {"key": reference(one.after.id, command.attempt)}
        for one in decided
        for command in one.commands
        if isinstance(command, CallOff)
    ]
    if keys:
        same = attempts.c.reference == bindparam("key")
        queued = attempts.c.state == "queued"
        tx.execute(
            update(attempts).where(same, queued).values(state="called_off"), keys
        )


def _insert_notes(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    rows = [
        {
            "account_id": one.account_id,
            "cascade_id": one.after.id,
            "at": now,
            "because": command.because,
            "facts": dict(command.facts),
        }
        for one in decided
        for command in one.commands
        if isinstance(command, Note)
    ]
    if rows:
        tx.execute(insert(notes), rows)


def open_about(tx: Connection, account_id: int, subject: str) -> list[str]:
    """The cascades about an occasion that have not finished."""
    query = select(cascades.c.id).where(
        cascades.c.account_id == account_id,
        cascades.c.subject == subject,
        cascades.c.outcome.is_(None),
    )
    return list(tx.scalars(query))


def due(tx: Connection, now: datetime, limit: int) -> list[str]:
    """Cascades whose deadline has passed, oldest first, not in another worker's hands."""
    query = (
        select(cascades.c.id)
        .where(cascades.c.deadline_at <= now)
        .order_by(cascades.c.deadline_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(tx.scalars(query))
