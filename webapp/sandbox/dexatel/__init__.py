"""Dexatel's API, as the sandbox plays it: takes messages, reports on them.

https://developers.dexatel.com/reference/messages-send
https://developers.dexatel.com/docs/webhooks-delivery
"""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from core.cascade.model import Channel
from core.message.sms import parts_of
from core.ports import Clock
from webapp.sandbox import outbox, phones, quirks, signing
from webapp.sandbox.cast import Kind
from webapp.sandbox.dexatel.order import (
    CHANNELS,
    SENDER,
    Answer,
    DexatelError,
    Order,
    read,
    shown,
)
from webapp.sandbox.journey import Journey, by
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.refusals import turns_away
from webapp.sandbox.store import WorldFile, moment, seconds

PATH: Final = "/receipts/dexatel/sandbox.dexatel"

_ACCOUNT = "72e47e47-95b9-41c2-bdcd-000000000001"
_RETRIES: Final = (10.0, 60.0, 300.0)
_WINDOW = timedelta(hours=24)
_PRICES = {Channel.SMS: 0.045, Channel.VIBER: 0.021, Channel.WHATSAPP: 0.033}


class Dexatel:
    """One account with a sender of the same name on each of its channels."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._key = keys["SANDBOX_DEXATEL_KEY"]
        self._secret = keys["SANDBOX_DEXATEL_WEBHOOK_SECRET"]

    def send(self, key: str, body: bytes) -> Answer:
        """The answer to POST v1/messages: HTTP status and JSON."""
        try:
            self._authorize(key)
            order = read(body)
            self._throttle(order)
            return 201, {"data": [self._take(order)]}
        except DexatelError as error:
            return error.answer

    def fetch(self, key: str, name: str) -> Answer:
        """The answer to GET v1/messages/<id>."""
        try:
            self._authorize(key)
            return 200, {"data": self._find(name)}
        except DexatelError as error:
            return error.answer

    def senders(self, key: str) -> Answer:
        """The answer to GET v1/senders."""
        try:
            self._authorize(key)
        except DexatelError as error:
            return error.answer
        known = [
            {"id": str(uuid4()), "name": SENDER, "code": SENDER, "channel": one.upper()}
            for one in CHANNELS
        ]
        return 200, {"data": known}

    def hear(self, number: str, channel: Channel, text: str) -> str:
        """Somebody writes: the message's id. On WhatsApp that opens a window for texts."""
        now, name = self._clock.now(), str(uuid4())
        told = {
            "account_id": _ACCOUNT,
            "message_id": name,
            "event": "message",
            "from": number[1:],
            "to": SENDER,
            "text": text,
            "channel": channel.upper(),
            "timestamp": _written(now),
        }
        with self._file.transaction() as tx:
            wrote = (f"dexatel {channel} {number}", str(now.timestamp()))
            tx.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", wrote)
            outbox.put(tx, self._webhook(told), now)
        return name

    def _authorize(self, key: str) -> None:
        if not signing.same(key, self._key):
            raise DexatelError(401, None, "Unauthorized")

    def _throttle(self, order: Order) -> None:
        number = f"+{order['to'][0]}"
        if order["channel"] == "WHATSAPP" and phones.kind_of(number) is Kind.BUSY:
            with self._file.transaction() as tx:
                busy = turns_away(tx, f"dexatel {order['payload']}")
            if busy:
                raise DexatelError(429, None, "Too Many Requests")

    def _take(self, order: Order) -> dict[str, Any]:
        now = self._clock.now()
        sent = shown(order)
        with self._file.transaction() as tx:
            journey, number = _way(tx, order, now), f"+{order['to'][0]}"
            quirk = quirks.of(tx, number).of("dexatel")
            if quirk.refuses:
                raise DexatelError(400, quirk.refuses, "Refused")
            if quirk.fails:  # it never says why
                journey = Journey(failed_at=now)
            phones.receive(tx, number, sent, journey)
            message = _message(sent, order)
            _keep(tx, message, journey, now)
            if at := journey.delivered_at or journey.failed_at:
                status = "DELIVERED" if journey.delivered_at else "FAILED"
                told = self._webhook(_delivery(message, order, status, at))
                quirks.post(tx, number, [(at, told)])
        return {**message, "status": "enroute"}

    def _find(self, name: str) -> dict[str, Any]:
        with self._file.transaction() as tx:
            row = tx.execute(
                "SELECT kept FROM dexatel_messages WHERE id = ?", (name,)
            ).fetchone()
        if row is None:
            raise DexatelError(404, None, "Message not found")
        kept = json.loads(row["kept"])
        status, at = _status(kept["times"], self._clock.now())
        return {**kept["message"], "status": status, "update_date": _written(at)}

    def _webhook(self, told: Mapping[str, Any]) -> Webhook:
        body = json.dumps({"data": told}).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Dexatel-Signature": signing.dexatel(self._secret, body),
        }
        return Webhook(path=PATH, headers=headers, body=body, retries=_RETRIES)


def _way(tx: sqlite3.Connection, order: Order, now: datetime) -> Journey:
    """A text on WhatsApp only arrives within a day after the person wrote."""
    channel, number = Channel(order["channel"].lower()), f"+{order['to'][0]}"
    journey = by(channel, phones.kind_of(number), now, phones.ring(tx, number, now))
    if channel is Channel.WHATSAPP and "template" not in order:
        query = "SELECT value FROM facts WHERE name = ?"
        row = tx.execute(query, (f"dexatel {channel} {number}",)).fetchone()
        wrote_at = moment(float(row["value"])) if row else None
        if not wrote_at or now - wrote_at > _WINDOW:
            return Journey(failed_at=now)
    return journey


def _message(sent: Sent, order: Order) -> dict[str, Any]:
    return {
        "id": sent.id,
        "account_id": _ACCOUNT,
        "text": sent.text,
        "from": SENDER,
        "to": order["to"][0],
        "channel": order["channel"],
        "segments_count": parts_of(sent.text).count,
        "encoding": "GSM-7" if sent.text.isascii() else "UCS-2",
    }


def _keep(
    tx: sqlite3.Connection, message: Mapping[str, Any], journey: Journey, now: datetime
) -> None:
    times = {
        "enroute": seconds(now),
        "sent": seconds(journey.sent_at),
        "delivered": seconds(journey.delivered_at),
        "failed": seconds(journey.failed_at),
    }
    kept = json.dumps({"message": message, "times": times})
    tx.execute("INSERT INTO dexatel_messages VALUES (?, ?)", (message["id"], kept))


def _status(times: Mapping[str, float | None], now: datetime) -> tuple[str, datetime]:
    """The last thing that has happened, and when."""
    happened = [
        (word, at)
        for word, at in ((word, moment(kept)) for word, kept in times.items())
        if at and at <= now
    ]
    return happened[-1]


def _delivery(
    message: Mapping[str, Any], order: Order, status: str, at: datetime
) -> dict[str, Any]:
    price = _PRICES[Channel(order["channel"].lower())]
    return {
        "account_id": _ACCOUNT,
        "message_id": message["id"],
        "event": "delivery",
        "status": status,
        "channel": order["channel"],
        "to": message["to"],
        "mccmnc": "24001",
        "price": price if status == "DELIVERED" else 0,
        "timestamp": _written(at),
        "payload": order["payload"],
    }


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
