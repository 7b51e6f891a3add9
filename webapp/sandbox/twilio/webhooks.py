"""What Twilio posts: the status of a message, and what a person wrote.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit
from uuid import uuid4

from core.cascade.model import Channel
from webapp.sandbox import signing
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.twilio.order import SENDERS
from webapp.sandbox.twilio.resource import API, Kept, failed_word

# Twilio's own retries end within 15 seconds.
_RETRY_WAIT: Final = 3.0
_INSTALL: Final = f"XE{1:032x}"

Form = Mapping[str, str]


def webhook(address: str, form: Form, token: str) -> Webhook:
    """Signed for the address as it was given, but posted to this machine."""
    url, overrides = urldefrag(address)
    parts = urlsplit(url)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": str(uuid4()),
        "X-Twilio-Signature": signing.twilio(token, url, form),
    }
    return Webhook(
        path=parts.path + (f"?{parts.query}" if parts.query else ""),
        headers=headers,
        body=urlencode(form).encode(),
        retries=_retries(overrides),
    )


def statuses(account: str, kept: Kept) -> Iterator[tuple[datetime, Form]]:
    """What Twilio reports of a message, and when."""
    about, journey = _about(account, kept), kept.journey
    if at := journey.sent_at:
        yield at, {**about, **_status("sent")}
    if at := journey.delivered_at:
        done = {"RawDlrDoneDate": at.strftime("%y%m%d%H%M")}
        carrier = done if kept.channel is Channel.SMS else {}
        yield at, {**about, **_status("delivered"), **carrier}
    if at := journey.read_at:
        yield at, {**about, **_status("read"), "EventType": "READ"}
    if at := journey.failed_at:
        code = {"ErrorCode": kept.code}
        yield at, {**about, **_status(failed_word(kept.channel)), **code}


def written(
    account: str, sid: str, number: str, channel: Channel, said: Mapping[str, str]
) -> Form:
    """A message that came in. `said` is its text and what else there is of it."""
    ours = SENDERS[channel]
    prefix = "" if channel is Channel.SMS else f"{channel}:"
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "SmsStatus": "received",
        "AccountSid": account,
        "ApiVersion": API,
        "From": prefix + number,
        "To": ours,
        "NumMedia": "0",
        "NumSegments": "1",
        **said,
    }
    return {**form, "WaId": number[1:]} if channel is Channel.WHATSAPP else form


def _about(account: str, kept: Kept) -> Form:
    form = {
        "MessageSid": kept.sid,
        "SmsSid": kept.sid,
        "AccountSid": account,
        "ApiVersion": API,
        "From": kept.sender,
        "To": kept.to,
    }
    if kept.service:
        form["MessagingServiceSid"] = kept.service
    if kept.channel is not Channel.SMS:
        form["ChannelPrefix"] = kept.channel.value
        form["ChannelInstallSid"] = _INSTALL
        form["ChannelToAddress"] = f"{kept.to.rpartition(':')[2][:-4]}XXXX"
    return form


def _status(word: str) -> Form:
    return {"MessageStatus": word, "SmsStatus": word}


def _retries(overrides: str) -> tuple[float, ...]:
    """Twilio repeats a callback that was refused only if its address asks for that.

    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    """
    asked = {name: values[-1] for name, values in parse_qs(overrides).items()}
    times = asked.get("rc", "1")
    if "5xx" not in asked.get("rp", "ct").split(",") or not times.isdecimal():
        return ()
    return (_RETRY_WAIT,) * min(int(times), 5)
