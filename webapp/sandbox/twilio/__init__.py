"""Twilio's messaging API, as the sandbox plays it: takes messages, reports on them.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

import base64
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.cascade.model import Channel
from core.ports import Clock
from webapp.sandbox import journey, outbox, phones, quirks, signing
from webapp.sandbox.cast import SHOP_NAME, Kind
from webapp.sandbox.journey import Journey
from webapp.sandbox.phones import Sent
from webapp.sandbox.refusals import turns_away
from webapp.sandbox.store import WorldFile
from webapp.sandbox.twilio import people, resource
from webapp.sandbox.twilio.errors import TwilioError, refused
from webapp.sandbox.twilio.order import Form, Order, read
from webapp.sandbox.twilio.resource import Kept
from webapp.sandbox.twilio.webhooks import statuses, webhook, written

PATH = "/receipts/twilio/sandbox.sms"

_OUTSIDE_WINDOW = "63016"
_NOT_THERE = {Channel.SMS: "30005", Channel.WHATSAPP: "63024", Channel.RCS: "63003"}

Answer = tuple[int, dict[str, Any]]


class Twilio:
    """One Twilio account: a number, which is on WhatsApp too, and an RCS agent."""

    def __init__(
        self, file: WorldFile, clock: Clock, keys: Mapping[str, str], public_url: str
    ) -> None:
        """`keys` are the world's secrets; `public_url` is Everreach's, for what comes in."""
        self._file = file
        self._clock = clock
        self._sid = keys["SANDBOX_TWILIO_SID"]
        self._token = keys["SANDBOX_TWILIO_TOKEN"]
        self._inbound = public_url + PATH

    def send(self, sid: str, authorization: str, form: Form) -> Answer:
        """The answer to POST Accounts/<sid>/Messages.json: HTTP status and JSON."""
        try:
            self._authorize(sid, authorization)
            order = read(form)
            self._throttle(order)
            return 201, self._take(order)
        except TwilioError as error:
            return error.status, error.body

    def fetch(self, sid: str, authorization: str, message_sid: str) -> Answer:
        """The answer to GET Accounts/<sid>/Messages/<message>.json."""
        try:
            self._authorize(sid, authorization)
            kept = self._find(message_sid)
        except TwilioError as error:
            return error.status, error.body
        return 200, resource.message(self._sid, kept, self._clock.now())

    def numbers(self, sid: str, authorization: str, page_size: int) -> Answer:
        """The answer to GET Accounts/<sid>/IncomingPhoneNumbers.json."""
        try:
            self._authorize(sid, authorization)
        except TwilioError as error:
            return error.status, error.body
        return 200, resource.numbers(self._sid, page_size)

    def hear(self, number: str, channel: Channel, said: Mapping[str, str]) -> str:
        """Somebody writes to us: what it is called.

        `said` is `Body`, and where there are any `ButtonText`, `ButtonPayload` and
        `OriginalRepliedMessageSid`.
        """
        sid, now = "SM" + secrets.token_hex(16), self._clock.now()
        form = written(self._sid, sid, number, channel, said)
        with self._file.transaction() as tx:
            people.wrote(tx, number, channel, said["Body"], now)
            outbox.put(tx, webhook(self._inbound, form, self._token), now)
        return sid

    def _find(self, sid: str) -> Kept:
        with self._file.transaction() as tx:
            kept = resource.find(tx, sid)
        if kept is None:
            message = f"The requested resource /Messages/{sid}.json was not found"
            raise TwilioError(404, 20404, message)
        return kept

    def _authorize(self, sid: str, authorization: str) -> None:
        login = base64.b64encode(f"{self._sid}:{self._token}".encode()).decode()
        if sid != self._sid or not signing.same(authorization, f"Basic {login}"):
            raise TwilioError(401, 20003, "Authenticate")

    def _throttle(self, order: Order) -> None:
        """SMS get through to the busy phone, as the last resort in the sandbox's story."""
        kind = phones.kind_of(order.number)
        if kind is not Kind.BUSY or order.channel is Channel.SMS:
            return
        with self._file.transaction() as tx:
            turned_away = turns_away(tx, order.fingerprint)
        if turned_away:
            raise TwilioError(429, 20429, "Too Many Requests")

    def _take(self, order: Order) -> dict[str, Any]:
        now = self._clock.now()
        with self._file.transaction() as tx:
            if people.has_stopped(tx, order.number, order.channel):
                raise refused(21610, "Attempt to send to unsubscribed recipient")
            if code := quirks.of(tx, order.number).of("twilio").refuses:
                raise refused(code, "Refused")
            kept = self._dispatch(tx, order, now)
        return resource.message(self._sid, kept, now)

    def _dispatch(self, tx: sqlite3.Connection, order: Order, now: datetime) -> Kept:
        """Send it on its way."""
        sid = ("MM" if order.shown.media else "SM") + secrets.token_hex(16)
        way, code = _way(tx, order, now)
        kept = Kept.new(sid, order, code, now, way)
        resource.keep(tx, kept)
        phones.receive(tx, order.number, _sent(sid, order), way)
        if order.callback:
            reports = [
                (at, webhook(order.callback, form, self._token))
                for at, form in statuses(self._sid, kept)
            ]
            quirks.post(tx, order.number, reports)
        return kept


def _way(tx: sqlite3.Connection, order: Order, now: datetime) -> tuple[Journey, str]:
    """What becomes of it, and the code if it fails."""
    allowed = people.may_be_written_to(tx, order.number, order.channel, now)
    if not order.is_template and not allowed:
        return Journey(failed_at=now), _OUTSIDE_WINDOW
    if code := quirks.of(tx, order.number).of("twilio").fails:
        return Journey(failed_at=now), str(code)
    on_at = phones.ring(tx, order.number, now)
    way = journey.by(order.channel, phones.kind_of(order.number), now, on_at)
    return way, _NOT_THERE[order.channel] if way.failed_at else ""


def _sent(sid: str, order: Order) -> Sent:
    name = order.sender if order.channel is Channel.SMS else SHOP_NAME
    return Sent(
        id=sid,
        provider="twilio",
        channel=order.channel.value,
        text=order.shown.text,
        from_name=name,
        media=order.shown.media,
        buttons=order.shown.buttons,
    )
