"""What attempts cost: all that is known of it, and what is settled."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Text, select, type_coerce
from sqlalchemy.types import TypeDecorator

from core.cascade.model import Channel
from core.cascade.status import MARKS, Marks
from core.message.cost import Charge, Price, Source, together
from core.message.money import Money
from core.message.price import RateCard
from core.message.rates import card_of
from core.store import records
from core.store.many import among, update_each
from core.store.tables import accounts, attempts, cascades, receipts, senders
from core.values import dataclass


class _Card(TypeDecorator[RateCard]):
    """An account's rates, read as its card: once, until they change."""

    impl = Text
    cache_ok = True

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str], RateCard]:
        """From the database."""
        return _read_card


@lru_cache(maxsize=1024)
def _read_card(text: str) -> RateCard:
    return card_of(json.loads(text))


CARD = type_coerce(accounts.c.rates, _Card).label("card")
NO_RATES = card_of(())  # the card of an account that has none of its own


def cards(tx: Connection) -> dict[str, RateCard]:
    """Every account's card, by its key."""
    query = select(accounts.c.key, CARD).order_by(accounts.c.key)
    return {row.key: row.card for row in tx.execute(query)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is known of what an attempt costs.

    `in_hand`: it is being sent. `reported` is what receipts tell; `price` what was settled
    before, `parts` and `category` what was reckoned with. Its provider is asked for the price
    at `due_at`, and was `asked` so many times. `currency` is its account's.
    """

    reference: str
    channel: Channel
    provider: str
    phone: str
    sent_on: datetime
    marks: Marks
    in_hand: bool
    parts: int | None
    category: str
    price: Price | None
    due_at: datetime | None
    asked: int
    reported: Charge
    card: RateCard
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is known now."""

    reference: str
    parts: int | None
    category: str
    price: Price | None
    due_at: datetime | None


def bills(tx: Connection, references: Collection[str]) -> list[Bill]:
    """What is known of what these attempts cost. Their cascades are locked already."""
    values = {"references": references}
    told: dict[str, list[Charge]] = {}
    for row in tx.execute(_TOLD, values).mappings():
        told.setdefault(row["attempt"], []).append(_charge(row))
    rows = tx.execute(_BILLS, values).mappings()
    return [_bill(row, together(told.get(row["reference"], ()))) for row in rows]


_TOLD = (
    select(
        *receipts.c["attempt", "price_micros", "price_currency", "parts", "category"]
    )
    .where(among(receipts.c.attempt, "references"), receipts.c.category.is_not(None))
    # By when it was so; what is of one moment, by its words, whichever came first.
    .order_by(receipts.c.at, receipts.c.fingerprint)
)
_BILLS = (
    select(
        *attempts.c["reference", "channel", "state", "sending_at", "due_at", "failure"],
        *attempts.c[MARKS],
        *attempts.c["parts", "category", "price_micros", "price_currency"],
        *attempts.c["price_source", "price_due_at", "price_asked"],
        cascades.c.recipient,
        senders.c.provider,
        accounts.c.currency,
        CARD,
    )
    .join(cascades, cascades.c.id == attempts.c.cascade_id)
    .join(senders, senders.c.id == attempts.c.sender_id)
    .join(accounts, accounts.c.id == attempts.c.account_id)
    .where(among(attempts.c.reference, "references"))
)


def _charge(row: records.Row) -> Charge:
    return Charge(
        price=money_of(row, "price"), parts=row["parts"], category=row["category"]
    )


def _bill(row: records.Row, reported: Charge) -> Bill:
    return Bill(
        reference=row["reference"],
        channel=Channel(row["channel"]),
        provider=row["provider"],
        phone=row["recipient"]["phone"] or "",
        sent_on=row["sending_at"] or row["due_at"],
        marks=records.to_marks(row),
        in_hand=row["state"] == "sending",
        parts=row["parts"],
        category=row["category"] or "",
        price=price_of(row),
        due_at=row["price_due_at"],
        asked=row["price_asked"] or 0,
        reported=reported,
        card=row["card"],
        currency=row["currency"],
    )


def price_of(row: records.Row) -> Price | None:
    """What an attempt did cost, by its row."""
    money = money_of(row, "price")
    return Price(money=money, source=Source(row["price_source"])) if money else None


def money_of(row: records.Row, name: str) -> Money | None:
    """An amount in the columns of this name."""
    micros = row[f"{name}_micros"]
    if micros is None:
        return None
    return Money(micros=micros, currency=row[f"{name}_currency"])


def money_columns(name: str, money: Money | None) -> dict[str, Any]:
    """The columns of this name that hold an amount."""
    return {
        f"{name}_micros": money.micros if money else None,
        f"{name}_currency": money.currency if money else None,
    }


def save(tx: Connection, settled: Sequence[Settled]) -> None:
    """Write down what is known now."""
    rows = [
        {
            "key": one.reference,
            "parts": one.parts,
            "category": one.category,
            **money_columns("price", one.price.money if one.price else None),
            "price_source": one.price.source if one.price else None,
            "price_due_at": one.due_at,
        }
        for one in settled
    ]
    update_each(tx, attempts.c.reference, rows)


# --- Asking for it ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An attempt whose provider is to be asked what it costs; `asked` so many times before."""

    reference: str
    asked: int


def due(tx: Connection, now: datetime, limit: int) -> list[Due]:
    """Attempts whose price is due, longest first, not in another worker's hands."""
    query = (
        select(*attempts.c["reference", "price_asked"])
        .where(attempts.c.price_due_at <= now)
        .order_by(attempts.c.price_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        Due(reference=reference, asked=asked or 0)
        for reference, asked in tx.execute(query)
    ]


def ask_again(tx: Connection, next_at: dict[Due, datetime | None]) -> None:
    """Note that they are being asked, and when they are asked next, if ever."""
    rows = [
        {"key": one.reference, "price_asked": one.asked + 1, "price_due_at": at}
        for one, at in next_at.items()
    ]
    update_each(tx, attempts.c.reference, rows)


def lock(tx: Connection, references: Collection[str]) -> None:
    """Let nobody else change these attempts. Cascades are locked first, as everywhere."""
    mine = select(attempts.c.cascade_id).where(
        among(attempts.c.reference, "references")
    )
    query = select(cascades.c.id).where(cascades.c.id.in_(mine)).order_by(cascades.c.id)
    tx.execute(query.with_for_update(key_share=True), {"references": references}).all()
