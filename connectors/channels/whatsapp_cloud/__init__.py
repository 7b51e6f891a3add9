"""WhatsApp through Meta's Cloud API.

Sending: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
Receipts: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
Limits: https://developers.facebook.com/docs/whatsapp/cloud-api/overview#throughput

A 200 means that Meta queued the message, nothing more. Two equal requests are two messages:
there is no idempotency key, so our reference travels as `biz_opaque_callback_data` and comes
back in every status.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from connectors.channels.whatsapp_cloud.check import NumberCheck
from connectors.channels.whatsapp_cloud.desk import MONTH, Desk, news
from connectors.channels.whatsapp_cloud.receipts import receipts, refusal
from connectors.channels.whatsapp_cloud.settings import Settings
from connectors.channels.whatsapp_cloud.template import template_part
from connectors.channels.whatsapp_cloud.text import (
    LONGEST_TEXT,
    MOST_BUTTONS,
    text_part,
)
from connectors.channels.whatsapp_cloud.told import preferences, replies
from connectors.failures import spoken
from connectors.payload import Json, parse
from connectors.signatures import hmac_hex, matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import REPORTABLE
from core.errors import BadSignature, ContentError, Malformed
from core.message.content import ButtonKind, Email, MediaKind, Template
from core.ports import (
    Capabilities,
    HttpRequest,
    HttpResponse,
    InboundRequest,
    LiveCheck,
    Outgoing,
    Response,
    SendAccepted,
    SendRejected,
    SendResult,
    StatusQuery,
    TemplateDesk,
    Told,
    Window,
)

SHORTEST_LIFE = timedelta(seconds=30)


class WhatsAppCloud:
    """The connector."""

    name = "whatsapp_cloud"
    company = "Meta"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {
        Channel.WHATSAPP: Limits(per_second=80, per_person=timedelta(seconds=6))
    }
    capabilities: Mapping[Channel, Capabilities] = {
        Channel.WHATSAPP: Capabilities(
            reports=REPORTABLE,
            text=LONGEST_TEXT,
            templates=True,
            media=frozenset(MediaKind),
            buttons=frozenset({ButtonKind.LINK, ButtonKind.REPLY}),
            most_buttons=MOST_BUTTONS,
            window=Window(lasts=timedelta(hours=24), number="phone_number_id"),
        )
    }
    query: StatusQuery | None = None
    check: LiveCheck | None = NumberCheck()
    templates: TemplateDesk | None = Desk()
    tolerance: timedelta | None = None
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """A message. Raises ContentError for what Meta would refuse anyway."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to,
            "biz_opaque_callback_data": message.reference,
            **_content(message),
        }
        return HttpRequest(
            method="POST",
            url=config.url(f"{config.phone_number_id}/messages"),
            headers={**config.headers, "Content-Type": "application/json"},
            body=orjson.dumps(body),
        )

    def read(self, response: Response) -> SendResult:
        """Meta's word if there is one, whatever the HTTP status: the two do not agree."""
        return spoken(response, _result)

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless one of the app's secrets signed the body."""
        given = request.headers.get("x-hub-signature-256", "")
        expected = (f"sha256={hmac_hex(s, request.body)}" for s in config.app_secret)
        if not matches(given, expected):
            raise BadSignature("X-Hub-Signature-256 does not match the body")

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """What Meta wants echoed when the webhook's address is set. Raises BadSignature."""
        token = request.query.get("hub.verify_token", "")
        known = matches(token, [config.verify_token])
        if not known or request.query.get("hub.mode") != "subscribe":
            raise BadSignature("hub.verify_token is not ours")
        return request.query.get("hub.challenge", "")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """Every status, reply, preference and news of a template in a request. Raises Malformed."""
        return [
            fact
            for entry in parse(request.body)["entry"].each()
            for change in entry["changes"].each()
            for fact in _told(change, entry["time"])
        ]

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Unless the template itself was made to expire, which a message cannot ask for."""
        if window < SHORTEST_LIFE:
            return "WhatsApp keeps a template message for 30 seconds at least"
        if window >= MONTH:
            return ""
        seconds = int(window.total_seconds())
        return (
            "WhatsApp keeps a template message for 30 days, unless its template was made with "
            f"message_send_ttl_seconds of {seconds} or less"
        )


CHANNEL = WhatsAppCloud()


def _content(message: Outgoing) -> dict[str, Any]:
    match message.content:
        case Template() as template:
            part = template_part(template, message.purpose)
            return {"type": "template", "template": part}
        case Email():
            raise ContentError("content is an email, not a WhatsApp message")
        case text:
            return text_part(text)


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if answer["error"].present:
        return SendRejected(failure=refusal(answer["error"], response))
    for message in answer["messages"].each():
        if response.status == 200:
            # Even `held_for_quality_assessment` is taken: what comes of it is a receipt.
            return SendAccepted(provider_id=message["id"].text())
    raise Malformed("body says neither yes nor no")


def _told(change: Json, at: Json) -> Iterator[Told]:
    field, value = change["field"].text_or_empty(), change["value"]
    if field == "messages":
        for status in value["statuses"].each():
            yield from receipts(status)
        for message in value["messages"].each():
            number = value["metadata"]["phone_number_id"]
            yield from replies(message, value["contacts"], number)
    elif field == "user_preferences":
        for preference in value["user_preferences"].each():
            yield from preferences(preference)
    elif field == "message_template_status_update":
        yield from news(value, at)
