"""Vonage's Messages API, as the sandbox plays it: takes messages, reports on them.

https://developer.vonage.com/en/api/messages
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from core.cascade.model import Channel
from core.ports import Clock
from webapp.sandbox import journey, outbox, phones, quirks, signing
from webapp.sandbox.cast import SHOP_NAME, Kind
from webapp.sandbox.journey import Journey
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.refusals import turns_away
from webapp.sandbox.store import WorldFile, moment
from webapp.sandbox.vonage import reports
from webapp.sandbox.vonage.order import Order, VonageError, read

PATH: Final = "/receipts/vonage/sandbox.vonage"

# After a 429 or a 5xx: 5 seconds, then twice as long each time, up to 15 minutes.
_RETRIES: Final = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0)
_WINDOW = timedelta(hours=24)

Answer = tuple[int, dict[str, Any]]


class Vonage:
    """One Vonage account with one application, that has a sender on every channel."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._application = keys["SANDBOX_VONAGE_APPLICATION_ID"]
        self._public_key = signing.public_key(keys["SANDBOX_VONAGE_PRIVATE_KEY"])
        self._secret = keys["SANDBOX_VONAGE_SIGNATURE_SECRET"]

    def send(self, authorization: str, body: bytes) -> Answer:
        """The answer to POST /v1/messages: HTTP status and JSON."""
        try:
            self._authorize(authorization)
            order = read(body)
            self._throttle(order)
            return 202, {"message_uuid": self._take(order)}
        except VonageError as error:
            return error.status, error.body

    def users(self, authorization: str) -> Answer:
        """The answer to GET /v1/users: the application has none."""
        try:
            self._authorize(authorization)
        except VonageError as error:
            return error.status, error.body
        return 200, {"page_size": 1, "_embedded": {"users": []}}

    def hear(self, number: str, channel: Channel, said: Mapping[str, Any]) -> str:
        """A person writes or presses something; Vonage's id of that.

        `said` has its `message_type` and what goes with that, as Vonage posts it.
        """
        now, message_id = self._clock.now(), str(uuid4())
        body = reports.written(message_id, number, channel, said, now)
        with self._file.transaction() as tx:
            if channel is Channel.WHATSAPP:
                tx.execute(
                    "INSERT OR REPLACE INTO vonage_windows VALUES (?, ?)",
                    (number, now.timestamp()),
                )
            outbox.put(tx, _webhook(PATH, body), now)
        return message_id

    def signed(self, webhook: Webhook) -> Webhook:
        """A webhook of Vonage's with its token, which says when it is posted; others as is."""
        if not webhook.path.startswith("/receipts/vonage/"):
            return webhook
        token = signing.vonage(self._secret, webhook.body, self._clock.now())
        headers = {**webhook.headers, "Authorization": f"Bearer {token}"}
        return replace(webhook, headers=headers)

    def _authorize(self, authorization: str) -> None:
        token = authorization.removeprefix("Bearer ")
        claims = signing.claims(token, self._public_key, self._clock.wall())
        if claims.get("application_id") != self._application or not claims.get("jti"):
            detail = "You did not provide correct credentials."
            raise VonageError(401, "#unauthorized", "Unauthorized", detail)

    def _throttle(self, order: Order) -> None:
        if phones.kind_of(order.number) is not Kind.BUSY:
            return
        with self._file.transaction() as tx:
            is_busy = turns_away(tx, f"vonage {order.fingerprint}")
        if is_busy:
            detail = (
                "You have exceeded the submission capacity allowed on this account."
            )
            raise VonageError(429, "/messages#1000", "Throttled", detail)

    def _take(self, order: Order) -> str:
        message_id, now = str(uuid4()), self._clock.now()
        sent = Sent(
            id=message_id,
            provider="vonage",
            channel=order.channel,
            text=order.text,
            from_name=SHOP_NAME,
            media=order.media,
            buttons=order.buttons,
        )
        with self._file.transaction() as tx:
            quirk = quirks.of(tx, order.number).of("vonage")
            if quirk.refuses:
                code = f"/messages#{quirk.refuses}"
                raise VonageError(422, code, "Refused", "The message was refused.")
            is_open = _may_be_written_to(tx, order, now)
            fails = quirk.fails or not is_open
            way = Journey(failed_at=now) if fails else _way(tx, order, now)
            phones.receive(tx, order.number, sent, way)
            if order.callback:
                path = _path(order.callback)
                told = reports.statuses(
                    message_id, order, way, is_open=is_open, code=quirk.fails
                )
                posts = [(at, _webhook(path, status)) for at, status in told]
                quirks.post(tx, order.number, posts)
        return message_id


def _may_be_written_to(tx: sqlite3.Connection, order: Order, now: datetime) -> bool:
    if order.channel is not Channel.WHATSAPP or order.is_template:
        return True
    row = tx.execute(
        "SELECT wrote_at FROM vonage_windows WHERE number = ?", (order.number,)
    ).fetchone()
    wrote_at = moment(row["wrote_at"]) if row else None
    return bool(wrote_at and now < wrote_at + _WINDOW)


def _way(tx: sqlite3.Connection, order: Order, now: datetime) -> Journey:
    """What becomes of it. What expires is dropped without a word."""
    on_at = phones.ring(tx, order.number, now)
    way = journey.by(order.channel, phones.kind_of(order.number), now, on_at)
    if order.ttl and way.delivered_at and way.delivered_at > now + order.ttl:
        return replace(way, delivered_at=None, read_at=None)
    return way


def _webhook(path: str, body: Mapping[str, Any]) -> Webhook:
    headers = {"Content-Type": "application/json", "User-Agent": "Apache-HttpClient"}
    raw = json.dumps(body, separators=(",", ":")).encode()
    return Webhook(path=path, headers=headers, body=raw, retries=_RETRIES)


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
