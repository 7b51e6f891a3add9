"""Whether everybody can use the pages: contrast, names, roles, and room on a phone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect
from werkzeug.serving import make_server

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.services.messages import list_messages
from core.store import migrate
from tests.browser.conftest import Opener
from tests.conftest import SetClock
from tests.support import loopback
from tests.support.gallery import Gallery
from webapp.app import build_app
from webapp.panel import panel

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
        stage.choose("way", "All five, until an answer")
        stage.ship("Clara Ekdahl")
        expect(stage.bubbles("Clara Ekdahl", "whatsapp")).to_be_visible()
        stage.speed(600)
        expect(stage.bubbles("Clara Ekdahl", "email")).to_be_visible()
        line = stage.phone("Clara Ekdahl").get_by_label("Answer", exact=True)
        line.fill("Thank you")
        line.press("Enter")
        expect(stage.phone("Clara Ekdahl").locator(".bubble-own")).to_be_visible()
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


@pytest.fixture(scope="module")
def clinic(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """The pages of a clinic with a broken sender, and messages of every kind."""
    home = tmp_path_factory.mktemp("clinic")
    settings = Settings.from_env({"EVERREACH_HOME": str(home), "REDIS_URL": redis_url})
    migrate.upgrade(settings)
    with (
        loopback.providers() as providers,
        open_everreach(settings, load_registry()) as opened,
    ):
        app = replace(opened, clock=SetClock())
        Gallery(app, providers).fill()
        messages = [f"/messages/{one.id}" for one in list_messages(app)]
        with _served(app) as url:
            yield [url + path for path in ("/messages", *messages)]


@contextmanager
def _served(app: Everreach) -> Iterator[str]:
    flask = build_app(app)
    flask.register_blueprint(panel)
    server = make_server("127.0.0.1", 0, flask)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1280, "light", "en"),
        (1280, "dark", "it"),
        (320, "dark", "en"),
        (320, "light", "de"),
    ],
)
def test_what_needs_the_owner_is_for_everybody_too(
    browser: Browser, clinic: list[str], width: int, scheme: str, language: str
) -> None:
    size = ViewportSize(width=width, height=900)
    with browser.new_context(
        viewport=size, color_scheme=scheme, locale=language, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        for url in clinic:
            page.goto(url)
            expect(page.locator(".notice")).to_be_visible()
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth") == width, url
            found = Axe().run(page)
            assert found.violations_count == 0, f"{url}\n{found.generate_report()}"
