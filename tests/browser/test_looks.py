"""Whether everybody can use the pages: contrast, names, roles, and room on a phone."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Paths:
    """Where the pages are."""

    under_way: str
    finished: str

    def all(self) -> dict[str, str]:
        return {
            "sandbox": "/",
            "messages": "/messages",
            "message under way": self.under_way,
            "message": self.finished,
            "not found": "/nowhere",
        }


@pytest.fixture(scope="module")
def paths(opened: Opener) -> Iterator[Paths]:
    """Pages with something on them: on time, late, in vain and still under way."""
    with opened() as stage:
        stage.begin()
        for who in ("Ebba Hallgren", "Bengt Nyström", "Filip Norén"):
            stage.ship(who)
            expect(stage.story(who)).to_be_visible()
        expect(stage.bubbles("Filip Norén", "whatsapp")).to_contain_text("Read")
        expect(stage.bubbles("Bengt Nyström", "sms")).to_be_visible()
        stage.speed(1)
        finished = _whole_message(stage.page)
        stage.ship("David Sjöberg")
        expect(stage.story("David Sjöberg")).to_contain_text("left")
        yield Paths(under_way=_whole_message(stage.page), finished=finished)


def _whole_message(page: Page) -> str:
    link = page.get_by_role("link", name="The whole message")
    return link.get_attribute("href") or ""


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_to_say(
    opened: Opener, paths: Paths, scheme: str, width: int
) -> None:
    with opened(width, color_scheme=scheme, reduced_motion="reduce") as stage:
        for path in paths.all().values():
            stage.page.goto(stage.url + path)
            found = Axe().run(stage.page)
            assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_no_page_moves_sideways_on_a_small_phone(opened: Opener, paths: Paths) -> None:
    with opened(320) as stage:
        for path in paths.all().values():
            stage.page.goto(stage.url + path)
            width = stage.page.evaluate("document.documentElement.scrollWidth")
            assert width == 320, path
