"""The set-up file speaks of the same shop, numbers and templates as the world."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.webapp.sandbox.conftest import settings_for
from webapp import sandbox
from webapp.sandbox.cast import CURRENCY, SHOP_DOMAIN, SHOP_NAME, SMS_NUMBER, TIME_ZONE
from webapp.sandbox.keys import sandbox_secrets
from webapp.sandbox.meta_templates import find, slots
from webapp.sandbox.store import WorldFile

TEXT = Path(sandbox.__file__).with_name("sandbox.yaml").read_text()
SETUP: dict[str, Any] = yaml.safe_load(TEXT)


def test_it_is_the_same_shop():
    assert SETUP["account"] == {
        "key": "sandbox",
        "name": SHOP_NAME,
        "timezone": TIME_ZONE,
        "currency": CURRENCY,
        "country": "IT",
    }
    assert SETUP["connections"][0]["config"]["shop"] == SHOP_DOMAIN
    assert SETUP["senders"][1]["config"]["from"] == SMS_NUMBER


@pytest.fixture
def world(tmp_path) -> Iterator[WorldFile]:
    file = WorldFile(tmp_path / "world.sqlite3")
    yield file
    file.close()


@pytest.mark.parametrize("message", SETUP["messages"], ids=lambda m: m["key"])
def test_every_template_is_approved_and_filled(message, world):
    for language, said in {"en": message, **message.get("languages", {})}.items():
        sent = message["whatsapp"] | said["whatsapp"]
        with world.transaction() as tx:
            kept = find(tx, sent["template"], language)
        assert sent["language"] == language
        assert kept
        assert len(slots(kept.part("BODY")["text"])) == len(sent["body"])
        assert ("image" in sent) == (kept.part("HEADER").get("format") == "IMAGE")
        buttons = kept.part("BUTTONS").get("buttons", [])
        assert len(buttons) == len(sent.get("buttons", []))


def test_every_picture_is_one_of_the_shops():
    told = set(re.findall(r"https://riverside\.example/pictures/(\S+)", TEXT))
    kept = {one.name for one in Path(sandbox.__file__).with_name("pictures").iterdir()}
    assert told == kept


def test_every_secret_and_address_is_filled_in(tmp_path, port):
    given = sandbox_secrets(settings_for(tmp_path, port))
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(given)
    assert given["SANDBOX_META_URL"].startswith(f"http://127.0.0.1:{port}/sandbox/")
