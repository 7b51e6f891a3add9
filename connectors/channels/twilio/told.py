"""What Twilio posts to us: the status of a message, or what a person wrote back.

Statuses: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
Replies: https://www.twilio.com/docs/messaging/guides/webhook-request
The same as JSON: https://www.twilio.com/docs/events/event-types/messaging/outbound-message
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.signing import form_pairs, is_json
from connectors.failures import failure
from connectors.payload import Json, parse
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import Status
from core.errors import Malformed
from core.message.money import Money
from core.ports import InboundRequest, Receipt, Reply

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


def forms(request: InboundRequest) -> Iterator[Form]:
    """The fields of all that a request tells, as a database can keep them.

    A JSON body holds one object, or the events of Event Streams, whose fields are called as
    a form's but for the first letter's case. Raises Malformed.
    """
    if not is_json(request):
        pairs = form_pairs(request.body)
        yield {name: value.replace("\0", "") for name, value in pairs}
        return
    document = parse(request.body)
    several = isinstance(document.value, list)
    for told in document.each() if several else (document,):
        data = told["data"]
        yield dict(_texts(data if data.present else told))


def _texts(told: Json) -> Iterator[tuple[str, str]]:
    for name, value in told.entries():
        if isinstance(value.value, str | int):
            text = Json(str(value.value), value.path).text_or_empty()
            yield name[:1].upper() + name[1:], text


def facts(request: InboundRequest) -> Iterator[Receipt | Reply]:
    """Every status that we know and every reply in a request. Raises Malformed."""
    for form in forms(request):
        fact = _fact(form, request.query.get("ref", ""))
        if fact:
            yield fact


def _fact(form: Form, reference: str) -> Receipt | Reply | None:
    if status := form.get("MessageStatus"):
        return receipt(
            status.lower(),
            needed(form, "MessageSid"),
            reference=reference or _reference(form.get("StatusCallBackUrl", "")),
            at=_time(form),
            code=form.get("ErrorCode", ""),
            detail=form.get("ErrorMessage", ""),
        )
    return _reply(form) if "Body" in form else None


def _reference(url: str) -> str | None:
    """Our reference, where an event repeats the address that we gave for callbacks."""
    try:
        return parse_qs(urlsplit(url).query).get("ref", [None])[0]
    except ValueError:
        return None


def _time(form: Form) -> datetime | None:
    """Only events have one: `RawDlrDoneDate` is a carrier's local time, to the minute."""
    stamp = form.get("Timestamp")
    return Json(stamp, "Timestamp").time() if stamp else None


def receipt(
    status: str,
    provider_id: str,
    *,
    reference: str | None = None,
    at: datetime | None = None,
    code: str = "",
    detail: str = "",
    price: Money | None = None,
    parts: int | None = None,
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
        price=price,
        parts=parts,
    )


def needed(form: Form, name: str) -> str:
    """A field that must be there. Raises Malformed."""
    if value := form.get(name):
        return value
    raise Malformed(f"{name} is missing")


_CHANNELS = {"": Channel.SMS, "whatsapp": Channel.WHATSAPP, "rcs": Channel.RCS}


def _reply(form: Form) -> Reply | None:
    """What a person wrote or pressed; None on a channel that we do not serve."""
    prefix, _, address = needed(form, "From").rpartition(":")
    channel = _CHANNELS.get(prefix)
    if channel is None:
        return None
    return Reply(
        channel=channel,
        sender=_who(channel, address, form.get("WaId", "")),
        provider_id=needed(form, "MessageSid"),
        at=_time(form),
        text=form["Body"] or form.get("ButtonText", ""),
        button=form.get("ButtonPayload", ""),
        answers=form.get("OriginalRepliedMessageSid") or None,
        carrier=_acted_on(form),
        to=form.get("To", "").rpartition(":")[2],
    )


def _who(channel: Channel, address: str, whatsapp_id: str) -> str:
    """Their E.164 number, or what is there instead: an app may hide it, a name write SMS."""
    if channel is Channel.WHATSAPP and whatsapp_id and not address.startswith("+"):
        return f"+{whatsapp_id}"
    return address


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
        return _DEFAULTS.get(said.upper())
    if form.get("To", "").startswith("+"):
        return _DEFAULTS.get(form["Body"].strip().upper())
    return None
