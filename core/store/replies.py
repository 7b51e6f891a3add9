"""Which message a reply belongs to."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from core.ports import Reply
from core.store.people import Person
from core.store.tables import attempts, cascades


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The attempt that a reply answers, and whom it was for."""

    account_id: int
    cascade_id: str
    number: int
    subject: str
    recipient_key: str


def answered(tx: Connection, person: Person, reply: Reply) -> Answered | None:
    """The message that a reply names, else the last one on its channel that has not failed.

    A person's number at the provider may differ from the one we wrote to, so the name of the
    message goes before the address.
    """
    account_id, address = person
    columns = (
        attempts.c.account_id,
        attempts.c.cascade_id,
        attempts.c.number,
        cascades.c.subject,
        cascades.c.recipient_key,
    )
    query = (
        select(*columns)
        .join(cascades, cascades.c.id == attempts.c.cascade_id)
        .where(attempts.c.account_id == account_id)
        .order_by(attempts.c.sending_at.desc())
        .limit(1)
    )
    named = query.where(
        or_(
            attempts.c.provider_id == reply.answers,
            attempts.c.reference == reply.answers,
        )
    )
    last = query.where(
        cascades.c.account_id == account_id,
        cascades.c.recipient_key == address,
        attempts.c.channel == reply.channel,
        attempts.c.sending_at.is_not(None),
        attempts.c.failed_at.is_(None),
    )
    for wanted in (named, last) if reply.answers else (last,):
        if row := tx.execute(wanted).mappings().one_or_none():
            return Answered(**row)
    return None
