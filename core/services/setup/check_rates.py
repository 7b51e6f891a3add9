"""Whether the prices in a set-up file can be what they say."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any

import phonenumbers

from core.cascade.model import Channel
from core.cascade.sentences import CHANNELS
from core.message.price import ANY
from core.ports import Registry
from core.services.setup.check import entries, listed, listed_at
from core.services.setup.currencies import CURRENCIES
from core.services.setup.findings import Findings, Place, did_you_mean, show, spell

Rate = Mapping[str, Any]


def check_rates(
    document: Mapping[str, Any], registry: Registry, findings: Findings
) -> None:
    """Note every price that cannot be meant, and all that are there twice."""
    first: dict[tuple[str, ...], Place] = {}
    for place, rate in entries(document, "rates"):
        _check_names(place, rate, findings)
        _check_day(place, rate, findings)
        _check_provider(place, rate, registry, findings)
        if not findings.is_clean(place):
            continue
        for key in _keys(rate):
            if (other := first.setdefault(key, place)) != place:
                problem = f"{spell(other)} is a price of the same from the same day on"
                findings.problem(place, problem, "Leave one of them out")


def _check_names(place: Place, rate: Rate, findings: Findings) -> None:
    countries = sorted(phonenumbers.SUPPORTED_REGIONS)
    seen: set[str] = set()
    for where, country in listed_at((*place, "country"), rate.get("country")):
        if country in seen:
            problem = f"{show(country)} stands here twice"
            findings.problem(where, problem, "Name every country once")
        seen.add(country)
        if country not in countries:
            fix = did_you_mean(country, countries) or "Write it like IT"
            problem = f"{show(country)} is not a known country"
            findings.problem(where, problem, fix)
    currency = rate.get("currency")
    if currency is not None and currency not in CURRENCIES:
        fix = did_you_mean(currency, sorted(CURRENCIES)) or "Write it like EUR"
        problem = f"{show(currency)} is not a known currency"
        findings.problem((*place, "currency"), problem, fix)


def _check_day(place: Place, rate: Rate, findings: Findings) -> None:
    if "from" in rate:
        try:
            date.fromisoformat(rate["from"])
        except ValueError:
            problem = f"{show(rate['from'])} is not a day"
            findings.problem((*place, "from"), problem, "Write it like 2026-10-01")


def _check_provider(
    place: Place, rate: Rate, registry: Registry, findings: Findings
) -> None:
    provider, channel = rate.get("provider"), rate.get("channel")
    if provider is None or channel is None:
        return
    able = registry.channels[provider].capabilities
    if channel not in able:
        served = ", ".join(CHANNELS[each] for each in able)
        problem = f"{provider} does not send {CHANNELS[Channel(channel)]}"
        findings.problem((*place, "provider"), problem, f"It sends {served}")


def _keys(rate: Rate) -> Iterator[tuple[str, ...]]:
    """What it is the price of, and from when on."""
    names = (listed(rate.get(name, ANY)) for name in ("country", "category"))
    others = (str(rate.get(name, ANY)) for name in ("channel", "provider", "from"))
    return product(*names, *([one] for one in others))
