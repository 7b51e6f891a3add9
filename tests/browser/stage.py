"""A real `everreach up --sandbox`, a real Chromium, and hands for its page."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.support.house import EVERREACH, OURS, until

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where Chromium is, if it is here."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def chromium_running(program: str) -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def sandbox_running(folder: Path) -> Iterator[str]:
    """An Everreach in its sandbox, with all its data in a folder; its address."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    env = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    env |= {"EVERREACH_HOME": str(folder / "home"), "EVERREACH_PORT": str(port)}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [EVERREACH, "up", "--sandbox"], env=env, stdout=out, stderr=out
        )
    try:
        until("the sandbox is ready", lambda: _is_ready(process, url, log), 60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _is_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


@dataclass(frozen=True, slots=True)
class Stage:
    """The sandbox's page, in the hands of a visitor."""

    page: Page
    url: str

    def begin(self, rate: int = 60) -> None:
        """Open it, with full shelves, empty phones and a clock at this speed."""
        requests.post(f"{self.url}/sandbox/reset", timeout=10)
        requests.post(f"{self.url}/sandbox/clock", {"rate": rate}, timeout=10)
        choices = f"{self.url}/sandbox/choices"
        requests.post(choices, {"way": "whatsapp-sms"}, timeout=10)
        self.page.goto(self.url)

    def order(self, who: str) -> Locator:
        """The first order of a customer."""
        return self.page.locator(".order", has_text=who).first

    def press(self, who: str, label: str) -> None:
        """Move a customer's first order on."""
        self.order(who).get_by_role("button", name=label).click()

    def ship(self, who: str) -> None:
        """Ship a customer's first order."""
        self.press(who, "Ship")

    def speed(self, rate: int) -> None:
        """Turn the clock up or down."""
        self.page.locator(f"#speed-{rate}").click()

    def choose(self, name: str, label: str) -> None:
        """Choose a way for messages, or what providers do wrong."""
        choices = self.page.locator(f"#{name}")
        with self.page.expect_response("**/sandbox/choices"):
            choices.select_option(label=label)

    def phone(self, who: str) -> Locator:
        """A customer's phone."""
        return self.page.locator(".customer", has_text=who)

    def bubbles(self, who: str, channel: str = "") -> Locator:
        """What a customer's phone shows, of one channel or of all."""
        kind = f".bubble-{channel}" if channel else ".bubble"
        return self.page.locator(".customer", has_text=who).locator(kind)

    def story(self, who: str, reminder: str = "order-shipped") -> Locator:
        """The timeline that is shown, if it is about this."""
        return self.page.locator(".selected", has_text=f"{reminder} to {who}")
