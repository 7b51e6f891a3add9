"""Take the pictures of the README anew: `python -m tests.browser.screenshots`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import ViewportSize, expect

from tests.browser.png import shrink
from tests.browser.stage import Stage, chromium, chromium_running, sandbox_running

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = ViewportSize(width=1280, height=1000)
LIMIT = 200_000
SECONDS = 90


def main() -> None:
    """Play the whole story at a credible pace, then take its pictures."""
    program = chromium()
    if not program:
        sys.exit("There is no Chromium here.")
    expect.set_options(timeout=SECONDS * 1000)
    with (
        TemporaryDirectory() as folder,
        sandbox_running(Path(folder)) as url,
        chromium_running(program) as browser,
    ):
        page = browser.new_page(
            viewport=SIZE, color_scheme="light", reduced_motion="reduce"
        )
        stage = Stage(page, url)
        _play(stage)
        _take(stage, "sandbox")
        page.get_by_role("link", name="The whole message").click()
        expect(page.get_by_role("heading", name="What happened")).to_be_visible()
        _take(stage, "message")


def _play(stage: Stage) -> None:
    stage.page.goto(stage.url)
    for who in ("Astrid Lindqvist", "Bengt Nyström", "Clara Ekdahl"):
        stage.ship(who)
        expect(stage.bubbles(who)).to_have_count(1)
    stage.press("Clara Ekdahl", "Out for delivery")
    expect(stage.bubbles("Clara Ekdahl", "whatsapp")).to_have_count(2)
    for who in ("Ebba Hallgren", "Filip Norén", "David Sjöberg"):
        stage.ship(who)
        expect(stage.story(who)).to_be_visible()
    expect(stage.bubbles("Filip Norén", "whatsapp")).to_contain_text("Read")
    david = stage.story("David Sjöberg")
    expect(david).to_contain_text("Sent by WhatsApp.")
    while not stage.bubbles("Clara Ekdahl", "sms").count():
        _let_pass(stage)
    expect(david).to_contain_text("Sent by SMS.")
    stage.speed(60)
    expect(stage.bubbles("David Sjöberg", "sms")).to_have_count(1)
    expect(david).to_contain_text("Read on WhatsApp.")
    stage.speed(1)


def _let_pass(stage: Stage) -> None:
    """The time until something else happens, which is shown as it really goes."""
    skip = stage.page.locator("#skip")
    if skip.count():
        skip.click()
    stage.page.wait_for_timeout(1000)


def _take(stage: Stage, name: str) -> None:
    stage.page.mouse.move(0, 0)
    stage.page.evaluate("document.activeElement.blur()")
    picture = IMAGES / f"{name}.png"
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(shrink(stage.page.screenshot()))
    size = picture.stat().st_size
    print(f"{picture}: {size / 1000:.0f} kB")  # noqa: T201 - it is a command
    if size > LIMIT:
        sys.exit(f"{picture} is larger than {LIMIT / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
