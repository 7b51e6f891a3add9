"""Attempts that wait to be sent, and those in a worker's hands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.cascade.model import Channel
from core.store import records
from core.store.records import Values
from core.store.tables import accounts, attempts, cascades, reminders, senders


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An attempt that is ours to send, with all it takes to build the request."""

    reference: str
    cascade_id: str
    number: int
    channel: Channel
    account_key: str
    sender: records.Row
    wait: timedelta
    recipient: records.Row
    fields: dict[str, str]
    content: records.Row


def claim(
    tx: Connection, channel: str, now: datetime, lease_until: datetime, limit: int
) -> list[str]:
    """Take attempts that are due. Each is given to one worker only, ever."""
    due = (
        select(attempts.c.reference)
        .where(
            attempts.c.state == "queued",
            attempts.c.channel == channel,
            attempts.c.due_at <= now,
        )
        .order_by(attempts.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(attempts)
        .where(attempts.c.reference.in_(due.scalar_subquery()))
        .values(state="sending", lease_until=lease_until, sending_at=now)
        .returning(attempts.c.reference)
    )
    return list(tx.scalars(taken))


def details(tx: Connection, references: Sequence[str]) -> list[Claimed]:
    """What it takes to send these attempts."""
    query = (
        select(
            attempts.c.reference,
            attempts.c.cascade_id,
            attempts.c.number,
            attempts.c.step,
            attempts.c.channel,
            cascades.c.recipient,
            cascades.c.fields,
            reminders.c.definition,
            accounts.c.key.label("account_key"),
            *(column.label(f"sender_{column.name}") for column in senders.c),
        )
        .join(cascades, cascades.c.id == attempts.c.cascade_id)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .join(senders, senders.c.id == attempts.c.sender_id)
        .join(accounts, accounts.c.id == attempts.c.account_id)
        .where(attempts.c.reference.in_(references))
        .order_by(attempts.c.due_at)
    )
    return [_claimed(row) for row in tx.execute(query).mappings()]


def _claimed(row: Any) -> Claimed:
    definition = row["definition"]
    channel = Channel(row["channel"])
    return Claimed(
        reference=row["reference"],
        cascade_id=row["cascade_id"],
        number=row["number"],
        channel=channel,
        account_key=row["account_key"],
        sender={column.name: row[f"sender_{column.name}"] for column in senders.c},
        wait=records.to_steps(definition)[row["step"]].wait,
        recipient=row["recipient"],
        fields=row["fields"],
        content=definition["content"].get(channel, {}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of sending one attempt."""

    reference: str
    provider_id: str | None
    content: dict[str, Any] | None


def finish(tx: Connection, outcomes: Sequence[Outcome]) -> None:
    """Let go of attempts that have been exchanged with their provider."""
    rows = [
        {"key": one.reference, "provider_id": one.provider_id, "content": one.content}
        for one in outcomes
    ]
    values: Values = {name: bindparam(name) for name in ("provider_id", "content")}
    same = attempts.c.reference == bindparam("key")
    done = update(attempts).where(same).values(state="done", lease_until=None, **values)
    if rows:
        tx.execute(done, rows)


def expire(tx: Connection, wall: datetime, limit: int) -> list[tuple[str, int]]:
    """Let go of attempts whose worker died: their cascade and number.

    They may or may not have been sent, so they are never sent again.
    """
    dead = (
        select(attempts.c.reference)
        .join(cascades, cascades.c.id == attempts.c.cascade_id)
        .where(attempts.c.state == "sending", attempts.c.lease_until <= wall)
        .limit(limit)
        # Cascades are locked before their attempts, here as everywhere: no deadlocks.
        .with_for_update(of=cascades, skip_locked=True)
    )
    freed = (
        update(attempts)
        .where(attempts.c.reference.in_(dead.scalar_subquery()))
        .where(
            attempts.c.state == "sending"
        )  # its worker may have been alive after all
        .values(state="done", lease_until=None)
        .returning(attempts.c.cascade_id, attempts.c.number)
    )
    return [(cascade, number) for cascade, number in tx.execute(freed)]
