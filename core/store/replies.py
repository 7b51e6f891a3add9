"""What people wrote back: to which message, from whom, and what may be written to them now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, or_, select, text, update

from core.cascade.model import Channel
from core.ports import Reply
from core.store import records
from core.store.cascades import is_to
from core.store.many import among_people, by_people
from core.store.people import Person
from core.store.tables import UtcTime, attempts, cascades, reminders, replies, senders
from core.values import dataclass

ANSWERED_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The attempt that a reply answers, whom it was for, and on which event."""

    account_id: int
    cascade_id: str
    number: int
    subject: str
    recipient_key: str
    event: str


def answered(
    tx: Connection, person: Person, reply: Reply, at: datetime
) -> Answered | None:
    """The message that a reply names, else the last one on its channel that has not failed.

    A person's number at the provider may differ from the one we wrote to, so the name of the
    message goes before the address. What was sent long before `at` is not taken for it.
    """
    account_id, address = person
    query = (
        select(
            *attempts.c["account_id", "cascade_id", "number"],
            *cascades.c["subject", "recipient_key"],
            reminders.c.event,
        )
        .join(cascades, cascades.c.id == attempts.c.cascade_id)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
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
        is_to(account_id, address),
        attempts.c.channel == reply.channel,
        attempts.c.sending_at >= at - ANSWERED_WITHIN,
        attempts.c.failed_at.is_(None),
    )
    for wanted in (named, last) if reply.answers else (last,):
        if row := tx.execute(wanted).mappings().one_or_none():
            return Answered(**row)
    return None


def known_as(tx: Connection, account_id: int, alias: str) -> str | None:
    """The number of whom a provider calls by this alias, if they ever showed it."""
    query = (
        select(replies.c.address)
        .where(
            replies.c.account_id == account_id,
            replies.c.alias == alias,
            replies.c.alias != "",  # what the partial index is about
            replies.c.address != alias,
        )
        .order_by(replies.c.id.desc())
        .limit(1)
    )
    return tx.scalar(query)


def wrote_to(tx: Connection, person: Person, channel: Channel) -> int | None:
    """The id of the sender that a person wrote to last there."""
    account_id, address = person
    query = (
        select(replies.c.sender_id)
        .where(
            replies.c.account_id == account_id,
            replies.c.address == address,
            replies.c.channel == channel,
        )
        .order_by(replies.c.at.desc())
        .limit(1)
    )
    return tx.scalar(query)


def has_written(tx: Connection, person: Person) -> bool:
    """Whether a person ever wrote to an account."""
    account_id, address = person
    theirs = (replies.c.account_id == account_id, replies.c.address == address)
    return tx.scalar(select(replies.c.id).where(*theirs).limit(1)) is not None


def after(
    tx: Connection, account_id: int, last: int, limit: int
) -> Sequence[records.Row]:
    """An account's replies from the one behind `last` on, in the order of their ids.

    One that is still being saved could come to stand before one that was read already. So all
    that are being saved are waited for.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE replies IN SHARE MODE"))
    query = (
        select(replies, senders.c.key.label("sender_key"))
        .join(senders, senders.c.id == replies.c.sender_id)
        .where(replies.c.account_id == account_id, replies.c.id > last)
        .order_by(replies.c.id)
        .limit(limit)
    )
    return tx.execute(query).mappings().all()


# --- For how long texts may be sent ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Whom a person wrote to last, and when: a sender, by a number of ours if it has one."""

    sender_id: int
    number: str
    at: datetime


def spoken(
    tx: Connection, people: Collection[Person], channel: Channel, since: datetime
) -> Mapping[Person, list[Spoken]]:
    """What these people wrote there since then that lets texts be sent to them."""
    values = {**by_people(people), "channel": channel, "since": since}
    found: dict[Person, list[Spoken]] = {}
    for row in tx.execute(_SPOKEN, values).mappings():
        one = Spoken(sender_id=row["sender_id"], number=row["number"], at=row["at"])
        found.setdefault((row["account_id"], row["address"]), []).append(one)
    return found


_SPOKEN = (
    select(
        *replies.c["account_id", "address", "sender_id", "number"],
        func.max(replies.c.at, type_=UtcTime).label("at"),
    )
    .where(
        among_people(replies),
        replies.c.channel == bindparam("channel"),
        replies.c.at >= bindparam("since", type_=UtcTime),
        replies.c.opens,
    )
    .group_by(*replies.c["account_id", "address", "sender_id", "number"])
)


def close_window(tx: Connection, person: Person, channel: Channel) -> None:
    """A provider takes no texts to them, whatever we knew: not before they write again."""
    account_id, address = person
    theirs = (
        replies.c.account_id == account_id,
        replies.c.address == address,
        replies.c.channel == channel,
        replies.c.opens,
    )
    tx.execute(update(replies).where(*theirs).values(opens=False))
