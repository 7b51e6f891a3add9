"""What is in force on rate cards: for `everreach rates`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from core.bootstrap import Everreach
from core.errors import SetupError
from core.message.money import Money
from core.message.price import Rate
from core.message.rates import EVER
from core.store import prices
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RateView:
    """Rates that are the same for several countries, categories and providers; `*` is any.

    `since` is None if it always was so, `price` None if it is known that it is not known.
    """

    channel: str
    countries: tuple[str, ...]
    categories: tuple[str, ...]
    providers: tuple[str, ...]
    since: date | None
    price: Money | None
    source: str


def list_rates(
    app: Everreach, *, account: str | None, channel: str | None, country: str | None
) -> list[RateView]:
    """The rates that are in force today, an account's own first. Raises SetupError.

    Without an account it is the only one's card, or what comes with Everreach.
    """
    with app.store.read() as tx:
        cards = prices.cards(tx)
    if account is not None and account not in cards:
        raise SetupError("--account", f"there is no account {account}")
    key = account or (next(iter(cards)) if len(cards) == 1 else "")
    card = cards.get(key, prices.NO_RATES)
    rates = card.in_force(app.clock.now().date(), country or "")
    named = (country, "*") if country else None
    return _folded(
        rate
        for rate in rates
        if channel in (None, rate.channel) and (named is None or rate.country in named)
    )


def _folded(rates: Iterable[Rate]) -> list[RateView]:
    """As few lines as say the same."""
    views = [_view(rate) for rate in rates]
    for name in ("countries", "categories", "providers"):
        views = list(_fold(views, name))
    return views


def _fold(views: Iterable[RateView], name: str) -> Iterator[RateView]:
    """Those that differ in one thing only, as one."""
    found: dict[RateView, list[str]] = {}
    for view in views:
        found.setdefault(_with(view, name, ()), []).extend(getattr(view, name))
    for view, names in found.items():
        yield _with(view, name, sorted(names))


def _with(view: RateView, name: str, names: Iterable[str]) -> RateView:
    changed: dict[str, Any] = {name: tuple(names)}
    return replace(view, **changed)


def _view(rate: Rate) -> RateView:
    return RateView(
        channel=rate.channel,
        countries=(rate.country,),
        categories=(rate.category,),
        providers=(rate.provider,),
        since=None if rate.since == EVER else rate.since,
        price=rate.price,
        source=rate.source,
    )
