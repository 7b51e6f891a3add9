"""What messages should cost and did, from rate cards and what providers tell."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.model import Channel
from core.message.compose import Composed
from core.message.content import Template
from core.message.cost import (
    ON_DELIVERY,
    Charge,
    Expected,
    Source,
    is_charged,
    settled,
    together,
)
from core.message.money import Money
from core.message.phone import country_of
from core.message.price import FREE, category_of, estimate
from core.ports import ChannelConnector, Pricing, Receipt, SendAccepted
from core.store import prices
from core.store.attempts import Claimed, Taken
from core.store.prices import Bill, Settled

# A provider that has to be asked is asked so long after the end, then again and again; if the
# end is never reported, so long after the window.
ASK_AFTER = timedelta(minutes=3)
ASK_ANYWAY = timedelta(minutes=10)
AGAIN = tuple(timedelta(minutes=wait) for wait in (10, 30, 120, 480, 1440))

Answered = Mapping[str, Charge]
NOTHING: Answered = MappingProxyType({})


def expect(claimed: Claimed, connector: ChannelConnector, said: Composed) -> Expected:
    """What a message should cost."""
    channel, now = claimed.channel, claimed.taken_at
    by_template = channel is not Channel.WHATSAPP or isinstance(said.content, Template)
    category = category_of(claimed.purpose, by_template=by_template)
    asks = connector.capabilities[channel].pricing is Pricing.QUERY
    country = _country(channel, claimed.recipient["phone"])
    parts = said.parts.count if said.parts else None
    return Expected(
        category=category,
        estimate=estimate(
            claimed.card, channel, country, category, connector.name, parts, now.date()
        ),
        ask_at=now + claimed.wait + ASK_ANYWAY if asks else None,
    )


def _country(channel: Channel, phone: str | None) -> str:
    return country_of(phone) if phone and channel is not Channel.EMAIL else ""


def charge_of(told: Receipt | SendAccepted) -> Charge:
    """What a report or an answer tells of the cost."""
    category = told.category if isinstance(told, Receipt) else ""
    return Charge(price=told.price, parts=told.parts, category=category)


def is_news(charge: Charge, taken: Taken, channel: Channel, pricing: Pricing) -> bool:
    """Whether the cost of what was accepted may be known now, or is not as expected."""
    ours = taken.said.parts.count if taken.said.parts else None
    if charge.price or charge.parts not in (None, ours):
        return True
    silent = pricing is Pricing.NEVER and channel not in ON_DELIVERY
    return silent and taken.expected.estimate is not None


def settle(
    app: Everreach,
    tx: Connection,
    references: Collection[str],
    now: datetime,
    answered: Answered = NOTHING,
) -> None:
    """Settle what attempts cost, as far as it is known now, whatever was settled before.

    `answered` is what was told of them otherwise than by reports.
    """
    if not references:
        return
    changed = []
    for bill in prices.bills(tx, references):
        before = _as_it_was(bill)
        after = _settled(app, bill, answered.get(bill.reference, Charge()), now)
        if after != before:
            changed.append(after)
    prices.save(tx, changed)


def next_question(asked: int, now: datetime) -> datetime | None:
    """When a provider is asked for a price again that it was asked for so often before."""
    return now + AGAIN[asked] if asked < len(AGAIN) else None


def _as_it_was(bill: Bill) -> Settled:
    return Settled(
        reference=bill.reference,
        parts=bill.parts,
        category=bill.category,
        price=bill.price,
        due_at=bill.due_at,
    )


def _settled(app: Everreach, bill: Bill, answered: Charge, now: datetime) -> Settled:
    pricing = app.registry.channels[bill.provider].capabilities[bill.channel].pricing
    told = together((_told_before(bill), answered, bill.reported))
    parts = told.parts or bill.parts
    charged = is_charged(bill.channel, bill.marks, in_hand=bill.in_hand)
    by_rates = _by_rates(bill, told.category, parts, pricing)
    price = settled(charged, told, by_rates, bill.currency)
    known = price is not None and (price.source is Source.PROVIDER or not charged)
    return Settled(
        reference=bill.reference,
        parts=parts,
        category=told.category or bill.category,
        price=price,
        due_at=None if known else _due_at(bill, pricing, now),
    )


def _told_before(bill: Bill) -> Charge:
    """What was told in an answer, which is kept nowhere else."""
    by_provider = bill.price and bill.price.source is Source.PROVIDER
    return Charge(price=bill.price.money if bill.price and by_provider else None)


def _by_rates(
    bill: Bill, told: str, parts: int | None, pricing: Pricing
) -> Money | None:
    """What it costs by the card: by the category that its provider tells, which WhatsApp
    always does, else by ours where a provider tells nothing of prices."""
    silent = pricing is Pricing.NEVER and bill.channel is not Channel.WHATSAPP
    category = told or (bill.category if silent else "")
    if not category or category == FREE:
        return None
    return estimate(
        bill.card,
        bill.channel,
        _country(bill.channel, bill.phone),
        category,
        bill.provider,
        parts,
        bill.sent_on.date(),
    )


def _due_at(bill: Bill, pricing: Pricing, now: datetime) -> datetime | None:
    """When to ask for the price: soon after the end, unless it was asked for already."""
    ended = bill.marks.arrived or bill.marks.failed_at
    if pricing is not Pricing.QUERY or bill.asked or not ended or not bill.due_at:
        return bill.due_at
    return min(bill.due_at, now + ASK_AFTER)
