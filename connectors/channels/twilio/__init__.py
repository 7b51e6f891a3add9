"""SMS through Twilio Programmable Messaging.

Sending: https://www.twilio.com/docs/messaging/api/message-resource
Receipts: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks

There is no idempotency key. Our reference travels in the address of the status callback.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.query import Query
from connectors.channels.twilio.settings import Settings, headers, messages_url
from connectors.channels.twilio.signing import callback, signed_texts
from connectors.channels.twilio.told import fields, needed, receipt, reply
from connectors.failures import failure, spoken
from connectors.payload import Json
from connectors.signatures import hmac_base64, matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import BadSignature, ContentError, Malformed
from core.message.content import Text
from core.ports import (
    Capabilities,
    Expiry,
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

MAX_CHARACTERS = 1600
MAX_VALIDITY = 36_000  # seconds


class Twilio:
    """The connector."""

    name = "twilio"
    company = "Twilio"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # its own queue holds what is too fast
    capabilities: Mapping[Channel, Capabilities] = {
        Channel.SMS: Capabilities(
            reports=frozenset(
                {Until.ACCEPTED, Until.SENT, Until.DELIVERED, Until.REPLIED}
            ),
            text=MAX_CHARACTERS,
            expiry=Expiry(
                shortest=timedelta(seconds=1),
                longest=timedelta(seconds=MAX_VALIDITY),
                sure=False,
            ),
        )
    }
    query: StatusQuery | None = Query()
    check: LiveCheck | None = None
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    # Twilio sends the body of a 200 on to the person, or takes it for TwiML.
    taken = 204

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """An SMS. Raises ContentError if it is empty or longer than Twilio takes."""
        form = urlencode(list(_form(message, config)), errors="replace")
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
        """A status that we know, or an SMS that came in.

        There is no time in either: `RawDlrDoneDate` is a carrier's local time, to the minute.
        Raises Malformed.
        """
        form = fields(request.body)
        fact: Told | None = None
        if status := form.get("MessageStatus"):
            fact = receipt(
                status,
                needed(form, "MessageSid"),
                reference=request.query.get("ref") or None,
                code=form.get("ErrorCode", ""),
                detail=form.get("ErrorMessage", ""),
            )
        elif "Body" in form:
            fact = reply(form)
        return [fact] if fact else []

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Always: a carrier is not told how long it may try."""
        return "Twilio drops an SMS from its own queue only; a carrier may deliver it later"


CHANNEL = Twilio()


def _form(message: Outgoing, config: Settings) -> Iterator[tuple[str, str]]:
    yield "To", message.to
    if config.from_:
        yield "From", config.from_
    if config.messaging_service_sid:
        yield "MessagingServiceSid", config.messaging_service_sid
    yield "Body", _text(message)
    yield "StatusCallback", callback(message.callback_url, message.reference)
    seconds = int(message.window.total_seconds())
    yield "ValidityPeriod", str(min(max(seconds, 1), MAX_VALIDITY))


def _text(message: Outgoing) -> str:
    if not isinstance(message.content, Text):
        raise ContentError("content is not a plain text")
    text = message.content.text
    if not text.strip():
        raise ContentError("text is empty")
    if len(text) > MAX_CHARACTERS:
        raise ContentError(f"text is longer than {MAX_CHARACTERS} characters")
    return text


def _result(answer: Json, response: HttpResponse) -> SendResult:
    if response.status in (200, 201):
        return SendAccepted(provider_id=answer["sid"].text())
    if 400 <= response.status < 500:
        code, detail = answer["code"].integer(), answer["message"].text_or_empty()
        return SendRejected(failure=failure(FAILURES, str(code), detail, response))
    raise Malformed("body says neither yes nor no")
