"""Attempts that wait to be sent, and those in a worker's hands."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    update,
)

from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.cascade.status import MARKS, Until
from core.message.compose import Composed
from core.message.cost import Expected
from core.message.price import RateCard
from core.store import records
from core.store.many import among, update_each, update_where
from core.store.prices import CARD, money_columns
from core.store.tables import (
    accounts,
    attempts,
    breakers,
    cascades,
    consents,
    reminders,
    senders,
    suppressions,
)
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """A sender, with what counts of its account for all that goes by it."""

    sender: records.Row
    account_key: str
    currency: str
    card: RateCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An attempt that is ours to send, with all it takes to build the request."""

    reference: str
    cascade_id: str
    number: int
    channel: Channel
    until: Until
    account_key: str
    sender: records.Row
    wait: timedelta
    due_at: datetime
    taken_at: datetime
    expires_at: datetime | None
    zone: str
    currency: str
    recipient: records.Row
    fields: dict[str, str]
    content: records.Row
    template: str
    purpose: Purpose
    has_said: bool  # yes or no to anything, under any of their addresses
    card: RateCard
    wrote_at: datetime | None = None  # where that lets a text go to them now

    @property
    def address(self) -> str:
        """Where it goes: a number, or an email address."""
        return str(
            self.recipient["email" if self.channel is Channel.EMAIL else "phone"]
        )

    @property
    def account_id(self) -> int:
        """Whose it is."""
        return int(self.sender["account_id"])

    @property
    def person(self) -> tuple[int, str]:
        """To whom it goes: the account, and the address."""
        return self.account_id, self.address

    @property
    def people(self) -> set[tuple[int, str]]:
        """That person under every address that is known of them."""
        known = (self.recipient["phone"], self.recipient["email"])
        return {(self.account_id, at) for at in known if at}

    @property
    def waited(self) -> timedelta:
        """For how long it was due before it was taken."""
        return self.taken_at - self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an attempt that is sent says, and what it should cost."""

    said: Composed
    expected: Expected


def details(tx: Connection, reference: str, now: datetime) -> Claimed | None:
    """What it takes to send an attempt now."""
    row = tx.execute(_DETAILS, {"reference": reference}).mappings().one_or_none()
    return claimed(row, via_of(row), now) if row else None


def details_of(some: FromClause) -> Select[Any]:
    """All that it takes to send some attempts but what they go by (`VIA`), oldest first."""
    whose = (cascades.c.recipient_key, cascades.c.email)
    said = (
        exists().where(log.c.account_id == some.c.account_id, log.c.address.in_(whose))
        for log in (consents, suppressions)
    )
    return (
        select(
            *some.c["reference", "cascade_id", "number", "step", "channel"],
            *some.c["until", "due_at"],
            *cascades.c["recipient", "recipient_key", "fields", "expires_at", "zone"],
            or_(*said).label("has_said"),
            reminders.c.definition,
        )
        .join(cascades, cascades.c.id == some.c.cascade_id)
        .join(reminders, reminders.c.id == cascades.c.reminder_id)
        .order_by(some.c.due_at)
    )


# Every column of a sender, as `sender_…`.
SENDER = [column.label(f"sender_{column.name}") for column in senders.c]
# What makes a `Via`, of a sender and its account.
VIA = (*SENDER, accounts.c.key.label("account_key"), accounts.c.currency, CARD)
_DETAILS = (
    details_of(attempts)
    .add_columns(*VIA)
    .join(senders, senders.c.id == attempts.c.sender_id)
    .join(accounts, accounts.c.id == attempts.c.account_id)
    .where(attempts.c.reference == bindparam("reference"))
)


def claimed(row: records.Row, via: Via, now: datetime) -> Claimed:
    """An attempt that is taken now, of its `details_of`."""
    definition = row["definition"]
    channel = Channel(row["channel"])
    return Claimed(
        reference=row["reference"],
        cascade_id=row["cascade_id"],
        number=row["number"],
        channel=channel,
        until=Until(row["until"]),
        account_key=via.account_key,
        sender=via.sender,
        taken_at=now,
        due_at=row["due_at"],
        wait=records.to_steps(definition)[row["step"]].wait,
        expires_at=row["expires_at"],
        zone=row["zone"],
        currency=via.currency,
        recipient=row["recipient"],
        fields=row["fields"],
        content=definition["content"],
        template=records.template_of(
            definition, channel, row["recipient"].get("locale", "")
        ),
        purpose=Purpose(definition["purpose"]),
        has_said=bool(row["has_said"]),
        card=via.card,
    )


def via_of(row: records.Row) -> Via:
    """What its `VIA` columns say."""
    return Via(
        sender=sender_of(row),
        account_key=row["account_key"],
        currency=row["currency"],
        card=row["card"],
    )


def sender_of(row: records.Row) -> records.Row:
    """The columns of a row's sender by their own names."""
    return {column.name: row[f"sender_{column.name}"] for column in senders.c}


