"""The parts of the reference page that are written from the connectors themselves."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from connectors.config import schema, secrets
from connectors.failures import Meaning, Table
from core.cascade.status import REPORTABLE, FailureClass, Until
from core.ports import Registry


def features(registry: Registry) -> str:
    """A table of what every provider can report, channel by channel."""
    untils = [until for until in Until if until in REPORTABLE]
    header = ["Provider", "Channel", *untils]
    rows = [
        [name, channel, *("yes" if until in able.reports else "no" for until in untils)]
        for name, connector in sorted(registry.channels.items())
        for channel, able in connector.capabilities.items()
    ]
    return _table(header, rows)


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
