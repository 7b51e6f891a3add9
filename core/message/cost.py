"""What a message did cost: from what its provider told, else by the rate card, else unknown.

WhatsApp, Viber and RCS are charged when they are delivered, everything else once a provider
has taken it: https://developers.facebook.com/docs/whatsapp/pricing. What is not charged costs
a known nothing. What nobody told is not known.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from core.cascade.model import Channel
from core.cascade.status import Marks
from core.message.money import Money
from core.message.price import FREE
from core.values import dataclass

ON_DELIVERY = frozenset({Channel.WHATSAPP, Channel.VIBER, Channel.RCS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a message should cost, before it goes out: None if the rate card does not say.

    `category` is what it should be charged as. `ask_at` is when its provider is asked for the
    price at the latest, if it has to be asked.
    """

    category: str
    estimate: Money | None
    ask_at: datetime | None


class Source(StrEnum):
    """How a price is known."""

    PROVIDER = "provider"  # it told
    RATES = "rates"  # by the rate card
    NOT_CHARGED = "not_charged"  # it was not sent or not delivered, or is free


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a message did cost."""

    money: Money
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a provider told of a message's cost: each of it or nothing. As in Receipt."""

    price: Money | None = None
    parts: int | None = None
    category: str = ""

    @property
    def empty(self) -> bool:
        """Whether it tells nothing."""
        return self == Charge()


def together(told: Iterable[Charge]) -> Charge:
    """What several reports tell, oldest first: of each the last word."""
    whole = Charge()
    for one in told:
        whole = Charge(
            price=one.price or whole.price,
            parts=one.parts or whole.parts,
            category=one.category or whole.category,
        )
    return whole


def is_charged(channel: Channel, marks: Marks, *, in_hand: bool) -> bool | None:
    """Whether a message that got so far is charged; None if it may still turn out.

    `in_hand`: what its provider answers is not saved yet. Then it may have failed after it was
    taken, as it may have where there never was an answer.
    """
    if marks.arrived:
        return True
    if channel in ON_DELIVERY:
        return False if marks.failed_at else None
    if marks.accepted_at or marks.sent_at:
        return True
    in_doubt = in_hand or marks.unknown_at
    return False if marks.failed_at and not in_doubt else None


def settled(
    charged: bool | None,
    told: Charge,
    by_rates: Money | None,
    currency: str,
) -> Price | None:
    """What a message did cost, None if that is not known or not decided yet.

    `charged` as from `is_charged`; `by_rates` is what it costs by the rate card if it is,
    `currency` what nothing is reckoned in.
    """
    if told.price:
        return Price(money=told.price, source=Source.PROVIDER)
    if charged is False or told.category == FREE:
        nothing = Money(micros=0, currency=currency)
        return Price(money=nothing, source=Source.NOT_CHARGED)
    if charged and by_rates:
        return Price(money=by_rates, source=Source.RATES)
    return None
