"""The parts of the reference page that are written from the connectors themselves."""

from collections.abc import Iterator
from typing import Any

from connectors.config import schema, secrets
from core.cascade.status import Until
from core.ports import Registry


def features(registry: Registry) -> str:
    """A table of what every provider can report, channel by channel."""
    header = ["Provider", "Channel", *Until]
    rows = [
        [name, channel, *("yes" if until in reports else "no" for until in Until)]
        for name, connector in sorted(registry.channels.items())
        for channel, reports in connector.reports.items()
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


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
