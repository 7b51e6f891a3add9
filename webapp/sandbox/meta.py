"""Meta's Cloud API, as the sandbox plays it: takes messages, reports on them.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from core.ports import Clock
from webapp.sandbox import graph, outbox, phones, signing
from webapp.sandbox.cast import SHOP_NAME, Kind
from webapp.sandbox.graph import GraphError, Request
from webapp.sandbox.journey import Journey, by_whatsapp
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.store import WorldFile

PATH: Final = "/receipts/whatsapp_cloud/sandbox.wa"

_WABA_ID = "102030405060708"
_DISPLAY_NUMBER = "46701740699"
_RETRIES: Final = (10.0, 60.0, 300.0, 1800.0, 7200.0)
_REFUSALS = 2
_PRICING = {
    "billable": True,
    "pricing_model": "PMP",
    "type": "regular",
    "category": "utility",
}
_HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
_NOT_ON_WHATSAPP = (131026, "Message undeliverable", "Message Undeliverable.")
_OUTSIDE_WINDOW = (
    131047,
    "Re-engagement message",
    "Message failed to send because more than 24 hours have passed since the customer "
    "last replied to this number.",
)


class MetaCloud:
    """One business number at Meta."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._phone_id = keys["SANDBOX_META_PHONE_ID"]
        self._token = keys["SANDBOX_META_TOKEN"]
        self._app_secret = keys["SANDBOX_META_APP_SECRET"]

    def send(
        self, version: str, phone_id: str, authorization: str, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """The answer to POST <version>/<phone id>/messages: HTTP status and JSON."""
        try:
            self._authorize(version, phone_id, authorization)
            request = graph.read(body)
            return 200, self._take(request)
        except GraphError as error:
            return error.status, error.body(trace="A" + secrets.token_urlsafe(16))

    def _authorize(self, version: str, phone_id: str, authorization: str) -> None:
        if not signing.same(authorization, f"Bearer {self._token}"):
            title = "Invalid OAuth access token - Cannot parse access token"
            raise GraphError(401, 190, title)
        if not re.fullmatch(r"v\d+\.\d+", version):
            raise GraphError(400, 2500, f"Unknown path components: /{version}")
        if phone_id != self._phone_id:
            title = f"Unsupported post request. Object with ID '{phone_id}' is not here"
            raise GraphError(400, 100, title)

    def _take(self, request: Request) -> dict[str, Any]:
        if self._is_too_busy(request):
            details = "Cloud API message throughput has been reached."
            raise GraphError(429, 130429, "Rate limit hit", details)
        with self._file.transaction() as tx:
            return _accepted(request, self._dispatch(tx, request, self._clock.now()))

    def _is_too_busy(self, request: Request) -> bool:
        if phones.kind_of(request.to) is not Kind.BUSY:
            return False
        with self._file.transaction() as tx:
            return _turns_away(tx, request.fingerprint)

    def _dispatch(self, tx: sqlite3.Connection, request: Request, now: datetime) -> str:
        """Send it on its way; its wamid."""
        on_at = phones.ring(tx, request.to, now)
        journey = by_whatsapp(phones.kind_of(request.to), now, on_at)
        if not request.is_template:
            # Nobody in the cast ever writes, so no window for free text is open.
            journey = Journey(failed_at=journey.failed_at or now)
        sent = Sent(
            id=_wamid(request.to),
            channel="whatsapp",
            text=request.text,
            from_name=SHOP_NAME,
        )
        phones.receive(tx, request.to, sent, journey)
        for at, status in _statuses(sent.id, request, journey):
            outbox.put(tx, self._webhook(status), at)
        return sent.id

    def _webhook(self, value: Mapping[str, Any]) -> Webhook:
        metadata = {
            "display_phone_number": _DISPLAY_NUMBER,
            "phone_number_id": self._phone_id,
        }
        value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        change = {"value": value, "field": "messages"}
        entry = {"id": _WABA_ID, "changes": [change]}
        payload = {"object": "whatsapp_business_account", "entry": [entry]}
        # Meta signs what it sends: compact, with everything but ASCII and "/" escaped.
        body = json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signing.meta(self._app_secret, body),
        }
        return Webhook(path=PATH, headers=headers, body=body, retries=_RETRIES)


def _turns_away(tx: sqlite3.Connection, message: str) -> bool:
    """Twice; then it may come in, and is forgotten."""
    row = tx.execute(
        "INSERT INTO refusals VALUES (?, 1)"
        " ON CONFLICT (message) DO UPDATE SET times = times + 1 RETURNING times",
        (message,),
    ).fetchone()
    if row["times"] <= _REFUSALS:
        return True
    tx.execute("DELETE FROM refusals WHERE message = ?", (message,))
    return False


def _accepted(request: Request, wamid: str) -> dict[str, Any]:
    message = {"id": wamid}
    if request.is_template:
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


def _statuses(
    wamid: str, request: Request, journey: Journey
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """What Meta reports of a journey, and when."""
    contact = {"profile": {"name": "Customer"}, "wa_id": request.to[1:]}
    if at := journey.sent_at:
        status = _status(wamid, request, "sent", at)
        yield at, {"contacts": [contact], "statuses": [{**status, "pricing": _PRICING}]}
    if at := journey.delivered_at:
        status = _status(wamid, request, "delivered", at)
        yield at, {"statuses": [{**status, "pricing": _PRICING}]}
    if at := journey.read_at:
        yield at, {"statuses": [_status(wamid, request, "read", at)]}
    if at := journey.failed_at:
        reason = _NOT_ON_WHATSAPP if request.is_template else _OUTSIDE_WINDOW
        status = _status(wamid, request, "failed", at)
        yield at, {"statuses": [{**status, "errors": [_error(*reason)]}]}


def _status(wamid: str, request: Request, status: str, at: datetime) -> dict[str, Any]:
    ours = request.reference
    return {
        "id": wamid,
        "status": status,
        "timestamp": str(int(at.timestamp())),
        "recipient_id": request.to[1:],
        **({"biz_opaque_callback_data": ours} if ours else {}),
    }


def _error(code: int, title: str, details: str) -> dict[str, Any]:
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": _HELP,
    }
