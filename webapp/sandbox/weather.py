"""What the providers do wrong with everybody's messages: a choice on the sandbox's page."""

import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

from webapp.sandbox import quirks
from webapp.sandbox.cast import BY_ADDRESS, CUSTOMERS
from webapp.sandbox.quirks import USUAL, Quirk


class Weather(NamedTuple):
    """One kind of trouble, in words and as it is played."""

    label: str
    quirk: Quirk


WEATHERS: Final[Mapping[str, Weather]] = {
    "fine": Weather("Providers work well", USUAL),
    "late": Weather("Reports come 40 min late", Quirk(late=2400)),
    "twice": Weather("Reports come twice", Quirk(twice=True)),
    "backwards": Weather("Reports come backwards", Quirk(backwards=True)),
    "withheld": Weather("Meta withholds (131049)", Quirk(fails=131049)),
    "limited": Weather("Meta limits (131056)", Quirk(refuses=131056)),
}


def turn(tx: sqlite3.Connection, weather: Weather) -> None:
    """From now on it is so for the whole cast."""
    for address in BY_ADDRESS:
        quirks.give(tx, address, weather.quirk)


def now(tx: sqlite3.Connection) -> str:
    """How it is: a key of WEATHERS, or empty if people are treated in a way of their own."""
    here = quirks.of(tx, CUSTOMERS[0].number)
    return next((key for key, one in WEATHERS.items() if one.quirk == here), "")
