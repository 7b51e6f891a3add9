"""A Kannel, as the sandbox plays it: takes SMS over HTTP, reports on them by GET.

https://www.kannel.org/download/1.4.4/userguide-1.4.4/userguide.html
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote, quote_plus, urlencode, urlsplit
from uuid import uuid4

from core.ports import Clock
from webapp.sandbox import outbox, phones, quirks, signing
from webapp.sandbox.cast import SMS_NUMBER
from webapp.sandbox.journey import Journey, by_sms
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.quirks import Quirk
from webapp.sandbox.store import WorldFile

PATH: Final = "/receipts/kannel/sandbox.kannel"

_USER: Final = "sandbox"
_RETRIES: Final = (30.0,) * 10  # http-request-retry and http-queue-delay
_MOST_PARTS: Final = 3  # max-messages
_MAX_MASK: Final = 63
_ESCAPE = re.compile("%(.)")
_STATE: Final = (
    "id:{id} sub:001 dlvrd:{done} submit date:{at} done date:{at} stat:{state} err:{error}"
    " text:"
)

Answer = tuple[int, str]


class KannelError(Exception):
    """Kannel says no."""

    def __init__(self, status: int, words: str) -> None:
        """`status` is the HTTP status."""
        super().__init__(words)
        self.answer = status, words


class Kannel:
    """One smsbox with one user and one connection to an operator."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._password = keys["SANDBOX_KANNEL_PASSWORD"]
        self._token = keys["SANDBOX_KANNEL_REPLY_TOKEN"]

    def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to POST cgi-bin/sendsms: HTTP status and a sentence.

        Names of headers are lower case.
        """
        try:
            self._check(headers)
            text = _text(headers, body)
        except KannelError as error:
            return error.answer
        with self._file.transaction() as tx:
            self._dispatch(tx, headers, text, self._clock.now())
        return 202, "0: Accepted for delivery"

    def hear(self, number: str, text: str) -> str:
        """Somebody writes an SMS: its id."""
        now, name = self._clock.now(), str(uuid4())
        charset = "UTF-8" if text.isascii() else "UTF-16BE"
        said = {"token": self._token, "id": name, "from": number, "charset": charset}
        raw = quote(text.encode(charset), safe="")
        query = f"{urlencode(said)}&at={int(now.timestamp())}&text={raw}"
        with self._file.transaction() as tx:
            outbox.put(tx, _call(f"{PATH}?{query}"), now)
        return name

    def _check(self, headers: Mapping[str, str]) -> None:
        """In Kannel's own order. Raises KannelError."""
        if not headers.get("content-type", "").startswith("text/plain"):
            raise KannelError(400, "Invalid content-type")
        user = headers.get("x-kannel-username", "")
        password = headers.get("x-kannel-password", "")
        if user != _USER or not signing.same(password, self._password):
            raise KannelError(403, "Authorization failed for sendsms")
        _check_fields(headers)

    def _dispatch(
        self,
        tx: sqlite3.Connection,
        headers: Mapping[str, str],
        text: str,
        now: datetime,
    ) -> None:
        number = headers["x-kannel-to"]
        on_at = phones.ring(tx, number, now)
        journey = by_sms(phones.kind_of(number), now, on_at)
        quirk = quirks.of(tx, number).of("kannel")
        if quirk.fails or quirk.refuses:
            journey = Journey(failed_at=now)
        sender = headers["x-kannel-from"]
        sent = Sent(
            id=str(uuid4()),
            provider="kannel",
            channel="sms",
            text=text,
            from_name=sender,
        )
        phones.receive(tx, number, sent, journey)
        asked = int(headers.get("x-kannel-dlr-mask", "0"))
        posts = [
            (at, _call(_filled(headers["x-kannel-dlr-url"], bit, answer, at)))
            for at, bit, answer in _reports(sent.id, journey, quirk)
            if asked & bit
        ]
        quirks.post(tx, number, posts)


def _check_fields(headers: Mapping[str, str]) -> None:
    if "x-kannel-to" not in headers:
        raise KannelError(400, "Missing receiver(s) number(s), rejected")
    if not headers["x-kannel-to"].strip():
        raise KannelError(400, "Empty receiver number not allowed, rejected")
    if headers.get("x-kannel-from") != SMS_NUMBER:
        raise KannelError(400, "Sender missing and no global set, rejected")
    address = headers.get("x-kannel-dlr-url", "http://unused")
    if not re.match(r"https?://.", address, re.IGNORECASE):
        raise KannelError(400, "DLR-URL field misformed, rejected")
    for field, most in (("DLR-Mask", _MAX_MASK), ("Coding", 2), ("Validity", 10**9)):
        value = headers.get(f"x-kannel-{field.lower()}", "0")
        if not value.isdecimal() or int(value) > most:
            raise KannelError(400, f"{field} field misformed, rejected")


def _text(headers: Mapping[str, str], body: bytes) -> str:
    """As it leaves, and cut off where it has too many parts. Raises KannelError."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise KannelError(400, "Charset or body misformed, rejected") from None
    if headers.get("x-kannel-coding", "0") == "2":
        return text[: 67 * _MOST_PARTS]
    known = text.encode("latin-1", errors="replace").decode("latin-1")
    return known[: 153 * _MOST_PARTS]


def _reports(
    name: str, journey: Journey, quirk: Quirk
) -> Iterator[tuple[datetime, int, str]]:
    """What Kannel reports of a journey: when, the bit and the operator's words."""
    if quirk.refuses and journey.failed_at:
        yield journey.failed_at, 16, f"NACK/0x{quirk.refuses:08x}/Refused"
        return
    if at := journey.sent_at:
        yield at, 8, "ACK/"
    if at := journey.delivered_at:
        yield at, 1, _words(name, at, "DELIVRD", "000")
    if at := journey.failed_at:
        yield at, 2, _words(name, at, "UNDELIV", f"{quirk.fails or 1:03d}")


def _words(name: str, at: datetime, state: str, error: str) -> str:
    done = "001" if state == "DELIVRD" else "000"
    when = at.strftime("%y%m%d%H%M")
    return _STATE.format(id=name[:8], done=done, at=when, state=state, error=error)


def _filled(address: str, bit: int, answer: str, at: datetime) -> str:
    """The path of an address, with what Kannel fills in; what it does not know vanishes."""
    values = {
        "d": str(bit),
        "A": quote_plus(answer),
        "T": str(int(at.timestamp())),
        "%": "%",
    }
    parts = urlsplit(_ESCAPE.sub(lambda one: values.get(one[1], ""), address))
    return f"{parts.path}?{parts.query}"


def _call(path: str) -> Webhook:
    headers = {"User-Agent": "Kannel/1.4.5"}
    return Webhook(path=path, headers=headers, body=b"", retries=_RETRIES)
