"""Attempts of which a provider is to be asked what became of them."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from core.store import records
from core.store.attempts import SENDER, sender_of
from core.store.tables import attempts, senders
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An attempt of which its provider is to be asked."""

    reference: str
    cascade_id: str
    number: int
    provider_id: str | None
    sender: records.Row


def claim(tx: Connection, limit: int) -> list[str]:
    """Take attempts of which a provider is to be asked. Each is asked of once."""
    due = (
        select(attempts.c.reference)
        .where(attempts.c.asked == "due")
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(tx.scalars(due))
    mine = update(attempts).where(attempts.c.reference.in_(taken))
    tx.execute(mine.values(asked="asking"))
    return taken


def about(tx: Connection, references: Sequence[str]) -> list[Asked]:
    """What it takes to ask of these attempts."""
    query = (
        select(
            attempts.c.reference,
            attempts.c.cascade_id,
            attempts.c.number,
            attempts.c.provider_id,
            *SENDER,
        )
        .join(senders, senders.c.id == attempts.c.sender_id)
        .where(attempts.c.reference.in_(references))
    )
    return [
        Asked(
            reference=row["reference"],
            cascade_id=row["cascade_id"],
            number=row["number"],
            provider_id=row["provider_id"],
            sender=sender_of(row),
        )
        for row in tx.execute(query).mappings()
    ]
