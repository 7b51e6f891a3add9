"""What Twilio posts to us: the status of a message, or what a person wrote back.

Statuses: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
Replies: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from collections.abc import Mapping
from datetime import datetime

from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.signing import form_pairs
from connectors.failures import failure
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import Status
from core.errors import Malformed
from core.ports import Receipt, Reply

Form = Mapping[str, str]

STATUSES = {
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


def fields(body: bytes) -> Form:
    """A form's fields, as a database can keep them."""
    return {name: value.replace("\0", "") for name, value in form_pairs(body)}


def receipt(
    status: str,
    provider_id: str,
    reference: str | None = None,
    at: datetime | None = None,
    code: str = "",
    detail: str = "",
) -> Receipt | None:
    """What a status says; None if it is one that we do not know."""
    kind = STATUSES.get(status)
    if kind is None:
        return None
    why = failure(FAILURES, code or status, detail)
    return Receipt(
        status=kind,
        at=at,
        reference=reference,
        provider_id=provider_id,
        failure=why if kind is Status.FAILED else None,
    )


def reply(form: Form) -> Reply | None:
    """What a person wrote; None if it did not come as an SMS. Raises Malformed."""
    sender = needed(form, "From")
    if ":" in sender:
        return None  # whatsapp:, rcs: and the like
    return Reply(
        channel=Channel.SMS,
        sender=sender,
        provider_id=needed(form, "MessageSid"),
        text=form["Body"],
        button=form.get("ButtonPayload", ""),
        answers=form.get("OriginalRepliedMessageSid") or None,
        carrier=_acted_on(form),
    )


def needed(form: Form, name: str) -> str:
    """A field that must be there. Raises Malformed."""
    if value := form.get(name):
        return value
    raise Malformed(f"{name} is missing")


# Twilio acts on these by itself where they are the whole message, but not for a short code:
# https://support.twilio.com/hc/en-us/articles/223134027
_WORDS = {
    StopWord.STOP: "STOP UNSUBSCRIBE END QUIT STOPALL REVOKE OPTOUT CANCEL",
    StopWord.START: "START YES UNSTOP",
    StopWord.HELP: "HELP INFO",
}
_DEFAULTS = {word: means for means, words in _WORDS.items() for word in words.split()}


def _acted_on(form: Form) -> StopWord | None:
    # Only a Messaging Service with Advanced Opt-Out says what it made of a message.
    if said := form.get("OptOutType"):
        return _DEFAULTS.get(said)
    if form.get("To", "").startswith("+"):
        return _DEFAULTS.get(form["Body"].strip().upper())
    return None
