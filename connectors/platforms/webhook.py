"""Any system that posts JSON, signed by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

For a system that has no connector of its own: it says by itself, in our words, what happened.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from connectors.config import setting
from connectors.payload import Json, parse
from connectors.signatures import hmac_base64, matches
from core.cascade.schedule import is_zone
from core.errors import BadSignature, Malformed
from core.occasions import EVENTS, MOMENTS
from core.ports import Contact, Happening, InboundRequest
from core.values import dataclass

TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the system signs with."""

    secret: tuple[str, ...] = setting(
        label="Signing secret",
        help="Starts with whsec_; give the system the same one, or several while it changes",
        secret=True,
        # 24 to 65 bytes in base64.
        pattern=r"^whsec_([A-Za-z0-9+/]{4}){8,21}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    )


class Webhook:
    """The connector."""

    name = "webhook"
    Config: type[Any] = Settings

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless one of the secrets signed id, time and body, just now."""
        _check_time(request)
        headers = request.headers
        begin = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}."
        signed = begin.encode(errors="replace") + request.body
        keys = [base64.b64decode(s.removeprefix("whsec_")) for s in config.secret]
        expected = [f"v1,{hmac_base64(key, signed)}" for key in keys]
        given = headers.get("webhook-signature", "").split(" ")
        if not any(matches(one, expected) for one in given):
            raise BadSignature("webhook-signature does not match id, time and body")

    def topic(self, request: InboundRequest) -> str:
        """Nothing: only the body says it."""
        return ""

    def delivery_id(self, request: InboundRequest) -> str:
        """The message's id, which every repetition of it carries."""
        return request.headers.get("webhook-id", "")

    def translate(self, request: InboundRequest) -> Sequence[Happening]:
        """What happened. Raises Malformed."""
        body = parse(request.body)
        name = body["event"].text()
        if name not in EVENTS:
            raise Malformed(f"body.event {name!r} is not an event")
        happening = Happening(
            name=name,
            subject=f"webhook:{body['subject'].text()}",
            contact=_contact(body["contact"]),
            fields=dict(_fields(name, body)),
            at=body["at"].time() if name in MOMENTS or body["at"].present else None,
            time_zone=_zone(body["time_zone"]),
        )
        return [happening]


PLATFORM = Webhook()


def _check_time(request: InboundRequest) -> None:
    text = request.headers.get("webhook-timestamp", "")
    if not request.headers.get("webhook-id"):
        raise BadSignature("webhook-id is missing")
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise BadSignature("webhook-timestamp is not unix seconds")
    age = int(request.received_at.timestamp()) - int(text)
    if abs(age) > TOLERANCE.total_seconds():
        raise BadSignature("webhook-timestamp is too old or too new")


def _contact(contact: Json) -> Contact:
    return Contact(
        phones=_if_any(contact["phone"]),
        countries=_if_any(contact["country"]),
        email=contact["email"].text_or_empty(),
        first_name=contact["first_name"].text_or_empty(),
        last_name=contact["last_name"].text_or_empty(),
        locale=contact["locale"].text_or_empty(),
        time_zone=_zone(contact["time_zone"]),
    )


def _if_any(value: Json) -> tuple[str, ...]:
    text = value.text_or_empty().strip()
    return (text,) if text else ()


def _zone(value: Json) -> str:
    name = value.text_or_empty()
    if name and not is_zone(name):
        raise value.wrong("a time zone such as Europe/Rome")
    return name


def _fields(event: str, body: Json) -> Iterator[tuple[str, str]]:
    for name, value in body["fields"].entries():
        if name not in EVENTS[event]:
            raise Malformed(f"{body.path}.fields: {name!r} is not a field of {event}")
        if text := value.text_or_empty():
            yield name, text
    if event in MOMENTS:
        yield MOMENTS[event], body["at"].text()
