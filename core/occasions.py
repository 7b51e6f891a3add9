"""The events a reminder can be about, and the fields that a message about them may use.

Every event also has the recipient's fields. A field marked optional may be absent, so a
message that uses it should give it a default.
"""

from collections.abc import Mapping
from dataclasses import dataclass


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
    "shipment.total": Field(example="49.90", number=True),  # what is in this parcel
    "tracking.number": Field(example="RR100200300"),
    "tracking.url": Field(example="https://track.example/RR100200300"),
    "tracking.company": Field(example="Royal Mail"),
}

EVENTS: Mapping[str, Mapping[str, Field]] = {
    "order.shipped": _SHIPMENT,
    "order.out_for_delivery": _SHIPMENT,
    "order.delivered": _SHIPMENT,
    "order.shipment_cancelled": _SHIPMENT,
}

# After one of these there is nothing left to say about the occasion but that; what is under
# way is cancelled, with this reason.
ENDS: Mapping[str, str] = {"order.shipment_cancelled": "the shipment was cancelled"}


def fields_of(event: str) -> Mapping[str, Field]:
    """Everything that a message about `event` may use. Raises KeyError."""
    return {**RECIPIENT, **EVENTS[event]}
