"""Twilio's messaging API, as the sandbox plays it: takes SMS, reports on them.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

import base64
import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit
from uuid import uuid4

from core.ports import Clock
from webapp.sandbox import outbox, phones, signing
from webapp.sandbox.cast import SMS_NUMBER
from webapp.sandbox.journey import Journey, by_sms
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.phones import Sent
from webapp.sandbox.store import WorldFile

_API = "2010-04-01"
_MAX_BODY = 1600
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_UNKNOWN_HANDSET = "30005"

# Twilio's own retries end within 15 seconds.
_RETRY_WAIT: Final = 3.0


class TwilioError(Exception):
    """Twilio says no."""

    def __init__(self, status: int, code: int, message: str) -> None:
        """`status` is the HTTP status, `code` what matters."""
        super().__init__(message)
        self.status = status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


class Twilio:
    """One Twilio account with one number."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._sid = keys["SANDBOX_TWILIO_SID"]
        self._token = keys["SANDBOX_TWILIO_TOKEN"]

    def send(
        self, sid: str, authorization: str, form: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """The answer to POST Accounts/<sid>/Messages.json: HTTP status and JSON."""
        try:
            self._authorize(sid, authorization)
            _check(form)
        except TwilioError as error:
            return error.status, error.body
        return 201, self._take(form)

    def _authorize(self, sid: str, authorization: str) -> None:
        login = base64.b64encode(f"{self._sid}:{self._token}".encode()).decode()
        if sid != self._sid or not signing.same(authorization, f"Basic {login}"):
            raise TwilioError(401, 20003, "Authenticate")

    def _take(self, form: Mapping[str, str]) -> dict[str, Any]:
        now = self._clock.now()
        sent = Sent(
            id="SM" + secrets.token_hex(16),
            channel="sms",
            text=form["Body"],
            from_name=form["From"],
        )
        with self._file.transaction() as tx:
            self._dispatch(tx, sent, form, now)
        return _queued(self._sid, sent, form, now)

    def _dispatch(
        self, tx: sqlite3.Connection, sent: Sent, form: Mapping[str, str], now: datetime
    ) -> None:
        on_at = phones.ring(tx, form["To"], now)
        journey = by_sms(phones.kind_of(form["To"]), now, on_at)
        phones.receive(tx, form["To"], sent, journey)
        if address := form.get("StatusCallback"):
            for at, news in _statuses(journey):
                callback = {**_about(self._sid, sent, form), **news}
                outbox.put(tx, self._webhook(address, callback), at)

    def _webhook(self, address: str, form: Mapping[str, str]) -> Webhook:
        """Signed for the address as it was given, but posted to this machine."""
        url, overrides = urldefrag(address)
        parts = urlsplit(url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": str(uuid4()),
            "X-Twilio-Signature": signing.twilio(self._token, url, form),
        }
        return Webhook(
            path=parts.path + (f"?{parts.query}" if parts.query else ""),
            headers=headers,
            body=urlencode(form).encode(),
            retries=_retries(overrides),
        )


def _check(form: Mapping[str, str]) -> None:
    """Raises TwilioError."""
    to, sender, body = (form.get(name, "") for name in ("To", "From", "Body"))
    if not to:
        raise TwilioError(400, 21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(to):
        raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not sender:
        raise TwilioError(400, 21603, "A 'From' phone number is required.")
    if sender != SMS_NUMBER:
        message = f"The 'From' phone number {sender} is not this account's"
        raise TwilioError(400, 21606, message)
    if not body.strip():
        raise TwilioError(400, 21602, "Message body is required.")
    if len(body) > _MAX_BODY:
        message = "The concatenated message body exceeds the 1600 character limit"
        raise TwilioError(400, 21617, message)


def _queued(
    account: str, sent: Sent, form: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    return {
        "sid": sent.id,
        "account_sid": account,
        "messaging_service_sid": None,
        "status": "queued",
        "direction": "outbound-api",
        "from": form["From"],
        "to": form["To"],
        "body": sent.text,
        "num_segments": str(_segments(sent.text)),
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "date_created": format_datetime(now),
        "date_sent": None,
        "date_updated": format_datetime(now),
        "api_version": _API,
        "uri": f"/{_API}/Accounts/{account}/Messages/{sent.id}.json",
    }


def _segments(text: str) -> int:
    """Near enough: what is not ASCII is taken for UCS-2."""
    single, part = (160, 153) if text.isascii() else (70, 67)
    return 1 if len(text) <= single else -(-len(text) // part)


def _statuses(journey: Journey) -> Iterator[tuple[datetime, dict[str, str]]]:
    """What Twilio reports of a journey, and when."""
    if at := journey.sent_at:
        yield at, _status("sent")
    if at := journey.delivered_at:
        done = at.strftime("%y%m%d%H%M")
        yield at, {**_status("delivered"), "RawDlrDoneDate": done}
    if at := journey.failed_at:
        yield at, {**_status("undelivered"), "ErrorCode": _UNKNOWN_HANDSET}


def _status(word: str) -> dict[str, str]:
    return {"MessageStatus": word, "SmsStatus": word}


def _about(account: str, sent: Sent, form: Mapping[str, str]) -> dict[str, str]:
    return {
        "MessageSid": sent.id,
        "SmsSid": sent.id,
        "AccountSid": account,
        "ApiVersion": _API,
        "From": form["From"],
        "To": form["To"],
    }


def _retries(overrides: str) -> tuple[float, ...]:
    """Twilio repeats a callback that was refused only if its address asks for that.

    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    """
    asked = {name: values[-1] for name, values in parse_qs(overrides).items()}
    times = asked.get("rc", "1")
    if "5xx" not in asked.get("rp", "ct").split(",") or not times.isdecimal():
        return ()
    return (_RETRY_WAIT,) * min(int(times), 5)
