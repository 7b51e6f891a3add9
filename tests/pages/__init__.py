"""The parts of the docs that the connectors write about themselves.

They stand between `<!-- generated: … -->` and `<!-- end -->`.
"""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from connectors import reference
from connectors.failures import Table
from connectors.registry import load_registry

DOCS = Path(__file__).parents[2] / "docs" / "reference"
PROVIDERS = DOCS / "providers"
MARKED = re.compile(r"<!-- generated: (.+?) -->\n.*?<!-- end -->", re.DOTALL)


def pages() -> list[Path]:
    """The pages that have such parts."""
    return [DOCS / "connectors.md", *sorted(PROVIDERS.glob("*.md"))]


def brought_up_to_date(text: str) -> str:
    """A page, with these parts written anew."""
    return MARKED.sub(_marked, text)


def codes(provider: str) -> Table | None:
    """What a provider's error codes mean: FAILURES in its `errors` or in itself."""
    home = f"connectors.channels.{provider}"
    package = bool(import_module(home).__spec__.submodule_search_locations)
    apart = package and find_spec(f"{home}.errors")
    return getattr(import_module(f"{home}.errors" if apart else home), "FAILURES", None)


def _marked(found: re.Match[str]) -> str:
    return f"<!-- generated: {found[1]} -->\n{_written(found[1])}\n<!-- end -->"


def _written(what: str) -> str:
    registry = load_registry()
    match what.split():
        case ["features"]:
            return reference.features(registry)
        case ["reports"]:
            return reference.reports(registry)
        case ["settings", name]:
            known = {**registry.channels, **registry.platforms}
            return reference.settings(known[name].Config)
        case ["failures", name]:
            return reference.failures(codes(name) or {})
    raise ValueError(f"nothing writes {what!r}")
