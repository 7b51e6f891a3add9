"""What Twilio is asked to send: a form, checked as Twilio checks it.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type
from typing import Final
from urllib.parse import urlsplit

from core.cascade.model import Channel
from core.message.content import Media, MediaKind
from webapp.sandbox.cast import RCS_AGENT, SMS_NUMBER
from webapp.sandbox.twilio.content import Shown, shown
from webapp.sandbox.twilio.errors import refused

SERVICE: Final = f"MG{1:032x}"
SENDERS: Final = {
    Channel.SMS: SMS_NUMBER,
    Channel.WHATSAPP: f"whatsapp:{SMS_NUMBER}",
    Channel.RCS: f"rcs:{RCS_AGENT}",
}

_PREFIXES = {"": Channel.SMS, "whatsapp": Channel.WHATSAPP, "rcs": Channel.RCS}
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_MAX_BODY = 1600
_LONGEST = 36_000  # seconds in the queue

Form = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One message to send. `to` and `sender` are as Twilio writes them.

    `service` is a Messaging Service's SID or empty; `fingerprint` is the same when the same
    is asked again.
    """

    channel: Channel
    to: str
    sender: str
    service: str
    shown: Shown
    is_template: bool
    callback: str
    fingerprint: str

    @property
    def number(self) -> str:
        """The person's E.164 number."""
        return self.to.rpartition(":")[2]


def read(form: Form) -> Order:
    """The order in a form. Raises TwilioError."""
    to = _first(form, "To")
    channel = _channel(to)
    service = _first(form, "MessagingServiceSid")
    sender = _sender(_first(form, "From"), service, channel)
    _check_validity(_first(form, "ValidityPeriod"))
    said = json.dumps({name: form[name] for name in sorted(form)})
    return Order(
        channel=channel,
        to=to,
        sender=sender,
        service=service,
        shown=_shown(form, service),
        is_template="ContentSid" in form,
        callback=_first(form, "StatusCallback"),
        fingerprint=hashlib.sha256(said.encode()).hexdigest(),
    )


def channel_of(address: str) -> Channel | None:
    """The channel that an address is on; None if Twilio has no such."""
    return _PREFIXES.get(address.rpartition(":")[0])


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _channel(to: str) -> Channel:
    if not to:
        raise refused(21604, "A 'To' phone number is required.")
    channel = channel_of(to)
    if channel is None or not _NUMBER.fullmatch(to.rpartition(":")[2]):
        raise refused(21211, f"Invalid 'To' Phone Number: {to}")
    return channel


def _sender(sender: str, service: str, channel: Channel) -> str:
    if service:
        if service != SERVICE:
            raise refused(21703, f"The Messaging Service {service} is not valid")
        return SENDERS[channel]
    if not sender:
        raise refused(21603, "A 'From' phone number is required.")
    if channel_of(sender) is not channel:
        message = "Invalid From and To pair. From and To should be of the same channel"
        raise refused(21910, message)
    if sender != SENDERS[channel]:
        raise _unknown(sender, channel)
    return sender


def _unknown(sender: str, channel: Channel) -> Exception:
    if channel is Channel.SMS:
        return refused(21606, f"The 'From' number {sender} is not this account's")
    message = "Twilio could not find a Channel with the specified From address"
    return refused(63007, message)


def _check_validity(seconds: str) -> None:
    if seconds and not (seconds.isdecimal() and 1 <= int(seconds) <= _LONGEST):
        raise refused(90007, "Invalid validity period value")


def _shown(form: Form, service: str) -> Shown:
    if sid := _first(form, "ContentSid"):
        return shown(sid, _first(form, "ContentVariables"))
    body, url = _first(form, "Body"), _first(form, "MediaUrl")
    if not body.strip() and not url:
        missing = "A Message Body, Media URL or Content SID is required."
        raise refused(21619 if service else 21602, missing)
    if len(body) > _MAX_BODY:
        message = "The concatenated message body exceeds the 1600 character limit"
        raise refused(21617, message)
    return Shown(text=body, media=_media(url) if url else None)


def _media(url: str) -> Media:
    if urlsplit(url).scheme not in ("http", "https"):
        raise refused(21620, f"Invalid media URL(s): {url}")
    family = (guess_type(urlsplit(url).path)[0] or "").partition("/")[0]
    known = family in (MediaKind.IMAGE, MediaKind.VIDEO)
    kind = MediaKind(family) if known else MediaKind.DOCUMENT
    return Media(kind=kind, url=url)
