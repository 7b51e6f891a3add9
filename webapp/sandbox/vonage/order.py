"""What Vonage makes of a request to send: a message, or one of its problems.

https://developer.vonage.com/en/api/messages
https://developer.vonage.com/en/api-errors/messages
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core.cascade.model import Channel
from core.message.content import Button, Media
from webapp.sandbox.cast import SHOP_NAME, SMS_NUMBER
from webapp.sandbox.vonage import shown

SENDERS: Final = {
    "sms": SMS_NUMBER[1:],
    "whatsapp": SMS_NUMBER[1:],
    "viber_service": SHOP_NAME,
    "rcs": "riverside_shop_agent",
}
CHANNELS: Final = {
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "viber_service": Channel.VIBER,
    "rcs": Channel.RCS,
}
_ERRORS = "https://developer.vonage.com/api-errors"
_TTLS = {"sms": (20, 604_800), "viber_service": (30, 259_200), "rcs": (300, 259_200)}
_NUMBER = re.compile(r"[1-9][0-9]{6,14}")

Body = Mapping[str, Any]


class VonageError(Exception):
    """Vonage says no, as RFC 7807 has it."""

    def __init__(self, status: int, kind: str, title: str, detail: str) -> None:
        """`kind` is the end of the problem's address: a code after `messages#`, or a word."""
        super().__init__(detail)
        self.status = status
        self.body: dict[str, Any] = {
            "type": f"{_ERRORS}{kind}",
            "title": title,
            "detail": detail,
            "instance": secrets.token_hex(16),
        }


def invalid(name: str, reason: str) -> VonageError:
    """The problem that a parameter is wrong."""
    detail = "The value of one or more parameters is invalid."
    error = VonageError(422, "/messages#1150", "Invalid params", detail)
    error.body["invalid_parameters"] = [{"name": name, "reason": reason}]
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message that Vonage is asked to send. `fingerprint` stays if it is repeated."""

    name: str
    to: str
    sender: str
    reference: str
    callback: str
    ttl: timedelta | None
    kind: str
    text: str
    media: Media | None
    buttons: tuple[Button, ...]
    fingerprint: str

    @property
    def channel(self) -> Channel:
        """As we call it."""
        return CHANNELS[self.name]

    @property
    def number(self) -> str:
        """Whom it is for, with a plus."""
        return f"+{self.to}"

    @property
    def is_template(self) -> bool:
        """Whether WhatsApp takes it at any time."""
        return self.kind == "template"


def read(raw: bytes) -> Order:
    """The message in a request. Raises VonageError."""
    body = _parse(raw)
    name = body.get("channel")
    if name not in CHANNELS:
        raise invalid("channel", "is not a channel")
    for problem in _problems(body, name):
        raise problem
    try:
        what = shown.read(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise invalid("message_type", f"lacks {error}") from None
    except ValueError as error:
        raise invalid(str(error), "is not valid") from None
    ttl = _ttl(body)
    return Order(
        name=name,
        to=body["to"],
        sender=body["from"],
        reference=body.get("client_ref", ""),
        callback=body.get("webhook_url", ""),
        ttl=timedelta(seconds=ttl) if ttl else None,
        kind=what.kind,
        text=what.text,
        media=what.media,
        buttons=what.buttons,
        fingerprint=json.dumps([body["to"], what.text, what.kind]),
    )


def _parse(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise VonageError(422, "/messages#1020", "Invalid params", "No JSON object")
    return body


def _problems(body: Body, name: str) -> Iterator[VonageError]:
    if not _NUMBER.fullmatch(str(body.get("to", ""))):
        detail = "The phone number in to is missing or invalid."
        yield VonageError(422, "/messages#1170", "Invalid or Missing Msisdn", detail)
    if body.get("from") != SENDERS[name]:
        detail = "The sender is not one of this account's."
        yield VonageError(422, "/messages#1120", "Illegal Sender Address", detail)
    if len(str(body.get("client_ref", ""))) > 100:
        yield invalid("client_ref", "is longer than 100 characters")
    if body.get("webhook_version", "v1") != "v1":
        yield invalid("webhook_version", "is not played here")
    ttl, (least, most) = _ttl(body), _TTLS.get(name, (0, 0))
    if ttl is not None and not (isinstance(ttl, int) and least <= ttl <= most):
        yield invalid("ttl", f"is not from {least} to {most}")


def _ttl(body: Body) -> Any:
    options = body.get("viber_service")
    return options.get("ttl") if isinstance(options, dict) else body.get("ttl")