def take(
    tx: Connection,
    taken: Mapping[str, Taken | None],
    now: datetime,
    lease_until: datetime,
) -> None:
    """Take what was claimed, and write down what it says, before it goes out, by reference."""
    ours = {"state": "sending", "sending_at": now, "lease_until": lease_until}
    rows = [{"key": key, **_kept(one)} for key, one in taken.items()]
    update_each(tx, attempts.c.reference, rows, ours)


def _kept(one: Taken | None) -> dict[str, Any]:
    """The columns of what an attempt says and should cost; none if it is not sent."""
    if one is None:
        return {}
    said, expected = one.said, one.expected
    content: dict[str, Any] = {"text": said.text, "unusual": said.unusual}
    if said.wrote_at:
        content["wrote_at"] = said.wrote_at.isoformat()
    return {
        "content": content,
        "as_text": said.wrote_at is not None,
        "parts": said.parts.count if said.parts else None,
        "category": expected.category,
        **money_columns("estimate", expected.estimate),
        "price_due_at": expected.ask_at,
    }


# What a worker is done with.
LET_GO: Mapping[str, Any] = {"state": "done", "lease_until": None}


def accept(
    tx: Connection, provider_ids: Mapping[str, str | None], now: datetime
) -> dict[str, bool]:
    """Let go of attempts that their provider has accepted, by reference, and calls so.

    Only of those of which nothing is known yet: which these are, and whether something is
    broken in their account.
    """
    news = {**LET_GO, "accepted_at": now}
    rows = [{"key": key, "provider_id": it} for key, it in provider_ids.items()]
    key = attempts.c.reference
    return update_where(tx, key, rows, news, so=_UNMARKED, tell=_FAULTY)


_UNMARKED = and_(*(attempts.c[name].is_(None) for name in MARKS))
_FAULTY = exists().where(breakers.c.account_id == attempts.c.account_id)


def expire(tx: Connection, wall: datetime, limit: int) -> list[tuple[str, int]]:
    """Let go of attempts whose worker died: their cascade and number.

    They may or may not have been sent, so they are never sent again.
    """
    dead = tx.scalars(_DEAD, {"wall": wall, "limit": limit}).all()
    if not dead:
        return []
    return [(cascade, number) for cascade, number in tx.execute(_FREED, {"dead": dead})]


# As a parameter it would hide the partial index.
_SENDING: ColumnElement[str] = literal_column("'sending'")
_DEAD = (
    select(attempts.c.reference)
    .join(cascades, cascades.c.id == attempts.c.cascade_id)
    .where(attempts.c.state == _SENDING, attempts.c.lease_until <= bindparam("wall"))
    .limit(bindparam("limit"))
    # Cascades are locked before their attempts, here as everywhere: no deadlocks.
    .with_for_update(of=cascades, key_share=True, skip_locked=True)
)
_FREED = (
    update(attempts)
    .where(among(attempts.c.reference, "dead"))
    .where(attempts.c.state == "sending")  # its worker may have been alive after all
    .values(LET_GO)
    .returning(attempts.c.cascade_id, attempts.c.number)
)
