"""Money as integers: millionths of a currency's unit."""

from decimal import Decimal, InvalidOperation
from typing import Self

from core.values import dataclass

_MICROS = 1_000_000
_MOST = 10**12  # units; far above any price, far below what a database's integer holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in millionths of `currency`, an ISO 4217 code."""

    micros: int
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """From what a provider writes, such as `0.0333` and `EUR`, rounded to a millionth.

        Raises ValueError for what is no amount or no currency.
        """
        try:
            number = Decimal(amount)
        except InvalidOperation:
            raise ValueError(f"{amount!r} is not an amount") from None
        if not number.is_finite() or abs(number) > _MOST:
            raise ValueError(f"{amount!r} is not an amount")
        code = currency.upper()
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise ValueError(f"{currency!r} is not a currency")
        return cls(micros=int((number * _MICROS).to_integral_value()), currency=code)

    def __rmul__(self, times: int) -> "Money":
        """So many times the amount."""
        return Money(micros=times * self.micros, currency=self.currency)

    @property
    def amount(self) -> Decimal:
        """The amount in whole units."""
        return Decimal(self.micros) / _MICROS
