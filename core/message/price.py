"""What a message should cost: a rate card, and the estimate that it gives.

A card has layers, the account's own rates above those that come with Everreach. In a layer,
the rate that names most of provider, country and category counts; among equally many, a
provider counts more than a country, and that more than a category. Of rates for the same, the
newest in force counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.message.money import Money
from core.values import dataclass

ANY = "*"
FREE = "free"  # the category of what a provider says it does not charge
CATEGORIES = (
    "authentication",
    "authentication_international",
    "marketing",
    "marketing_lite",
    "service",
    "utility",
)

Key = tuple[Channel, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a message costs from a day on, an SMS for each of its parts.

    `country` is an ISO 3166 code. `price` is None where it is certain that the wider rates do
    not hold, and not what does.
    """

    channel: Channel
    country: str = ANY
    category: str = ANY
    provider: str = ANY
    since: date
    price: Money | None
    source: str

    @property
    def key(self) -> Key:
        """What it is the price of."""
        return self.channel, self.provider, self.country, self.category


class RateCard:
    """Rates in layers, the first of which has the first word. It never changes."""

    def __init__(self, *layers: Iterable[Rate]) -> None:
        self._layers = [_newest_first(layer) for layer in layers]

    def rate(
        self, channel: Channel, country: str, category: str, provider: str, on: date
    ) -> Rate | None:
        """The rate that counts on a day; `""` is a country or category that is not known."""
        keys = list(_widening(channel, provider, country, category))
        for layer in self._layers:
            for key in keys:
                for rate in layer.get(key, ()):
                    if rate.since <= on:
                        return rate
        return None

    def in_force(self, on: date, country: str = "") -> Iterator[Rate]:
        """The rates that count for something on a day, maybe for one country only."""
        for layer in self._layers:
            for rates in layer.values():
                for rate in rates:
                    if self._counts(rate, country or rate.country, on):
                        yield rate

    def _counts(self, rate: Rate, country: str, on: date) -> bool:
        asked = (rate.channel, country, rate.category, rate.provider, on)
        return self.rate(*asked) is rate


def _newest_first(layer: Iterable[Rate]) -> Mapping[Key, Sequence[Rate]]:
    found: dict[Key, list[Rate]] = {}
    for rate in layer:
        found.setdefault(rate.key, []).append(rate)
    for rates in found.values():
        rates.sort(key=lambda rate: rate.since, reverse=True)
    return found


def _widening(
    channel: Channel, provider: str, country: str, category: str
) -> Iterator[Key]:
    yield channel, provider, country, category
    yield channel, provider, country, ANY
    yield channel, provider, ANY, category
    yield channel, ANY, country, category
    yield channel, provider, ANY, ANY
    yield channel, ANY, country, ANY
    yield channel, ANY, ANY, category
    yield channel, ANY, ANY, ANY


@lru_cache(maxsize=4096)
def estimate(
    card: RateCard,
    channel: Channel,
    country: str,
    category: str,
    provider: str,
    parts: int | None,
    on: date,
) -> Money | None:
    """What a message costs by a card, None if the card does not say.

    An SMS costs as much as its parts; how many those are must be known.
    """
    rate = card.rate(channel, country, category, provider, on)
    if rate is None or rate.price is None:
        return None
    if channel is not Channel.SMS:
        return rate.price
    return parts * rate.price if parts else None


def category_of(purpose: Purpose, *, by_template: bool) -> str:
    """What a message will be charged as, until its provider says.

    https://developers.facebook.com/docs/whatsapp/pricing: a template by its category, whatever
    else is sent in an open window as service.
    """
    return _CATEGORIES[purpose] if by_template else "service"


_CATEGORIES: Mapping[Purpose, str] = {
    Purpose.AUTHENTICATION: "authentication",
    Purpose.TRANSACTIONAL: "utility",
    Purpose.SERVICE: "utility",
    Purpose.MARKETING: "marketing",
}
