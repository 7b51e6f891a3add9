"""The templates that the sandbox's Meta keeps, and its review of new ones.

https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webapp.sandbox.cast import TRACKING
from webapp.sandbox.graph import GraphError

REVIEW: Final = timedelta(minutes=1)
_LONG_AGO: Final = datetime(2025, 1, 1, tzinfo=UTC)
_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")
_ADVERTS: Final = re.compile(r"\d ?%|discount|sale\b", re.IGNORECASE)
_LIVES: Final = {
    "UTILITY": (30, 43_200),
    "AUTHENTICATION": (30, 900),
    "MARKETING": (43_200, 2_592_000),
}
# What the shop has had approved before, in English.
FIRST: Final = {
    "order_shipped": "Hi {{1}}, your order {{2}} is on its way. Follow it here: {{3}}",
    "order_out_for_delivery": (
        "Hi {{1}}, your order {{2}} is out for delivery and arrives today."
    ),
    "order_delivered": "Hi {{1}}, your order {{2}} has been delivered. Enjoy it!",
}
_PARCEL: Final = {
    "en": ("Hi {{1}}, your order {{2}} is on its way.", "Track it"),
    "sv": ("Hej {{1}}, din order {{2}} är på väg.", "Spåra den"),
}
_HOME: Final = {
    "en": (
        "Hi {{1}}, your order {{2}} is out for delivery and arrives today. "
        "Is somebody at home?",
        ("Yes, at home", "Another day"),
    ),
    "sv": (
        "Hej {{1}}, din order {{2}} levereras i dag. Är någon hemma?",
        ("Ja, hemma", "En annan dag"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A template. `lives` is in seconds, 0 if nothing was said."""

    id: str
    name: str
    language: str
    category: str
    verdict: str
    reviewed_at: datetime
    lives: int
    components: list[Mapping[str, Any]]

    def status(self, now: datetime) -> str:
        """What its review has come to."""
        return self.verdict if self.reviewed_at <= now else "PENDING"

    def part(self, kind: str) -> Mapping[str, Any]:
        """One of its components, empty if it has none of this kind."""
        found = (one for one in self.components if one["type"].upper() == kind)
        return next(found, {})

    def shown(self, now: datetime) -> dict[str, Any]:
        """As Meta lists it."""
        named = any(
            not slot.isdigit() for slot in slots(self.part("BODY").get("text", ""))
        )
        ttl = {"message_send_ttl_seconds": self.lives} if self.lives else {}
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.status(now),
            "components": self.components,
            "parameter_format": "NAMED" if named else "POSITIONAL",
            **ttl,
        }


def find(tx: sqlite3.Connection, name: str, language: str) -> Kept | None:
    """A template by its name and language."""
    found = (one for one in all_of(tx) if (one.name, one.language) == (name, language))
    return next(found, None)


def all_of(tx: sqlite3.Connection) -> list[Kept]:
    """Every template, oldest first."""
    _open(tx)
    return [
        _kept(row) for row in tx.execute("SELECT * FROM meta_templates ORDER BY id")
    ]


def add(tx: sqlite3.Connection, asked: Mapping[str, Any], now: datetime) -> Kept:
    """Take a new template in for review. Raises GraphError."""
    _check(asked)
    if find(tx, asked["name"], asked["language"]):
        title = "Content in this language already exists"
        raise GraphError(400, 100, "Invalid parameter", title, 2388024)
    verdict = "REJECTED" if _is_advert(asked) else "APPROVED"
    _insert(tx, asked, verdict, now + REVIEW)
    kept = find(tx, asked["name"], asked["language"])
    assert kept
    return kept


def page(
    tx: sqlite3.Connection, now: datetime, limit: int, after: str
) -> dict[str, Any]:
    """Some of the templates, from behind the cursor `after`."""
    known = all_of(tx)
    start = int(after) if after.isdigit() else 0
    found = known[start : start + limit]
    end = start + len(found)
    cursors = {"before": str(start), "after": str(end)}
    more = {"next": f"?after={end}"} if end < len(known) else {}
    shown = [one.shown(now) for one in found]
    return {"data": shown, "paging": {"cursors": cursors, **more}}


def summary(tx: sqlite3.Connection) -> dict[str, Any]:
    """How many there are, for those who ask."""
    count = len(all_of(tx))
    counts = {"total_count": count, "message_template_count": count}
    limits = {"message_template_limit": 250, "are_translations_complete": True}
    return {"summary": {**counts, **limits}}


