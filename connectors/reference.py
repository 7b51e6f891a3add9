"""The parts of the reference pages that are written from the connectors themselves."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from connectors.config import schema, secrets
from connectors.failures import Meaning, Table
from core.cascade.limits import NO_LIMITS, Limits
from core.cascade.model import Channel
from core.cascade.status import REPORTABLE, FailureClass, Until
from core.message.content import ButtonKind, MediaKind
from core.ports import Capabilities, ChannelConnector, Expiry, Pricing, Registry


def reports(registry: Registry) -> str:
    """A table of what every provider tells, channel by channel, and what it can be asked."""
    untils = [until for until in Until if until in REPORTABLE]  # in their order
    header = ["Provider", "Channel", *untils, "price", "can be asked", "can be tried"]
    rows = [
        [
            *_place(name, channel),
            *(_yes(until in able.reports) for until in untils),
            _PRICES[able.pricing],
            _yes(connector.query),
            _yes(connector.check),
        ]
        for name, connector, channel, able in _served(registry)
    ]
    return _table(header, rows)


def features(registry: Registry) -> str:
    """A table of what every provider can send, channel by channel."""
    header = ["Provider", "Channel", "Text", "Templates", "Media", "Buttons"]
    rows = [
        [
            *_place(name, channel),
            f"{able.text:,}" if able.text else "no",
            _yes(able.templates),
            _named(able.media, MediaKind),
            _buttons(able),
            _expiry(able.expiry),
            _limits(connector.limits.get(channel, NO_LIMITS)),
        ]
        for name, connector, channel, able in _served(registry)
    ]
    return _table([*header, "Expiry", "Limits"], rows)


_Served = tuple[str, ChannelConnector, Channel, Capabilities]

_PRICES = {
    Pricing.NEVER: "rate card",
    Pricing.RECEIPT: "with the report",
    Pricing.QUERY: "when asked",
}


def _served(registry: Registry) -> Iterator[_Served]:
    for name, connector in sorted(registry.channels.items()):
        for channel, able in connector.capabilities.items():
            yield name, connector, channel, able


def _place(name: str, channel: Channel) -> list[str]:
    return [f"[{name}]({name}.md)", channel]


def _yes(there: object) -> str:
    return "yes" if there else "no"


def _named(found: Collection[StrEnum], order: type[StrEnum]) -> str:
    return ", ".join(one for one in order if one in found) or "no"


def _buttons(able: Capabilities) -> str:
    kinds = _named(able.buttons, ButtonKind)
    return f"{kinds}; up to {able.most_buttons}" if able.buttons else kinds


def _expiry(expiry: Expiry | None) -> str:
    if expiry is None:
        return "no"
    ends = f"{_span(expiry.shortest)} to {_span(expiry.longest)}"
    return ends if expiry.sure else f"{ends}, not for certain"


def _limits(limits: Limits) -> str:
    said = [
        limits.per_second and f"{limits.per_second:g} a second",
        limits.per_day and f"{limits.per_day:,} a day",
        limits.people_per_day and f"{limits.people_per_day:,} people a day",
        limits.per_person and f"one in {_span(limits.per_person)} to a person",
    ]
    return ", ".join(one for one in said if one) or "none known"


def _span(span: timedelta) -> str:
    """In the largest unit that it is a whole number of."""
    units = (("d", timedelta(days=1)), ("h", timedelta(hours=1)))
    for unit, size in (*units, ("min", timedelta(minutes=1))):
        if not span % size:
            return f"{span // size} {unit}"
    return f"{span.total_seconds():g} s"


def settings(config: type[Any]) -> str:
    """A table of a connector's settings."""
    return _table(["Setting", "What it is", "Needed"], list(_settings(config)))


def _settings(config: type[Any]) -> Iterator[list[str]]:
    described = schema(config)
    for key, about in described["properties"].items():
        needed = "yes" if key in described["required"] else "no"
        if "default" in about:
            needed = f"no: `{about['default']}`"
        shown = " Kept secret." if key in secrets(config) else ""
        yield [f"`{key}`", f"{about['title']}. {about['description']}.{shown}", needed]


def failures(table: Table) -> str:
    """A table of what a provider's codes mean, class by class."""
    codes: dict[Meaning, list[str]] = {}
    for code, meaning in table.items():
        codes.setdefault(meaning, []).append(code)
    classes = list(FailureClass)
    rows = [
        [f"`{meaning.kind}`", _held(meaning), meaning.what, _listed(found)]
        for meaning, found in sorted(
            codes.items(), key=lambda one: classes.index(one[0].kind)
        )
    ]
    return _table(["Class", "Holds", "What the codes say", "Codes"], rows)


def _held(meaning: Meaning) -> str:
    """For how long it is remembered, or how far an opt-out reaches."""
    if meaning.remember:
        return f"{meaning.remember.days} days"
    return f"`{meaning.scope}`" if meaning.scope else ""


def _listed(codes: Sequence[str]) -> str:
    """Numbers in order, then words."""
    numbers = sorted(int(code) for code in codes if code.isdecimal())
    words = [f"`{code}`" for code in codes if not code.isdecimal()]
    return ", ".join([*_runs(numbers), *words])


def _runs(codes: Sequence[int]) -> list[str]:
    """Three and more in a row are told by their ends."""
    told: list[str] = []
    for _, group in groupby(enumerate(codes), key=lambda one: one[1] - one[0]):
        run = [code for _, code in group]
        ends = [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)
        told += ends
    return told


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
