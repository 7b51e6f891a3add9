"""Meta's Cloud API, as the sandbox plays it: takes messages, reports on them.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from core.message.content import Button
from core.ports import Clock
from webapp.sandbox import graph, meta_templates, outbox, phones, quirks, signing
from webapp.sandbox.cast import SHOP_NAME, Kind
from webapp.sandbox.graph import GraphError, Request
from webapp.sandbox.journey import Journey, by_whatsapp
from webapp.sandbox.meta_render import name_of, rendered
from webapp.sandbox.meta_reports import TITLES, Told, person, statuses, user_id
from webapp.sandbox.meta_templates import Kept
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.quirks import Quirk
from webapp.sandbox.refusals import turns_away
from webapp.sandbox.store import WorldFile

PATH: Final = "/receipts/whatsapp_cloud/sandbox.wa"
WINDOW: Final = timedelta(hours=24)

_DISPLAY_NUMBER = "46701740699"
_RETRIES: Final = (10.0, 60.0, 300.0, 1800.0, 7200.0)
_NOT_ON_WHATSAPP, _OUTSIDE_WINDOW, _TOO_FAST = 131026, 131047, 130429

Answer = tuple[int, dict[str, Any]]


class MetaCloud:
    """One business number at Meta."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._phone_id = keys["SANDBOX_META_PHONE_ID"]
        self._waba_id = keys["SANDBOX_META_WABA_ID"]
        self._token = keys["SANDBOX_META_TOKEN"]
        self._app_secret = keys["SANDBOX_META_APP_SECRET"]

    # --- What it is asked

    def send(
        self, version: str, phone_id: str, authorization: str, body: bytes
    ) -> Answer:
        """The answer to POST <version>/<phone id>/messages: HTTP status and JSON."""

        def take() -> dict[str, Any]:
            self._authorize(version, phone_id, self._phone_id, authorization)
            return self._take(graph.read(body))

        return _answered(take)

    def number(
        self, version: str, phone_id: str, authorization: str, fields: str
    ) -> Answer:
        """The answer to GET <version>/<phone id>."""

        def tell() -> dict[str, Any]:
            self._authorize(version, phone_id, self._phone_id, authorization)
            known = {
                "verified_name": SHOP_NAME,
                "display_phone_number": f"+{_DISPLAY_NUMBER}",
                "quality_rating": "GREEN",
            }
            wanted = fields.split(",") if fields else list(known)
            told = {name: known[name] for name in wanted if name in known}
            return {**told, "id": self._phone_id}

        return _answered(tell)

    def templates(
        self, version: str, waba_id: str, authorization: str, query: Mapping[str, str]
    ) -> Answer:
        """The answer to GET <version>/<business account id>/message_templates."""

        def tell() -> dict[str, Any]:
            self._authorize(version, waba_id, self._waba_id, authorization)
            limit = int(query.get("limit", "25"))
            with self._file.transaction() as tx:
                now, after = self._clock.now(), query.get("after", "")
                found = meta_templates.page(tx, now, limit, after)
                counted = meta_templates.summary(tx) if "summary" in query else {}
                return {**found, **counted}

        return _answered(tell)

    def create_template(
        self, version: str, waba_id: str, authorization: str, body: bytes
    ) -> Answer:
        """The answer to POST <version>/<business account id>/message_templates."""

        def take() -> dict[str, Any]:
            self._authorize(version, waba_id, self._waba_id, authorization)
            asked, now = graph.parse(body), self._clock.now()
            with self._file.transaction() as tx:
                kept = meta_templates.add(tx, asked, now)
                outbox.put(tx, self._review(kept), kept.reviewed_at)
            answer = {"id": kept.id, "status": kept.status(now)}
            return {**answer, "category": kept.category}

        return _answered(take)

    def hear(
        self,
        number: str,
        *,
        text: str = "",
        button: Button | None = None,
        answers: str | None = None,
    ) -> None:
        """Somebody writes to the business, or presses a reply button; `answers` is a wamid.

        From then on it may write what it likes to them, for a day.
        """
        now = self._clock.now()
        with self._file.transaction() as tx:
            window = (number, now.timestamp())
            tx.execute("INSERT OR REPLACE INTO meta_windows VALUES (?, ?)", window)
            hidden = quirks.of(tx, number).hidden
            about = {
                "id": _wamid(number),
                "timestamp": str(int(now.timestamp())),
                "from_user_id": user_id(number),
                **({} if hidden else {"from": number[1:]}),
                **(
                    {"context": {"from": _DISPLAY_NUMBER, "id": answers}}
                    if answers
                    else {}
                ),
            }
            said = _said(text, button, _was_template(tx, answers))
            value = {
                "contacts": [person(number, hidden=hidden)],
                "messages": [{**about, **said}],
            }
            outbox.put(tx, self._message(value), now)

    # --- What it does

    def _authorize(self, version: str, id: str, own: str, authorization: str) -> None:
        if not signing.same(authorization, f"Bearer {self._token}"):
            title = "Invalid OAuth access token - Cannot parse access token"
            raise GraphError(401, 190, title)
        if not re.fullmatch(r"v\d+\.\d+", version):
            raise GraphError(400, 2500, f"Unknown path components: /{version}")
        if id != own:
            title = f"Unsupported request. Object with ID '{id}' is not here"
            raise GraphError(400, 100, title)

    def _take(self, request: Request) -> dict[str, Any]:
        with self._file.transaction() as tx:
            quirk, now = quirks.of(tx, request.to), self._clock.now()
            kept = _template(tx, request)
            if request.is_template:
                request = replace(request, shown=rendered(kept, request.content, now))
        if quirk.refuses:
            title, details = TITLES.get(quirk.refuses, ("Refused", ""))
            raise GraphError(400, quirk.refuses, title, details)
        if self._is_too_busy(request):
            details = "Cloud API message throughput has been reached."
            raise GraphError(429, _TOO_FAST, "Rate limit hit", details)
        with self._file.transaction() as tx:
            return _accepted(request, kept, self._dispatch(tx, request, kept, quirk))

    def _is_too_busy(self, request: Request) -> bool:
        if phones.kind_of(request.to) is not Kind.BUSY:
            return False
        with self._file.transaction() as tx:
            return turns_away(tx, request.fingerprint)

    def _dispatch(
        self, tx: sqlite3.Connection, request: Request, kept: Kept | None, quirk: Quirk
    ) -> str:
        """Send it on its way; its wamid."""
        now, shown = self._clock.now(), request.shown
        assert shown
        on_at = phones.ring(tx, request.to, now)
        journey = by_whatsapp(phones.kind_of(request.to), now, on_at)
        code = _NOT_ON_WHATSAPP
        if kept is None and not _is_open(tx, request.to, now):
            journey, code = Journey(failed_at=journey.failed_at or now), _OUTSIDE_WINDOW
        elif quirk.fails:
            journey, code = Journey(failed_at=now), quirk.fails
        elif kept and kept.lives:
            journey = _cut(journey, now + timedelta(seconds=kept.lives))
        wamid = _wamid(request.to)
        sent = Sent(
            id=wamid,
            provider="whatsapp_cloud",
            channel="whatsapp",
            text=shown.text,
            from_name=SHOP_NAME,
            media=shown.media,
            buttons=shown.buttons,
        )
        phones.receive(tx, request.to, sent, journey)
        told = Told(
            wamid=wamid,
            to=request.to,
            reference=request.reference,
            category=kept.category.lower() if kept else "service",
            older=_is_every_second(tx, wamid, kept) and not quirk.hidden,
            hidden=quirk.hidden,
        )
        for at, value in quirk.posts(list(statuses(told, journey, code))):
            outbox.put(tx, self._message(value), at)
        return wamid

    def _message(self, value: Mapping[str, Any]) -> Webhook:
        metadata = {
            "display_phone_number": _DISPLAY_NUMBER,
            "phone_number_id": self._phone_id,
        }
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        return self._webhook({"value": whole, "field": "messages"})

    def _review(self, kept: Kept) -> Webhook:
        rejected = kept.verdict == "REJECTED"
        value = {
            "event": kept.verdict,
            "message_template_id": int(kept.id),
            "message_template_name": kept.name,
            "message_template_language": kept.language,
            "message_template_category": kept.category,
            "reason": "INCORRECT_CATEGORY" if rejected else "NONE",
        }
        change = {"value": value, "field": "message_template_status_update"}
        return self._webhook(change, time=int(kept.reviewed_at.timestamp()))

    def _webhook(self, change: Mapping[str, Any], **more: int) -> Webhook:
        entry = {"id": self._waba_id, **more, "changes": [change]}
        payload = {"object": "whatsapp_business_account", "entry": [entry]}
        # Meta signs what it sends: compact, with everything but ASCII and "/" escaped.
        body = json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signing.meta(self._app_secret, body),
        }
        return Webhook(path=PATH, headers=headers, body=body, retries=_RETRIES)


