"""The reference pages of the docs say of every connector what the connector says of itself."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from connectors import channels, reference
from connectors.registry import load_registry

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGE = REFERENCE / "connectors.md"
REGISTRY = load_registry()
CONNECTORS = {**REGISTRY.channels, **REGISTRY.platforms}


def page_of(name: str) -> Path:
    """A connector's own page, if it has one."""
    own = REFERENCE / "providers" / f"{name}.md"
    return own if own.exists() else PAGE


def generated(name: str) -> str:
    page = page_of(name.split()[-1])
    marked = rf"<!-- generated: {name} -->\n(.*?)\n<!-- end -->"
    found = re.search(marked, page.read_text(), re.DOTALL)
    assert found, f"{page} has no part marked <!-- generated: {name} -->"
    return found[1]


def test_the_features_are_those_of_the_connectors():
    assert generated("features") == reference.features(REGISTRY)


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_every_connectors_settings_are_there(name):
    assert generated(f"settings {name}") == reference.settings(CONNECTORS[name].Config)


FOLDERS = Path(channels.__file__).parent
WITH_CODES = sorted(
    name for name in REGISTRY.channels if (FOLDERS / name / "errors.py").exists()
)


@pytest.mark.parametrize("name", WITH_CODES)
def test_every_code_of_a_provider_is_there(name):
    table = import_module(f"connectors.channels.{name}.errors").FAILURES
    assert generated(f"failures {name}") == reference.failures(table)


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_every_connector_has_its_section(name):
    assert f"(`{name}`)" in page_of(name).read_text()
