"""Reading cascades back, with everything that happened to them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select, true

from core.cascade.commands import Because
from core.store import records
from core.store.tables import (
    accounts,
    attempts,
    cascades,
    inbox,
    notes,
    reminders,
    replies,
    senders,
)
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One cascade's rows: its own, its attempts, notes and replies, each in order.

    A note has `noted_at`, `because` and `facts`; those of why an attempt was made are among them.
    """

    row: records.Row
    attempts: Sequence[records.Row]
    notes: Sequence[records.Row]
    replies: Sequence[records.Row]


def messages(
    tx: Connection,
    *,
    subject: str | None,
    account: str | None,
    before: str | None,
    limit: int | None,
) -> list[Stored]:
    """Cascades, newest first."""
    query = _cascades().order_by(cascades.c.id.desc()).limit(limit)
    ours = accounts.c.key == account if account else true()
    if subject:  # account by account: so the index serves
        each = cascades.c.account_id.in_(select(accounts.c.id).where(ours))
        query = query.where(each, cascades.c.subject == subject)
    else:
        query = query.where(ours)
    if before:
        query = query.where(cascades.c.id < before)
    return _with_details(tx, tx.execute(query).mappings().all())


def message(
    tx: Connection, cascade_id: str, account: str | None = None
) -> Stored | None:
    """One cascade, of whatever account if that is None."""
    query = _cascades().where(cascades.c.id == cascade_id)
    if account:
        query = query.where(accounts.c.key == account)
    found = _with_details(tx, tx.execute(query).mappings().all())
    return found[0] if found else None


def next_deadline(tx: Connection) -> datetime | None:
    """The earliest deadline of all."""
    waiting = cascades.c.deadline_at.is_not(None)
    earliest: datetime | None = tx.scalar(
        select(func.min(cascades.c.deadline_at)).where(waiting)
    )
    return earliest


def _cascades() -> Select[Any]:
    return (
        select(
            cascades,
            accounts.c.key.label("account_key"),
            accounts.c.time_zone,
            reminders.c.version,
            reminders.c.event,
            reminders.c.definition,
        )
        .join(accounts, accounts.c.id == cascades.c.account_id)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
    )


def _with_details(tx: Connection, rows: Sequence[records.Row]) -> list[Stored]:
    ids = [row["id"] for row in rows]
    tried = _grouped(tx, _attempts(ids))
    noted = _grouped(tx, _of(notes, ids).order_by(notes.c.id))
    written = _grouped(tx, _replies(ids))
    return [
        Stored(
            row=row,
            attempts=tried.get(row["id"], []),
            notes=list(_in_order(noted.get(row["id"], []), tried.get(row["id"], []))),
            replies=written.get(row["id"], []),
        )
        for row in rows
    ]


def _in_order(
    noted: Iterable[records.Row], tried: Iterable[records.Row]
) -> Iterator[records.Row]:
    """Notes and, among them, what attempts say of themselves: why each was made.

    That is the last word of a decision, so at one moment it stands behind all but what came of
    the attempt, and the end.
    """
    left = deque(tried)
    for note in noted:
        while left and _is_before(left[0], note):
            yield left.popleft()
        yield note
    yield from left


def _is_before(attempt: records.Row, note: records.Row) -> bool:
    if attempt["noted_at"] != note["noted_at"]:
        return bool(attempt["noted_at"] < note["noted_at"])
    about = note["facts"].get("attempt")
    over = note["because"] == Because.FINISHED
    return over if about is None else bool(attempt["number"] <= about)


def _attempts(ids: Sequence[str]) -> Select[Any]:
    sender = (senders.c.key.label("sender_key"), senders.c.provider)
    return (
        select(attempts, *sender)
        .join(senders, senders.c.id == attempts.c.sender_id)
        .where(attempts.c.cascade_id.in_(ids))
        .order_by(attempts.c.number)
    )


def _replies(ids: Sequence[str]) -> Select[Any]:
    # Providers tell whole seconds; when we heard of it puts a reply among the notes.
    return (
        select(replies, inbox.c.received_at)
        .join(inbox, inbox.c.id == replies.c.inbox_id)
        .where(replies.c.cascade_id.in_(ids))
        .order_by(replies.c.id)
    )


def _of(table: Table, ids: Sequence[str]) -> Select[Any]:
    return select(table).where(table.c.cascade_id.in_(ids))


def _grouped(tx: Connection, query: Select[Any]) -> dict[str, list[records.Row]]:
    grouped: dict[str, list[records.Row]] = {}
    for row in tx.execute(query).mappings():
        grouped.setdefault(row["cascade_id"], []).append(row)
    return grouped
