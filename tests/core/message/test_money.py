"""Money as providers write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.message.money import Money


@given(micros=st.integers(-(10**17), 10**17), currency=st.sampled_from(["EUR", "usd"]))
def test_what_is_written_out_reads_as_the_same(micros: int, currency: str) -> None:
    money = Money(micros=micros, currency=currency.upper())

    assert Money.parse(str(money.amount), currency) == money


def test_what_is_finer_than_a_millionth_is_rounded() -> None:
    assert Money.parse("-0.00750009", "USD").amount == Decimal("-0.0075")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("", "EUR"),
        ("NaN", "EUR"),
        ("1e99", "EUR"),
        ("1", ""),
        ("1", "€"),
        ("1", "EURO"),
    ],
)
def test_what_is_no_money_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Money.parse(amount, currency)
