"""What a message did cost, by what is known of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cascade.model import Channel
from core.cascade.status import Failure, FailureClass, Marks
from core.message.cost import (
    ON_DELIVERY,
    Charge,
    Price,
    Source,
    is_charged,
    settled,
    together,
)
from core.message.money import Money

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FAILED = Marks(failed_at=NOW, failure=Failure(kind=FailureClass.NEXT, code="1"))
ACCEPTED, DELIVERED = Marks(accepted_at=NOW), Marks(accepted_at=NOW, delivered_at=NOW)
BOTH = Marks(accepted_at=NOW, failed_at=NOW, failure=FAILED.failure)
LOST = Marks(unknown_at=NOW, failed_at=NOW, failure=FAILED.failure)

TOLD, RATED = Money(micros=7500, currency="USD"), Money(micros=30_000, currency="EUR")
_MONEY = st.builds(
    Money, micros=st.integers(0, 10**6), currency=st.sampled_from(("EUR", "USD"))
)
_CHARGES = st.builds(
    Charge,
    price=st.none() | _MONEY,
    parts=st.none() | st.integers(1, 9),
    category=st.sampled_from(("", "utility", "free")),
)


@pytest.mark.parametrize(
    ("channel", "marks", "in_hand", "charged"),
    [
        (Channel.SMS, ACCEPTED, False, True),
        (Channel.SMS, BOTH, False, True),
        (Channel.SMS, FAILED, False, False),  # it was refused
        (Channel.SMS, FAILED, True, None),  # a report that came before the answer
        (Channel.SMS, LOST, False, None),
        (Channel.SMS, Marks(unknown_at=NOW), False, None),
        (Channel.SMS, Marks(), True, None),
        (Channel.EMAIL, ACCEPTED, False, True),
        (Channel.WHATSAPP, ACCEPTED, False, None),
        (Channel.WHATSAPP, BOTH, False, False),
        (Channel.WHATSAPP, FAILED, True, False),
        (Channel.WHATSAPP, DELIVERED, False, True),
        (Channel.VIBER, ACCEPTED, False, None),
        (Channel.RCS, DELIVERED, False, True),
    ],
)
def test_a_message_is_charged_when_its_channel_says(
    channel: Channel, marks: Marks, in_hand: bool, charged: bool | None
) -> None:
    assert is_charged(channel, marks, in_hand=in_hand) is charged


@pytest.mark.parametrize("channel", list(Channel))
def test_what_arrived_after_it_had_failed_is_charged(channel: Channel) -> None:
    marks = Marks(failed_at=NOW, failure=FAILED.failure, read_at=NOW)
    assert is_charged(channel, marks, in_hand=False)
    assert {Channel.WHATSAPP, Channel.VIBER, Channel.RCS} == ON_DELIVERY


@pytest.mark.parametrize(
    ("charged", "told", "by_rates", "price"),
    [
        (True, Charge(price=TOLD), RATED, Price(money=TOLD, source=Source.PROVIDER)),
        (False, Charge(price=TOLD), None, Price(money=TOLD, source=Source.PROVIDER)),
        (True, Charge(), RATED, Price(money=RATED, source=Source.RATES)),
        (True, Charge(), None, None),
        (None, Charge(), RATED, None),
    ],
)
def test_a_price_is_told_or_by_the_card_or_unknown(
    charged: bool | None, told: Charge, by_rates: Money | None, price: Price | None
) -> None:
    assert settled(charged, told, by_rates, "EUR") == price


@pytest.mark.parametrize(
    ("charged", "told"),
    [
        (False, Charge()),
        (True, Charge(category="free")),
        (None, Charge(category="free")),
    ],
)
def test_what_is_not_charged_costs_a_known_nothing(
    charged: bool | None, told: Charge
) -> None:
    nothing = Money(micros=0, currency="EUR")
    expected = Price(money=nothing, source=Source.NOT_CHARGED)
    assert settled(charged, told, None, "EUR") == expected


@given(st.lists(_CHARGES, max_size=6))
def test_of_everything_told_the_last_word_counts(told: list[Charge]) -> None:
    whole = together(told)

    for name, none in (("price", None), ("parts", None), ("category", "")):
        words = [getattr(one, name) for one in told if getattr(one, name)]
        assert getattr(whole, name) == (words[-1] if words else none)
    assert together([*told, whole]) == together([whole]) == whole
