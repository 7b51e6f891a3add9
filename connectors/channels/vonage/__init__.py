"""SMS, WhatsApp, Viber and RCS through Vonage's Messages API, version 1.

Sending and reports: https://developer.vonage.com/en/api/messages
Signatures: https://developer.vonage.com/en/getting-started/concepts/webhooks

There is no idempotency key, and no way to ask what became of a message. Our reference travels
as `client_ref` and comes back in every status.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from connectors.channels.vonage import signing, told
from connectors.channels.vonage.capabilities import CAPABILITIES
from connectors.channels.vonage.check import Check
from connectors.channels.vonage.login import headers
from connectors.channels.vonage.message import body
from connectors.channels.vonage.settings import Settings
from connectors.failures import spoken
from connectors.payload import Json, parse
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


class Vonage:
    """The connector."""

    name = "vonage"
    company = "Vonage"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # they differ from account to account
    capabilities: Mapping[Channel, Capabilities] = CAPABILITIES
    query: StatusQuery | None = None
    check: LiveCheck | None = Check()
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = signing.TOLERANCE
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """A message. Raises ContentError for what Vonage would refuse anyway.

        Raises SetupError if nobody is set to send on its channel.
        """
        said = body(message, config.sender(message.channel))
        return HttpRequest(
            method="POST",
            url=f"{config.base_url}/v1/messages",
            headers={
                **headers(config, message.now, message.reference),
                "Content-Type": "application/json",
            },
            body=orjson.dumps(said),
        )

    def read(self, response: Response) -> SendResult:
        """Vonage's word, unless it broke: an error of its own leaves the message in doubt."""
        return spoken(response, _result)

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless a signature secret signed this body within 5 minutes."""
        signing.check(request, config.signature_secret)

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """Always raises BadSignature: Vonage asks for no such proof."""
        raise BadSignature("Vonage does not send challenges")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """A status that we know, or a message that came in. Raises Malformed."""
        return list(told.facts(parse(request.body)))

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Viber and RCS drop what is too old; WhatsApp and carriers do as they like."""
        if channel is Channel.SMS:
            return "a carrier may keep an SMS for longer than it is asked to"
        if channel is Channel.WHATSAPP:
            return (
                "Vonage cannot limit how long WhatsApp tries; a template lives for 30 days "
                "unless it was made to expire"
            )
        expiry = CAPABILITIES[channel].expiry
        if expiry and window < expiry.shortest:
            least = int(expiry.shortest.total_seconds())
            return f"Vonage keeps such a message for {least} seconds at least"
        return ""


CHANNEL = Vonage()


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if response.status == 202:
        return SendAccepted(provider_id=answer["message_uuid"].text())
    if 400 <= response.status < 500 and answer["title"].present:
        return SendRejected(failure=told.why(answer, response))
    raise Malformed("body says neither yes nor no")