def _answered(make: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return 200, make()
    except GraphError as error:
        return error.status, error.body(trace="A" + secrets.token_urlsafe(16))


def _template(tx: sqlite3.Connection, request: Request) -> Kept | None:
    if not request.is_template:
        return None
    return meta_templates.find(tx, *name_of(request.content))


def _is_open(tx: sqlite3.Connection, number: str, now: datetime) -> bool:
    """Whether somebody has written within a day, so that they may be written to freely."""
    since = (number, (now - WINDOW).timestamp())
    query = "SELECT 1 FROM meta_windows WHERE number = ? AND at > ?"
    return tx.execute(query, since).fetchone() is not None


def _cut(journey: Journey, dies_at: datetime) -> Journey:
    """Without what would come after its template's lifetime. Meta does not say that it died."""
    if journey.delivered_at is None or journey.delivered_at <= dies_at:
        return journey
    return replace(journey, delivered_at=None, read_at=None)


def _is_every_second(tx: sqlite3.Connection, wamid: str, kept: Kept | None) -> bool:
    """Remember a message. Every second one is reported in the shape of before 2026."""
    row = (wamid, kept is not None)
    made = tx.execute("INSERT INTO meta_messages (wamid, template) VALUES (?, ?)", row)
    return bool(made.lastrowid and made.lastrowid % 2 == 0)


def _was_template(tx: sqlite3.Connection, wamid: str | None) -> bool:
    query = "SELECT template FROM meta_messages WHERE wamid = ?"
    row = tx.execute(query, (wamid,)).fetchone()
    return bool(row and row["template"])


def _said(text: str, button: Button | None, on_template: bool) -> dict[str, Any]:
    if button is None:
        return {"type": "text", "text": {"body": text}}
    if on_template:
        pressed = {"payload": button.value, "text": button.text}
        return {"type": "button", "button": pressed}
    pressed = {"id": button.value, "title": button.text}
    chosen = {"type": "button_reply", "button_reply": pressed}
    return {"type": "interactive", "interactive": chosen}


def _accepted(request: Request, kept: Kept | None, wamid: str) -> dict[str, Any]:
    message = {"id": wamid}
    if kept:
        message["message_status"] = "accepted"
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": request.given_to, "wa_id": request.to[1:]}],
        "messages": [message],
    }


def _wamid(to: str) -> str:
    """As long and as opaque as Meta's, with the recipient inside."""
    unique = secrets.token_hex(10).upper().encode()
    inside = b"\x1c\x18\x0b" + to[1:].encode() + b"\x15\x02\x00\x11\x18\x14" + unique
    return "wamid." + base64.b64encode(inside + b"\x00").decode()
