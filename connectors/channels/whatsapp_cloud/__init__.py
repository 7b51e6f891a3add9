"""WhatsApp through Meta's Cloud API.

Sending: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
Receipts: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
Limits: https://developers.facebook.com/docs/whatsapp/cloud-api/overview#throughput

A 200 means that Meta queued the message, nothing more. Two equal requests are two messages:
there is no idempotency key, so our reference travels as `biz_opaque_callback_data` and comes
back in every status.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.channels.whatsapp_cloud.errors import FAILURES
from connectors.channels.whatsapp_cloud.template import message_body
from connectors.channels.whatsapp_cloud.told import preferences, replies
from connectors.config import BASE_URL, HEADER_SAFE, USER_AGENT, setting
from connectors.failures import failure, spoken
from connectors.payload import Json, parse
from connectors.signatures import hmac_hex, matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Failure, Status, Until
from core.errors import BadSignature, ContentError, Malformed
from core.message.content import Template
from core.ports import (
    Capabilities,
    HttpRequest,
    HttpResponse,
    InboundRequest,
    LiveCheck,
    Outgoing,
    Receipt,
    Response,
    SendAccepted,
    SendRejected,
    SendResult,
    StatusQuery,
    Told,
)

# How long WhatsApp tries to deliver a template message; a template may be made to be dropped
# sooner: https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/time-to-live
SHORTEST_LIFE = timedelta(seconds=30)
LONGEST_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One business phone number. The URL of its receipts is set in the Meta app."""

    phone_number_id: str = setting(
        label="Phone number ID",
        help="The long number under WhatsApp > API Setup in your Meta app",
        pattern=r"^[0-9]+$",
    )
    access_token: str = setting(
        label="Access token",
        help="A system user's permanent token that may send WhatsApp messages",
        secret=True,
        pattern=HEADER_SAFE,
    )
    app_secret: tuple[str, ...] = setting(
        label="App secret",
        help="Under App settings > Basic in your Meta app; several while you change it",
        secret=True,
    )
    verify_token: str = setting(
        label="Verify token",
        help="A random word of your own; type the same one when you set the webhook",
        secret=True,
    )
    api_version: str = setting(
        label="API version",
        help="The Graph API version to speak, such as v25.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        default="v25.0",
    )
    base_url: str = setting(
        label="API address",
        help="Only for tests: where the Graph API is, without a slash at the end",
        pattern=BASE_URL,
        default="https://graph.facebook.com",
    )


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
            reports=frozenset(Until) - {Until.CLICKED}, templates=True
        )
    }
    query: StatusQuery | None = None
    check: LiveCheck | None = None
    tolerance: timedelta | None = None
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """A template message. Raises ContentError for what Meta would refuse anyway."""
        if not isinstance(message.content, Template):
            raise ContentError("content is not a WhatsApp template")
        return HttpRequest(
            method="POST",
            url=f"{config.base_url}/{config.api_version}/{config.phone_number_id}/messages",
            headers={
                "Authorization": f"Bearer {config.access_token}",
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
            },
            body=json.dumps(message_body(message, message.content)).encode(),
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
        """Every status, reply and preference in a request. Raises Malformed."""
        return [
            fact
            for entry in parse(request.body)["entry"].each()
            for change in entry["changes"].each()
            for fact in _told(change)
        ]

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Unless the template itself was made to expire, which a message cannot ask for."""
        if window < SHORTEST_LIFE:
            return "WhatsApp keeps a template message for 30 seconds at least"
        if window >= LONGEST_LIFE:
            return ""
        seconds = int(window.total_seconds())
        return (
            "WhatsApp keeps a template message for 30 days, unless its template was made with "
            f"message_send_ttl_seconds of {seconds} or less"
        )


CHANNEL = WhatsAppCloud()


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if answer["error"].present:
        return SendRejected(failure=_failure(answer["error"], response))
    for message in answer["messages"].each():
        if response.status == 200:
            # Even `held_for_quality_assessment` is taken: what comes of it is a receipt.
            return SendAccepted(provider_id=message["id"].text())
    raise Malformed("body says neither yes nor no")


def _told(change: Json) -> Iterator[Told]:
    field, value = change["field"].text_or_empty(), change["value"]
    if field == "messages":
        for status in value["statuses"].each():
            yield from _receipts(status)
        for message in value["messages"].each():
            yield from replies(message)
    elif field == "user_preferences":
        for preference in value["user_preferences"].each():
            yield from preferences(preference)


def _receipts(status: Json) -> Iterator[Receipt]:
    kind = _STATUSES.get(status["status"].text())
    if kind is None:
        return
    errors = list(status["errors"].each()) if kind is Status.FAILED else []
    yield Receipt(
        status=kind,
        at=status["timestamp"].unix_time(),
        reference=status["biz_opaque_callback_data"].text_or_empty() or None,
        provider_id=status["id"].text(),
        failure=_reason(errors) if kind is Status.FAILED else None,
    )


_STATUSES = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}


def _reason(errors: list[Json]) -> Failure:
    return _failure(errors[0]) if errors else failure(FAILURES, "", "no reason given")


def _failure(error: Json, response: HttpResponse | None = None) -> Failure:
    wordings = (error["error_data"]["details"], error["message"], error["title"])
    detail = next(filter(None, (each.text_or_empty() for each in wordings)), "")
    return failure(FAILURES, str(error["code"].integer()), detail, response)
