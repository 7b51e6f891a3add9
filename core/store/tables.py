"""The database, table by table. Every row belongs to exactly one account.

Times are aware UTC datetimes. The waiting rows of every kind have a partial index, so that
looking for work costs the same however much history there is.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.store.as_json import as_json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time; on SQLite an integer of microseconds, which sorts and indexes."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Integers on SQLite, timestamptz elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database."""
        return _to_integer(value) if dialect.name == "sqlite" else value

    def bind_processor(
        self, dialect: Dialect
    ) -> Callable[[datetime | None], Any] | None:
        """The same, without asking each time."""
        return _to_integer if dialect.name == "sqlite" else None

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """From the database. Most of what is read is times, so this is short."""
        return _from_integer if dialect.name == "sqlite" else _in_utc


def _to_integer(value: datetime | None) -> int | None:
    if value is None:
        return None
    return int(value.timestamp()) * 1_000_000 + value.microsecond


def _from_integer(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shared(TypeDecorator[Any]):
    """JSON that is the same in many rows, and read again and again: parsed once.

    What is read is shared by all who read it, and nobody may change it.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """To the database."""
        return as_json(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str], Any]:
        """From the database."""
        return _parsed


class Kept(dict[str, Any]):
    """An object in JSON that is parsed once. As a key it stands for itself."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # nobody may change it


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    return json.loads(text, object_hook=Kept)


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _account() -> Column[int]:
    return Column("account_id", Id, ForeignKey("accounts.id"), nullable=False)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _time(name: str) -> Column[datetime]:
    return Column(name, UtcTime, nullable=True)


accounts = Table(
    "accounts",
    metadata,
    _id(),
    _text("key", unique=True),
    _text("name"),
    _text("time_zone"),
    _text("currency"),
    _text("country"),
    Column("quiet_hours", Shared, nullable=False, default=list),
    Column("limits", Shared, nullable=False, default=dict),
    # What messages cost it, as `core.message.rates` reads it.
    Column("rates", Shared, nullable=False, default=list),
)

connections = Table(
    "connections",
    metadata,
    _id(),
    _account(),
    _text("key"),
    _text("platform"),
    Column("config", Shared, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("account_id", "key"),
)

senders = Table(
    "senders",
    metadata,
    _id(),
    _account(),
    _text("key"),
    _text("provider"),
    Column("config", Shared, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    # What codes mean and how much may be sent, where it is not the provider's usual.
    Column("failures", Shared, nullable=False, default=dict),
    Column("limits", Shared, nullable=False, default=dict),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("account_id", "key"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _account(),
    _text("key"),
    Column("content", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("account_id", "key"),
)

# One row per version. A running cascade keeps the version that it began with.
reminders = Table(
    "reminders",
    metadata,
    _id(),
    _account(),
    _text("key"),
    Column("version", Integer, nullable=False),
    _text("event"),
    Column("definition", Shared, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("account_id", "key", "version"),
)

# Everything that came in, raw, before anything else is done with it. `kind` is `event` (from
# a connection) or `receipt` (from a sender); `origin_id` is the row that it came in by, 0 for
# events of our own: what people answer, and what the API is asked.
inbox = Table(
    "inbox",
    metadata,
    _id(),
    _account(),
    _text("kind"),
    Column("origin_id", Id, nullable=False),
    _text("delivery_id"),
    _text("topic"),
    _text("url"),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    _text("state"),
    _text("reason"),
    _time("done_at"),
    UniqueConstraint("kind", "origin_id", "delivery_id"),
)
Index(
    "ix_inbox_waiting",
    inbox.c.kind,
    inbox.c.account_id,
    inbox.c.id,
    sqlite_where=inbox.c.state == "waiting",
    postgresql_where=inbox.c.state == "waiting",
)

# What is known of the thing that a reminder is about: this order's shipment, this booking.
occasions = Table(
    "occasions",
    metadata,
    _id(),
    _account(),
    _text("subject"),
    Column("contact", JSON, nullable=False),
    Column("fields", JSON, nullable=False),
    _time("at"),
    _text("time_zone"),
    Column("round", Integer, nullable=False),  # how often `at` has changed
    Column("event_id", Id, nullable=False),  # the newest event that was read about it
    Column("updated_at", UtcTime, nullable=False),
    _text("ended_by"),
    UniqueConstraint("account_id", "subject"),
)

cascades = Table(
    "cascades",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("reminder_id", Id, ForeignKey("reminders.id"), nullable=False),
    _text("reminder_key"),
    Column("event_id", Id, ForeignKey("inbox.id"), nullable=False),
    _text("subject"),
    _text("recipient_key"),
    Column("email", Text),  # the recipient's, where they go by another name
    Column("recipient", Shared, nullable=False),
    Column("fields", Shared, nullable=False),
    Column("round", Integer, nullable=False),  # the occasion's, when it was started
    _text("zone"),
    _text("zone_source"),
    _time("start_at"),
    Column("next_step", Integer),
    _time("deadline_at"),
    _time("expires_at"),
    Column("outcome", Text),
    Column("created_at", UtcTime, nullable=False),
    _time("finished_at"),
    # One occasion, one cascade: the database decides, not memory.
    # The subject comes first: it is also looked for by itself.
    UniqueConstraint("account_id", "subject", "reminder_key", "recipient_key", "round"),
    Index("ix_cascades_account", "account_id", "id"),
    Index("ix_cascades_recipient", "recipient_key"),
)
Index(
    "ix_cascades_email",
    cascades.c.email,
    sqlite_where=cascades.c.email.is_not(None),
    postgresql_where=cascades.c.email.is_not(None),
)
Index(
    "ix_cascades_deadline",
    cascades.c.deadline_at,
    sqlite_where=cascades.c.deadline_at.is_not(None),
    postgresql_where=cascades.c.deadline_at.is_not(None),
)

# `state`: queued, sending, done or called_off. `reference` is what providers echo.
attempts = Table(
    "attempts",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("account_id", Id, nullable=False),  # its cascade's, which is one of them
    Column("cascade_id", Text, ForeignKey("cascades.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("sender_id", Id, ForeignKey("senders.id"), nullable=False),
    _text("channel"),
    _text("until"),
    _text("state"),
    Column("noted_at", UtcTime, nullable=False),
    _text("because"),  # it is made
    Column("facts", JSON, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    _time("lease_until"),
    _time("sending_at"),
    Column("content", JSON(none_as_null=True)),
    Column("as_text", Boolean),  # a text, because they wrote just before
    Column("parts", Integer),  # of an SMS, as we count them
    Column("provider_id", Text),
    Column("asked", Text),  # what became of it: due or asking
    _time("unknown_at"),
    _time("accepted_at"),
    _time("sent_at"),
    _time("delivered_at"),
    _time("read_at"),
    _time("clicked_at"),
    _time("replied_at"),
    _time("failed_at"),
    Column("failure", JSON(none_as_null=True)),
    Column("fate", Text),
    # What it should cost when it went out, and what it did: unknown, not nothing, while empty.
    Column("category", Text),
    Column("estimate_micros", BigInteger),
    Column("estimate_currency", Text),
    Column("price_micros", BigInteger),
    Column("price_currency", Text),
    Column("price_source", Text),
    _time("price_due_at"),  # when its provider is asked for the price
    Column("price_asked", Integer),  # so many times it was
    UniqueConstraint("cascade_id", "number"),
)
Index(
    "ix_attempts_provider_id",
    attempts.c.provider_id,
    sqlite_where=attempts.c.provider_id.is_not(None),
    postgresql_where=attempts.c.provider_id.is_not(None),
)
Index(
    "ix_attempts_queued",
    attempts.c.channel,
    attempts.c.sender_id,
    attempts.c.due_at,
    sqlite_where=attempts.c.state == "queued",
    postgresql_where=attempts.c.state == "queued",
)
Index(
    "ix_attempts_sending",
    attempts.c.lease_until,
    sqlite_where=attempts.c.state == "sending",
    postgresql_where=attempts.c.state == "sending",
)

Index(
    "ix_attempts_asked",
    attempts.c.channel,
    sqlite_where=attempts.c.asked == "due",
    postgresql_where=attempts.c.asked == "due",
)

Index(
    "ix_attempts_price_due",
    attempts.c.price_due_at,
    sqlite_where=attempts.c.price_due_at.is_not(None),
    postgresql_where=attempts.c.price_due_at.is_not(None),
)

# What providers told us, one row a fact. `attempt` is empty while the receipt is parked: it has
# been looked for `looks` times, and will be at `look_at`, if at all.
# `category` is there, if only as "", where it tells anything of what the message costs.
receipts = Table(
    "receipts",
    metadata,
    _id(),
    _account(),
    Column("sender_id", Id, ForeignKey("senders.id"), nullable=False),
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False),
    _text("fingerprint"),
    Column("reference", Text),
    Column("provider_id", Text),
    _text("status"),
    Column("at", UtcTime, nullable=False),
    Column("failure", JSON(none_as_null=True)),
    Column("price_micros", BigInteger),
    Column("price_currency", Text),
    Column("parts", Integer),
    Column("category", Text),
    Column("attempt", Text, ForeignKey("attempts.reference")),
    Column("looks", Integer, nullable=False),
    _time("look_at"),
    UniqueConstraint("sender_id", "fingerprint"),
)
Index(
    "ix_receipts_charge",
    receipts.c.attempt,
    sqlite_where=receipts.c.category.is_not(None),
    postgresql_where=receipts.c.category.is_not(None),
)
Index(
    "ix_receipts_look_at",
    receipts.c.look_at,
    receipts.c.id,
    sqlite_where=receipts.c.look_at.is_not(None),
    postgresql_where=receipts.c.look_at.is_not(None),
)

# What people wrote back. `provider_id` is the reply's own; `answers` the one it answers.
# `carrier` and `word` are what the carrier and we made of it (stop, start, help), `answer`
# what it says about the occasion. `number` is ours that they wrote to, `alias` what their
# provider calls them; `opens`, whether texts may be sent to them for a while after it.
replies = Table(
    "replies",
    metadata,
    _id(),
    _account(),
    Column("sender_id", Id, ForeignKey("senders.id"), nullable=False),
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False),
    _text("channel"),
    _text("address"),
    _text("provider_id"),
    Column("at", UtcTime, nullable=False),
    _text("text"),
    _text("button"),
    Column("answers", Text),
    _text("number"),
    _text("alias"),
    Column("opens", Boolean, nullable=False),
    Column("carrier", Text),
    Column("word", Text),
    Column("answer", Text),
    Column("cascade_id", Text, ForeignKey("cascades.id")),
    UniqueConstraint("sender_id", "provider_id"),
    Index("ix_replies_account", "account_id", "id"),
    Index("ix_replies_address", "account_id", "address"),
    Index("ix_replies_cascade_id", "cascade_id"),
)
Index(
    "ix_replies_alias",
    replies.c.account_id,
    replies.c.alias,
    sqlite_where=replies.c.alias != "",
    postgresql_where=replies.c.alias != "",
)

# Who may use the API for an account. `digest` is the SHA-256 of a key, `hint` how it begins.
api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _account(),
    _text("name"),
    _text("hint"),
    _text("digest", unique=True),
    Column("created_at", UtcTime, nullable=False),
    _time("revoked_at"),
)

# What people agreed to and refused, one row a word. Rows are only ever added: the last one
# by time counts. An empty `channel` or `sender_id` means every one.
consents = Table(
    "consents",
    metadata,
    _id(),
    _account(),
    _text("address"),
    Column("channel", Text),
    _text("purpose"),
    Column("given", Boolean, nullable=False),
    _text("source"),
    Column("at", UtcTime, nullable=False),
    Index("ix_consents_address", "account_id", "address"),
)
suppressions = Table(
    "suppressions",
    metadata,
    _id(),
    _account(),
    _text("address"),
    Column("channel", Text),
    Column("sender_id", Id, ForeignKey("senders.id")),
    _text("scope"),
    _text("source"),
    Column("at", UtcTime, nullable=False),
    _text("words"),
    Column("lifted", Boolean, nullable=False),
    Index("ix_suppressions_address", "account_id", "address"),
)

# Short links in messages. `clicks` are those of people, `others` those of machines that look
# ahead. `news_at`: a person's first click that the cascade has not heard of.
links = Table(
    "links",
    metadata,
    Column("code", Text, primary_key=True),
    _account(),
    Column("attempt", Text, ForeignKey("attempts.reference"), nullable=False),
    _text("url"),
    _time("expires_at"),
    Column("clicks", Integer, nullable=False),
    Column("others", Integer, nullable=False),
    _time("clicked_at"),
    _time("news_at"),
    Index("ix_links_attempt", "attempt"),
)
Index(
    "ix_links_news",
    links.c.news_at,
    sqlite_where=links.c.news_at.is_not(None),
    postgresql_where=links.c.news_at.is_not(None),
)

# Why each thing happened: what the machine noted, in order. Why an attempt was made stands in
# its own row.
notes = Table(
    "notes",
    metadata,
    _id(),
    Column("cascade_id", Text, ForeignKey("cascades.id"), nullable=False),
    Column("noted_at", UtcTime, nullable=False),
    _text("because"),
    Column("facts", JSON, nullable=False),
    Index("ix_notes_cascade_id", "cascade_id"),
)

# Who was not to be found on a channel, until when that is believed.
unreachable = Table(
    "unreachable",
    metadata,
    _id(),
    _account(),
    _text("channel"),
    _text("address"),
    _text("code"),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    UniqueConstraint("account_id", "address", "channel"),
)

# How a person's reading is reported: how many messages in a row were delivered and never
# read, and whether they have answered one that they never read.
habits = Table(
    "habits",
    metadata,
    _id(),
    _account(),
    _text("channel"),
    _text("address"),
    Column("unread", Integer, nullable=False),
    Column("answers", Boolean, nullable=False),
    UniqueConstraint("account_id", "address", "channel"),
)

# Senders that do not work, whole or (`template`) for one template. A row goes when the provider
# accepts again; the breaker is open once `retry_at` is set, and from then on one cascade at a
# time may try (`probe`).
breakers = Table(
    "breakers",
    metadata,
    _id(),
    _account(),
    _text("sender"),
    _text("template"),
    Column("failures", Integer, nullable=False),
    _text("code"),
    _text("detail"),
    Column("later", Boolean, nullable=False),  # accepted first, refused afterwards
    Column("since", UtcTime, nullable=False),
    Column("failed_at", UtcTime, nullable=False),
    _time("retry_at"),
    Column("probe", Text),
    UniqueConstraint("account_id", "sender", "template"),
)

# The templates that providers keep for us, as they last told. `lives` is in seconds, empty
# where it is not known; `told_at` is when the provider last told of it.
templates = Table(
    "templates",
    metadata,
    _id(),
    _account(),
    Column("sender_id", Id, ForeignKey("senders.id"), nullable=False),
    _text("provider_id"),
    _text("name"),
    _text("language"),
    _text("category"),
    _text("status"),
    Column("lives", Integer),
    Column("told_at", UtcTime, nullable=False),
    UniqueConstraint("sender_id", "name", "language"),
    Index("ix_templates_provider_id", "account_id", "provider_id"),
)

# What the owner should know and can mend.
notices = Table(
    "notices",
    metadata,
    _id(),
    _account(),
    _text("kind"),
    _text("about"),
    Column("facts", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    _time("resolved_at"),
    Index("ix_notices_account", "account_id", "id"),
)
Index(
    "ix_notices_open",
    notices.c.account_id,
    notices.c.kind,
    notices.c.about,
    unique=True,
    sqlite_where=notices.c.resolved_at.is_(None),
    postgresql_where=notices.c.resolved_at.is_(None),
)

# How much has been sent by what has limits: a sender, or (`sender_id` is 0) the whole account.
# Whoever sends holds the row meanwhile, so limits hold across processes.
paces = Table(
    "paces",
    metadata,
    _id(),
    _account(),
    Column("sender_id", Id, nullable=False),
    _time("free_at"),  # from then on something may be sent
    Column("messages", JSON, nullable=False),  # by the hour
    Column("people", JSON, nullable=False),
    UniqueConstraint("account_id", "sender_id"),
)

# When a person got the latest messages from a sender, or (`sender_id` is 0) from the account.
# Kept only where a limit asks for it, and beside that one's pace. Times in ISO 8601, oldest
# first, with spaces between them.
written = Table(
    "written",
    metadata,
    Column("account_id", Id, primary_key=True, autoincrement=False),
    Column("sender_id", Id, primary_key=True, autoincrement=False),
    Column("person", Text, primary_key=True),  # a cascade's recipient_key
    _text("times"),
    sqlite_with_rowid=False,
)
