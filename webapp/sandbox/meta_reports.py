"""What the sandbox's Meta tells of messages and people: both shapes of its webhooks.

Since 2026 a status comes with the person beside it, by an id that is theirs for this business,
and may lack their number; before, it came with a conversation.
https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.sandbox.cast import BY_NUMBER
from webapp.sandbox.journey import Journey

_HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
TITLES: Mapping[int, tuple[str, str]] = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer "
        "last replied to this number.",
    ),
    131049: (
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "Meta chose not to deliver this message.",
    ),
    131050: ("User opted out", "The user has stopped marketing messages from you."),
    131056: (
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages were sent to this phone number in a short time.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Of what is told: a message, whom it is for, and in which shape."""

    wamid: str
    to: str
    reference: str
    category: str
    older: bool = False
    hidden: bool = False


def statuses(
    told: Told, journey: Journey, code: int
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """What Meta reports of a journey, and when. `code` says why it fails, if it does."""
    if at := journey.sent_at:
        yield at, _value(told, {**_status(told, "sent", at), **_charged(told, at)})
    if at := journey.delivered_at:
        yield at, _value(told, {**_status(told, "delivered", at), **_charged(told)})
    if at := journey.read_at:
        yield at, _value(told, _status(told, "read", at))
    if at := journey.failed_at:
        failed = {**_status(told, "failed", at), "errors": [error(code)]}
        yield at, {"statuses": [failed]}  # nobody stands beside a failure


def person(number: str, *, hidden: bool = False) -> dict[str, Any]:
    """Who wrote, or whom a message is for, in the shape of 2026."""
    customer = BY_NUMBER.get(number)
    profile = {"name": customer.name if customer else "Customer"}
    if hidden:
        username = customer.key if customer else "somebody"
        return {
            "profile": {**profile, "username": username},
            "user_id": user_id(number),
        }
    return {"profile": profile, "wa_id": number[1:], "user_id": user_id(number)}


def user_id(number: str) -> str:
    """What Meta calls a person, for this business only."""
    digest = hashlib.sha256(number.encode()).hexdigest()
    return f"SE.{int(digest[:16], 16)}"


def error(code: int) -> dict[str, Any]:
    """An error as a status has it."""
    title, details = TITLES.get(code, ("Message failed", f"Code {code}."))
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": _HELP,
    }


def _value(told: Told, status: dict[str, Any]) -> dict[str, Any]:
    if told.older:
        return {"statuses": [status]}
    return {"contacts": [person(told.to, hidden=told.hidden)], "statuses": [status]}


def _status(told: Told, status: str, at: datetime) -> dict[str, Any]:
    number = {} if told.hidden else {"recipient_id": told.to[1:]}
    theirs = {} if told.older else {"recipient_user_id": user_id(told.to)}
    ours = {"biz_opaque_callback_data": told.reference} if told.reference else {}
    return {
        "id": told.wamid,
        "status": status,
        "timestamp": str(int(at.timestamp())),
        **number,
        **theirs,
        **ours,
    }


def _charged(told: Told, sent_at: datetime | None = None) -> dict[str, Any]:
    free = told.category == "service"
    charged = {"billable": not free, "category": told.category}
    if not told.older:
        kind = "free_customer_service" if free else "regular"
        return {"pricing": {**charged, "pricing_model": "PMP", "type": kind}}
    ends = sent_at and {
        "expiration_timestamp": str(int((sent_at + timedelta(days=1)).timestamp()))
    }
    conversation = {"id": told.wamid[-32:], "origin": {"type": told.category}}
    return {
        "conversation": {**conversation, **(ends or {})},
        "pricing": {**charged, "pricing_model": "CBP"},
    }
