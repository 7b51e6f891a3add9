"""SMS through Twilio Programmable Messaging.

Sending: https://www.twilio.com/docs/messaging/api/message-resource
Receipts: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks

There is no idempotency key. Our reference travels in the address of the status callback.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.signing import callback, form_pairs, signed_texts
from connectors.config import BASE_URL, USER_AGENT, setting
from connectors.failures import failure, unreadable
from connectors.payload import Json, parse
from connectors.signatures import hmac_base64, matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Status, Until
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import Text
from core.ports import (
    HttpRequest,
    HttpResponse,
    InboundRequest,
    Outgoing,
    Receipt,
    SendAccepted,
    SendRejected,
    SendResult,
)

MAX_CHARACTERS = 1600
MAX_VALIDITY = 36_000  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sender: a number, a name or a Messaging Service."""

    account_sid: str = setting(
        label="Account SID",
        help="Starts with AC; on the front page of the Twilio console",
        pattern=r"^AC[0-9A-Za-z]+$",
    )
    auth_token: tuple[str, ...] = setting(
        label="Auth token",
        help="Below the account SID; while you change it, the one to send with comes first",
        secret=True,
    )
    from_: str | None = setting(
        label="Sender number or name",
        help="A number of yours as +447700900100, a short code, or a name of up to 11 letters",
        pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11})$",
        key="from",
        default=None,
    )
    messaging_service_sid: str | None = setting(
        label="Messaging Service SID",
        help="Starts with MG; instead of a sender number",
        pattern=r"^MG[0-9A-Za-z]+$",
        default=None,
    )
    base_url: str = setting(
        label="API address",
        help="Only for tests: where the Twilio API is, without a slash at the end",
        pattern=BASE_URL,
        default="https://api.twilio.com",
    )

    def __post_init__(self) -> None:
        """Raises SetupError unless there is one sender and only one."""
        if bool(self.from_) == bool(self.messaging_service_sid):
            problem = "exactly one of from and messaging_service_sid is needed"
            raise SetupError("from", problem)


class Twilio:
    """The connector."""

    name = "twilio"
    Config: type[Any] = Settings
    can_be_asked = False
    limits: Mapping[Channel, Limits] = {}  # its own queue holds what is too fast
    reports: Mapping[Channel, frozenset[Until]] = {
        Channel.SMS: frozenset({Until.ACCEPTED, Until.SENT, Until.DELIVERED})
    }

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """An SMS. Raises ContentError if it is empty or longer than Twilio takes."""
        login = f"{config.account_sid}:{config.auth_token[0]}".encode()
        return HttpRequest(
            method="POST",
            url=f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages.json",
            headers={
                "Authorization": f"Basic {base64.b64encode(login).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": USER_AGENT,
            },
            body=urlencode(list(_form(message, config)), errors="replace").encode(),
        )

    def read(self, response: HttpResponse) -> SendResult:
        """Twilio's word, unless it broke: an error of its own leaves the message in doubt."""
        try:
            return _result(parse(response.body), response)
        except Malformed:
            return unreadable(response)

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

    def told(self, request: InboundRequest) -> Sequence[Receipt]:
        """The status in a callback; none for other words and inbound messages.

        There is no time in it: `RawDlrDoneDate` is a carrier's local time, to the minute.
        Raises Malformed.
        """
        form = dict(form_pairs(request.body))
        status = _STATUSES.get(form.get("MessageStatus", ""))
        if status is None:
            return []
        return [_receipt(status, form, request.query.get("ref"))]


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


_STATUSES = {
    "accepted": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "undelivered": Status.FAILED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}


def _receipt(status: Status, form: Mapping[str, str], reference: str | None) -> Receipt:
    sid = form.get("MessageSid")
    if not sid:
        raise Malformed("MessageSid is missing")
    code = form.get("ErrorCode") or form["MessageStatus"]
    why = failure(FAILURES, code, form.get("ErrorMessage", ""))
    return Receipt(
        status=status,
        at=None,
        reference=reference or None,
        provider_id=sid,
        failure=why if status is Status.FAILED else None,
    )
