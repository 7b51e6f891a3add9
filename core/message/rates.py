"""The rates that come with Everreach, and those of an account's set-up file."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from core.cascade.model import Channel
from core.message.money import Money
from core.message.price import ANY, Rate, RateCard

OWN = "set-up file"
EVER = date.min  # in force since

Row = Mapping[str, Any]


@cache
def shipped() -> tuple[Rate, ...]:
    """List prices as others publish them, each with its source. They may be out of date."""
    table = resources.files("core.message").joinpath("rates.csv").read_text("utf-8")
    return tuple(
        rate for row in csv.DictReader(table.splitlines()) for rate in _of(row)
    )


def card_of(own: Sequence[Row]) -> RateCard:
    """An account's card: its own rates, as its set-up file has them, above the shipped."""
    rates = (rate for row in own for rate in _of({"source": OWN, **row}))
    return RateCard(rates, shipped())


def _of(row: Row) -> Iterator[Rate]:
    """The rates in a row, which may name several countries, categories and providers."""
    price = Money.parse(row["price"], row["currency"]) if row["price"] else None
    named = (_several(row, name) for name in ("country", "category", "provider"))
    for country, category, provider in product(*named):
        yield Rate(
            channel=Channel(row["channel"]),
            country=country,
            category=category,
            provider=provider,
            since=date.fromisoformat(row["from"]) if row.get("from") else EVER,
            price=price,
            source=row["source"],
        )


def _several(row: Row, name: str) -> list[str]:
    return str(row.get(name, ANY)).split()
