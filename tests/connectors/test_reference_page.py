"""The reference says of every connector what the connector says of itself."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from connectors import channels, reference
from connectors.registry import load_registry

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGES = [REFERENCE / "connectors.md", *sorted(REFERENCE.glob("providers/*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
REGISTRY = load_registry()
CONNECTORS = {**REGISTRY.channels, **REGISTRY.platforms}


def generated(name: str) -> str:
    marked = rf"<!-- generated: {name} -->\n(.*?)\n<!-- end -->"
    found = re.search(marked, TEXT, re.DOTALL)
    assert found, f"no page has a part marked <!-- generated: {name} -->"
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
    assert f"(`{name}`)" in TEXT
