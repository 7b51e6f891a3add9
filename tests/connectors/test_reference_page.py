"""The reference pages of the docs say of every connector what the connector says of itself."""

import re

import pytest

from connectors.registry import load_registry
from tests.pages import DOCS, PROVIDERS, brought_up_to_date, codes, pages

REGISTRY = load_registry()
HEADINGS = [
    "What it sends",
    "Set it up",
    "Delivery reports",
    "Replies",
    "Expiry",
    "Price",
    "Status",
    "Failures",
    "Good to know",
]

every_provider = pytest.mark.parametrize("name", sorted(REGISTRY.channels))


def page_of(name):
    return (PROVIDERS / f"{name}.md").read_text()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_what_connectors_say_of_themselves_is_up_to_date(page):
    assert (
        brought_up_to_date(page.read_text()) == page.read_text()
    )  # tests.pages writes


@every_provider
def test_every_providers_page_has_the_same_headings(name):
    page = page_of(name)

    assert re.findall("(?m)^# .*", page)[0].endswith(f"(`{name}`)")
    assert re.findall("(?m)^## (.*)", page) == HEADINGS


@every_provider
def test_every_providers_page_has_its_settings_and_codes(name):
    page = page_of(name)

    assert f"<!-- generated: settings {name} -->" in page
    assert (f"<!-- generated: failures {name} -->" in page) == bool(codes(name))


def test_the_index_compares_all_providers():
    page = page_of("README")

    assert "<!-- generated: features -->" in page
    assert "<!-- generated: reports -->" in page


@pytest.mark.parametrize("name", sorted(REGISTRY.platforms))
def test_every_platform_has_its_section(name):
    page = (DOCS / "connectors.md").read_text()

    assert f"(`{name}`)" in page
    assert f"<!-- generated: settings {name} -->" in page