def slots(text: str) -> list[str]:
    """The variables of a text, each once."""
    return list(dict.fromkeys(_SLOT.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables filled in."""
    return _SLOT.sub(lambda slot: values[slot[1]], text)


def _check(asked: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"[a-z0-9_]{1,512}", str(asked.get("name"))):
        raise _wrong("name may have lowercase letters, digits and underscores only")
    if asked.get("category") not in _LIVES or not asked.get("language"):
        raise _wrong("category or language is not known")
    shortest, longest = _LIVES[asked["category"]]
    lives = asked.get("message_send_ttl_seconds")
    if lives is not None and not shortest <= lives <= longest:
        raise _wrong(f"message_send_ttl_seconds must be {shortest} to {longest}")
    parts = {one["type"].upper(): one for one in asked.get("components", ())}
    if "BODY" not in parts:
        raise _wrong("components has no BODY")
    if asked["category"] != "AUTHENTICATION":
        _check_body(parts["BODY"])


def _check_body(body: Mapping[str, Any]) -> None:
    example = body.get("example", {})
    named = example.get("body_text_named_params", [])
    (texts,) = example.get("body_text") or [[]]
    if len(slots(body.get("text", ""))) != len(named or texts):
        raise _wrong("components: BODY needs an example for each of its variables")
    if re.search(r"^\{\{\w+\}\}|\{\{\w+\}\}$", body.get("text", "").strip()):
        raise _wrong("components: a variable cannot be at the start or end of the text")


def _is_advert(asked: Mapping[str, Any]) -> bool:
    """A reviewer's opinion: what advertises is no utility."""
    words = json.dumps(asked["components"])
    return asked["category"] == "UTILITY" and bool(_ADVERTS.search(words))


def _wrong(told: str) -> GraphError:
    return GraphError(400, 100, "Invalid parameter", told, 2388299)


def _open(tx: sqlite3.Connection) -> None:
    if tx.execute("SELECT 1 FROM meta_templates LIMIT 1").fetchone():
        return
    for name, text in FIRST.items():
        examples = ["Anna", "#1001", "https://track.example/1"][: len(slots(text))]
        body = {"type": "BODY", "text": text, "example": {"body_text": [examples]}}
        first = {"name": name, "language": "en", "category": "UTILITY"}
        _insert(tx, {**first, "components": [body]}, "APPROVED", _LONG_AGO)
    for asked in _with_more():
        _insert(tx, asked, "APPROVED", _LONG_AGO)


def _with_more() -> Iterator[Mapping[str, Any]]:
    """What else was approved before: with a picture and buttons, in two languages."""
    picture = {"type": "HEADER", "format": "IMAGE"}
    address = {"url": f"{TRACKING}{{{{1}}}}", "example": [f"{TRACKING}1"]}
    for language, (text, label) in _PARCEL.items():
        link = {"type": "URL", "text": label, **address}
        yield _asked("parcel_on_its_way", language, text, [link], picture)
    for language, (text, labels) in _HOME.items():
        replies = [{"type": "QUICK_REPLY", "text": label} for label in labels]
        yield _asked("parcel_arrives_today", language, text, replies)


def _asked(
    name: str,
    language: str,
    text: str,
    buttons: list[dict[str, Any]],
    *above: dict[str, Any],
) -> Mapping[str, Any]:
    body = {"type": "BODY", "text": text, "example": {"body_text": [["Anna", "#1001"]]}}
    components = [*above, body, {"type": "BUTTONS", "buttons": buttons}]
    kind = {"language": language, "category": "UTILITY"}
    return {"name": name, **kind, "components": components}


def _insert(
    tx: sqlite3.Connection, asked: Mapping[str, Any], verdict: str, at: datetime
) -> None:
    tx.execute(
        "INSERT INTO meta_templates"
        " (name, language, category, verdict, reviewed_at, lives, components)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            asked["name"],
            asked["language"],
            asked["category"],
            verdict,
            at.isoformat(),
            asked.get("message_send_ttl_seconds", 0),
            json.dumps(asked["components"]),
        ),
    )


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(
        id=str(700_000_000_000_000 + row["id"]),
        name=row["name"],
        language=row["language"],
        category=row["category"],
        verdict=row["verdict"],
        reviewed_at=datetime.fromisoformat(row["reviewed_at"]),
        lives=row["lives"],
        components=json.loads(row["components"]),
    )
