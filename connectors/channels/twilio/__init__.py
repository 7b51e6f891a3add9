"""SMS and MMS, WhatsApp and RCS through Twilio Programmable Messaging.

Sending: https://www.twilio.com/docs/messaging/api/message-resource
Receipts: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks

There is no idempotency key. Our reference travels in the address of the status callback.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio.capabilities import CAPABILITIES
from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.message import fields
from connectors.channels.twilio.numbers import Check
from connectors.channels.twilio.query import Query, parts
from connectors.channels.twilio.settings import Settings, headers, messages_url
from connectors.channels.twilio.signing import signed_texts
from connectors.channels.twilio.told import facts
from connectors.failures import failure, spoken
from connectors.payload import Json
from connectors.signatures import hmac_base64, matches
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


class Twilio:
    """The connector."""

    name = "twilio"
    company = "Twilio"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # its own queue holds what is too fast
    capabilities: Mapping[Channel, Capabilities] = CAPABILITIES
    query: StatusQuery | None = Query()
    check: LiveCheck | None = Check()
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    # Twilio sends the body of a 200 on to the person, or takes it for TwiML.
    taken = 204

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """A text or a Content template. Raises ContentError for what Twilio would refuse."""
        form = urlencode(list(fields(message, config)), errors="replace")
        return HttpRequest(
            method="POST",
            url=f"{messages_url(config)}.json",
            headers={
                **headers(config),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=form.encode(),
        )

    def read(self, response: Response) -> SendResult:
        """Twilio's word, unless it broke: an error of its own leaves the message in doubt."""
        return spoken(response, _result)

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless one of the auth tokens signed this request."""
        given = request.headers.get("x-twilio-signature", "")
        signed = [text.encode() for text in signed_texts(request)]
        tokens = config.auth_token
        if not matches(
            given, (hmac_base64(t, s, "sha1") for t in tokens for s in signed)
        ):
            raise BadSignature(
                "X-Twilio-Signature does not match the address and the form"
            )

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """Always raises BadSignature: Twilio asks for no such proof."""
        raise BadSignature("Twilio does not send challenges")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """Statuses that we know and what people wrote back. Raises Malformed."""
        return list(facts(request))

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Always: nobody beyond Twilio is told how long to try."""
        return _OUTLIVES[channel]


CHANNEL = Twilio()

_OUTLIVES = {
    Channel.SMS: "Twilio drops an SMS from its own queue only; a carrier may deliver it later",
    Channel.WHATSAPP: (
        "Twilio drops a WhatsApp message from its own queue only; WhatsApp keeps it for up to "
        "30 days"
    ),
    Channel.RCS: (
        "Twilio drops an RCS message from its own queue only; beyond that it waits until the "
        "phone is on"
    ),
}


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if response.status in (200, 201):
        return SendAccepted(provider_id=answer["sid"].text(), parts=parts(answer))
    if 400 <= response.status < 500:
        code, detail = answer["code"].integer(), answer["message"].text_or_empty()
        return SendRejected(failure=failure(FAILURES, str(code), detail, response))
    raise Malformed("body says neither yes nor no")
