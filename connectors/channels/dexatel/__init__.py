"""SMS, Viber and WhatsApp through Dexatel.

Sending: https://developers.dexatel.com/reference/messages-send
Receipts: https://developers.dexatel.com/docs/webhooks-delivery

There is no idempotency key. Our reference travels as `payload`. What is not certain about
Dexatel is in `uncertain`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from connectors.channels.dexatel import uncertain
from connectors.channels.dexatel.capabilities import CAPABILITIES
from connectors.channels.dexatel.errors import FAILURES
from connectors.channels.dexatel.message import document
from connectors.channels.dexatel.query import Check, Query
from connectors.channels.dexatel.settings import Settings, headers
from connectors.channels.dexatel.told import receipt, reply
from connectors.failures import failure, spoken
from connectors.payload import Json, parse
from connectors.signatures import matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.errors import BadSignature, Malformed
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
)


class Dexatel:
    """The connector."""

    name = "dexatel"
    company = "Dexatel"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # none are documented
    capabilities: Mapping[Channel, Capabilities] = CAPABILITIES
    query: StatusQuery | None = Query()
    check: LiveCheck | None = Check()
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """A message on any of its channels. Raises ContentError."""
        return HttpRequest(
            method="POST",
            url=f"{config.base_url}/v1/messages",
            headers={**headers(config), "Content-Type": "application/json"},
            body=orjson.dumps({"data": document(message, config)}),
        )

    def read(self, response: Response) -> SendResult:
        """Dexatel's word, unless it broke: that leaves the message in doubt."""
        return spoken(response, _result)

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless one of the webhook secrets signed this body."""
        given = request.headers.get("x-dexatel-signature", "")
        expected = (
            signature
            for secret in config.webhook_secret
            for signature in uncertain.signatures(secret, request.body)
        )
        if not matches(given, expected):
            raise BadSignature("X-Dexatel-Signature does not match the body")

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """Always raises BadSignature: Dexatel asks for no such proof."""
        raise BadSignature("Dexatel does not send challenges")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """A status that we know, or a message that came in. Raises Malformed."""
        data = uncertain.one(parse(request.body)["data"])
        if data["event"].text_or_empty().lower() == "message":
            fact: Told | None = reply(data)
        else:
            fact = receipt(data, data["message_id"], at=data["timestamp"])
        return [fact] if fact else []

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Always: no message can be given an end."""
        return "Dexatel cannot be told when to give up"


CHANNEL = Dexatel()


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if response.status in (200, 201, 202):
        data = uncertain.one(answer["data"])
        parts = data["segments_count"].value
        return SendAccepted(
            provider_id=data["id"].text(),
            parts=parts if type(parts) is int and parts > 0 else None,
        )
    if 400 <= response.status < 500:
        code, words = uncertain.refusal(answer)
        code = code or f"http_{response.status}"
        return SendRejected(failure=failure(FAILURES, code, words, response))
    raise Malformed("body says neither yes nor no")
