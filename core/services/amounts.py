"""What messages cost, in words. `ENGLISH` is what a `translate` can be given here.

An estimate says "about"; what nobody told is "unknown", never nothing.
"""

from collections.abc import Sequence

from core.cascade.explain import Translate
from core.message.cost import Price
from core.message.money import Money
from core.values import dataclass

AMOUNT = "{whole}.{fraction} {currency}"
ABOUT = "about {amount}"
UNKNOWN = "unknown"
NOT_CHARGED = "not charged"
AND_UNKNOWN = "{amount} and something unknown"
ENGLISH = (AMOUNT, ABOUT, UNKNOWN, NOT_CHARGED, AND_UNKNOWN)

_LEAST_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one try costs: its price, else about the estimate, else that is unknown."""

    price: Price | None
    estimate: Money | None

    @property
    def money(self) -> Money | None:
        """The best that is known."""
        return self.price.money if self.price else self.estimate


def amount(money: Money, translate: Translate = str) -> str:
    """Such as `0.0171 USD`: as many digits as it takes, and two at least."""
    whole, fraction = f"{money.amount:.6f}".split(".")
    fraction = fraction.rstrip("0").ljust(_LEAST_DIGITS, "0")
    words = {"whole": whole, "fraction": fraction, "currency": money.currency}
    return translate(AMOUNT).format(**words)


def total(costs: Sequence[Cost], translate: Translate = str) -> str:
    """What tries cost together, currency by currency; `""` if there is none."""
    if not costs:
        return ""
    sums = [_sum(costs, currency, translate) for currency in _currencies(costs)]
    told = ", ".join(sums)
    if all(one.money for one in costs):
        return told or translate(NOT_CHARGED)
    if not told:
        return translate(UNKNOWN)
    return translate(AND_UNKNOWN).format(amount=told)


def _currencies(costs: Sequence[Cost]) -> list[str]:
    """Those in which there is more than nothing to pay, in the order of the tries."""
    paid = (one.money.currency for one in costs if one.money and one.money.micros)
    return list(dict.fromkeys(paid))


def _sum(costs: Sequence[Cost], currency: str, translate: Translate) -> str:
    mine = [one for one in costs if one.money and one.money.currency == currency]
    micros = sum(one.money.micros for one in mine if one.money)
    told = amount(Money(micros=micros, currency=currency), translate)
    if all(one.price for one in mine):
        return told
    return translate(ABOUT).format(amount=told)
