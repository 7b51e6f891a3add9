"""One sandbox and one Chromium for all tests here, and a page that must stay quiet."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
)

from tests.browser.stage import (
    CHROMIUMS,
    Stage,
    chromium,
    chromium_running,
    sandbox_running,
)

Opener = Callable[..., AbstractContextManager[Stage]]

# The page of an error is itself an error to the console of the browser.
EXPECTED = "the server responded with a status of 404"
SECONDS = 20
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = chromium()
    if not program:
        pytest.skip(f"there is no Chromium: none of {', '.join(CHROMIUMS)} is on PATH")
    with chromium_running(program) as running:
        yield running


@pytest.fixture(scope="package")
def url(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as address:
        yield address


@pytest.fixture(scope="package")
def opened(browser: Browser, url: str) -> Opener:
    """Opens a tab. Nothing may go wrong in it, and nothing may be loaded from elsewhere."""

    @contextmanager
    def open_tab(
        width: int = 1280, height: int = 900, **options: Any
    ) -> Iterator[Stage]:
        size = ViewportSize(width=width, height=height)
        context = browser.new_context(viewport=size, **options)
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        complaints = _complaints(page, url)
        try:
            yield Stage(page, url)
        finally:
            context.close()
        assert complaints == []

    return open_tab


@pytest.fixture
def stage(opened: Opener) -> Iterator[Stage]:
    """The sandbox on a desktop, from the start, a minute a second."""
    with opened() as made:
        made.begin()
        yield made


def _complaints(page: Page, url: str) -> list[str]:
    found: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and EXPECTED not in message.text:
            found.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "data:")):
            found.append(f"request to {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: found.append(f"exception: {error}"))
    page.on("request", asked)
    return found
