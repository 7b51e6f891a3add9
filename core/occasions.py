"""The events a reminder can be about, and the fields that a message about them may use.

Every event also has the recipient's fields. A field marked optional may be absent, so a
message that uses it should give it a default.
"""

from collections.abc import Mapping

from core.cascade.replies import Answer
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing a message may say. `example` is what previews and the docs show.

    `number`: it is decimal text, so that a step may ask for at least or at most so much.
    """

    example: str
    optional: bool = True
    number: bool = False


RECIPIENT: Mapping[str, Field] = {
    "recipient.first_name": Field(example="Anna"),
    "recipient.last_name": Field(example="Bianchi"),
    "recipient.phone": Field(example="+46701740605", optional=False),
}

_SHIPMENT: Mapping[str, Field] = {
    "order.name": Field(example="#1001", optional=False),
    "order.id": Field(example="5550001001", optional=False),
    "order.total": Field(example="120.00", number=True),
    "order.currency": Field(example="EUR"),
    "shipment.total": Field(example="49.90", number=True),  # what is in this parcel
    "tracking.number": Field(example="RR100200300"),
    "tracking.url": Field(example="https://track.example/RR100200300"),
    "tracking.company": Field(example="Royal Mail"),
}

_APPOINTMENT: Mapping[str, Field] = {
    "appointment.starts_at": Field(example="2026-11-24T10:00:00+01:00", optional=False),
    "appointment.ends_at": Field(example="2026-11-24T10:30:00+01:00"),
    "appointment.title": Field(example="Check-up"),
    "appointment.location": Field(example="Via Roma 1"),
    "appointment.url": Field(example="https://clinic.example/visit-42"),
}

_PAYMENT: Mapping[str, Field] = {
    "payment.due_at": Field(example="2026-11-30T00:00:00+01:00", optional=False),
    "payment.amount": Field(example="49.00", number=True),
    "payment.currency": Field(example="EUR"),
    "payment.reference": Field(example="INV-2026-042"),
    "payment.url": Field(example="https://pay.example/INV-2026-042"),
}

# What people answer, as an event of its own: they press a button, or write its word.
_ANSWER: Mapping[str, Field] = {
    "answer.text": Field(example="Yes"),
    "answer.channel": Field(example="whatsapp"),
}

_ASKED: Mapping[str, Mapping[str, Field]] = {
    "appointment": _APPOINTMENT,
    "order": _SHIPMENT,
    "payment": _PAYMENT,
}
_SAID = {
    Answer.CONFIRM: "confirmed",
    Answer.RESCHEDULE: "reschedule_wanted",
    Answer.CANCEL: "cancel_wanted",
}


def answer_event(about: str, answer: Answer) -> str:
    """The event that an answer is, if it answers a message on the event `about`; or `""`."""
    family = about.partition(".")[0]
    return f"{family}.{_SAID[answer]}" if family in _ASKED else ""


ANSWERS: Mapping[str, Mapping[str, Field]] = {
    f"{family}.{said}": {**fields, **_ANSWER}
    for family, fields in _ASKED.items()
    for said in _SAID.values()
}

EVENTS: Mapping[str, Mapping[str, Field]] = {
    "order.shipped": _SHIPMENT,
    "order.out_for_delivery": _SHIPMENT,
    "order.delivered": _SHIPMENT,
    "order.shipment_cancelled": _SHIPMENT,
    "order.refunded": _SHIPMENT,
    "appointment.booked": _APPOINTMENT,
    "appointment.moved": _APPOINTMENT,
    "appointment.cancelled": _APPOINTMENT,
    "appointment.answered": _APPOINTMENT,
    "payment.upcoming": _PAYMENT,
    "payment.paid": _PAYMENT,
    **ANSWERS,
}

# What starts a message that somebody wrote by hand, through the API.
BY_HAND = "api.message"

# After one of these there is nothing left to say about the occasion but that; what is under
# way is cancelled, with this reason.
ENDS: Mapping[str, str] = {
    "order.shipment_cancelled": "the shipment was cancelled",
    "order.refunded": "the order was refunded",
    "appointment.cancelled": "the appointment was cancelled",
    "payment.paid": "it is paid",
}
# These stop what is under way too; but if the occasion is moved, it is told of anew.
STOPS: Mapping[str, str] = {**ENDS, "appointment.answered": "the person has answered"}

# After one of these, what is sent relative to the moment is planned anew.
MOVES = frozenset({"appointment.moved"})

# The field that holds the moment which the occasion is about, as ISO 8601 with its offset. A
# reminder may be sent relative to it.
MOMENTS: Mapping[str, str] = {
    "appointment.booked": "appointment.starts_at",
    "appointment.moved": "appointment.starts_at",
    "payment.upcoming": "payment.due_at",
}


def fields_of(event: str) -> Mapping[str, Field]:
    """Everything that a message about `event` may use. Raises KeyError."""
    return {**RECIPIENT, **EVENTS[event]}
