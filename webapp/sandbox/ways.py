"""Which channels the shop tries, and in which order: a choice on the sandbox's page.

What is chosen is applied as a set-up file, as an owner would change theirs.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from core.services.setup.document import parse

Steps = tuple[Mapping[str, Any], ...]


class Way(NamedTuple):
    """One order of channels, in words and as steps; None for the set-up file's own."""

    label: str
    steps: Steps | None


def _step(channel: str, sender: str, until: str, wait: str = "30m") -> dict[str, str]:
    return {"channel": channel, "sender": sender, "until": until, "wait": wait}


WAYS: Final[Mapping[str, Way]] = {
    "whatsapp-sms": Way("WhatsApp → SMS", None),
    "whatsapp-viber-sms": Way(
        "WhatsApp → Viber → SMS",
        (
            _step("whatsapp", "wa", "delivered"),
            _step("viber", "vonage", "delivered"),
            {"channel": "sms", "sender": "kannel"},
        ),
    ),
    "rcs-sms-email": Way(
        "RCS → SMS → email",
        (
            _step("rcs", "vonage", "delivered"),
            _step("sms", "dexatel", "delivered"),
            {"channel": "email", "sender": "mail"},
        ),
    ),
    "all": Way(
        "All five, until an answer",
        (
            _step("whatsapp", "wa", "replied", "5m"),
            _step("viber", "vonage", "replied", "5m"),
            _step("rcs", "vonage", "replied", "5m"),
            _step("sms", "sms", "replied", "5m"),
            {"channel": "email", "sender": "mail"},
        ),
    ),
}
USUAL: Final = "whatsapp-sms"

_FILE = Path(__file__).parent / "sandbox.yaml"
_LED = ("order-shipped", "out-for-delivery")


def setup_of(key: str) -> str:
    """The sandbox's set-up file when this is chosen; JSON is YAML too."""
    text = _FILE.read_text(encoding="utf-8")
    steps = WAYS[key].steps
    if steps is None:
        return text
    document = parse(text)
    for reminder in document["reminders"]:
        if reminder["key"] in _LED:
            reminder["steps"] = steps
    return json.dumps(document)
