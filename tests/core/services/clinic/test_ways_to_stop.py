"""Whoever tells that a person wants no more, it is heeded alike. It is 13:00 in Rome."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from core.cascade.consent import Purpose, Refused, why_not
from core.cascade.model import Channel
from core.ports import InboundRequest
from core.services import inbox
from core.services.people import what_they_said
from core.store import origins, people
from core.store.inbox import RECEIPT
from core.store.setup import change, newest
from tests.support.clinic import ANNA, SMS, Clinic, reminder

AT = "2026-11-23T12:00:00Z"
NUMBER = ANNA[1:]


def _twilio() -> tuple[str, bytes]:
    form = {"From": ANNA, "To": "+15005550006", "Body": "Basta", "OptOutType": "STOP"}
    return "", urlencode({**form, "MessageSid": "SM1"}).encode()


def _vonage() -> tuple[str, bytes]:
    error = {"type": "https://x/#1240", "title": "1240", "detail": "Opted out"}
    told = {"message_uuid": "SM1", "to": NUMBER, "from": "447700900100"}
    told |= {"timestamp": AT, "status": "rejected", "channel": "sms", "error": error}
    return "", json.dumps(told).encode()


def _meta() -> tuple[str, bytes]:
    said = {"wa_id": NUMBER, "category": "marketing_messages", "value": "stop"}
    value = {"user_preferences": [{**said, "timestamp": "1795435200"}]}
    changes = [{"field": "user_preferences", "value": value}]
    return "", json.dumps({"entry": [{"id": "200", "changes": changes}]}).encode()


def _kannel() -> tuple[str, bytes]:
    said = {"id": "k1", "from": NUMBER, "charset": "UTF-8", "at": "1795435200"}
    return "?" + urlencode({**said, "text": "Stop!"}), b""


def _dexatel() -> tuple[str, bytes]:
    data = {"event": "message", "message_id": "d1", "from": NUMBER, "channel": "SMS"}
    data |= {"to": "447700900100", "text": "STOP", "timestamp": "2026-11-23 12:00:00"}
    return "", json.dumps({"data": data}).encode()


WAYS = {
    "twilio": (_twilio, "sms", Channel.SMS),
    "vonage": (_vonage, "sms", Channel.SMS),
    "whatsapp_cloud": (_meta, "wa", Channel.WHATSAPP),
    "kannel": (_kannel, "sms", Channel.SMS),
    "dexatel": (_dexatel, "sms", Channel.SMS),
}


@pytest.mark.parametrize("provider", WAYS)
def test_it_ends_marketing_there(clinic: Clinic, provider: str) -> None:
    made, sender, channel = WAYS[provider]
    clinic.set_up(reminder("r", steps=[SMS]))
    clinic.books("2026-11-26 15:00")
    _tell(clinic, provider, sender, *made())

    with clinic.app.store.read() as tx:
        account = people.account(tx, "clinic")
        assert account
        person = (account["id"], ANNA)
        said: dict[str, Any] = dict(people.suppressions_of(tx, [person]))
    refusal = why_not(Purpose.MARKETING, channel, sender, [], said.get(person, []))
    assert refusal
    assert refusal.why is Refused.OPTED_OUT
    assert what_they_said(clinic.app, "clinic", ANNA).said


def _tell(clinic: Clinic, provider: str, key: str, query: str, body: bytes) -> None:
    """A provider tells something to one of the clinic's senders, as if it were there."""
    with clinic.app.store.write() as tx:
        account = people.account(tx, "clinic")
        assert account
        row = newest(tx, "sender", account["id"])[key]
        change(tx, "sender", row["id"], {"provider": provider})
        origin = origins.sender_by_id(tx, row["id"])
    request = InboundRequest(
        method="POST",
        url=f"https://msg.example/receipts/{provider}/clinic.{key}{query}",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=body,
        received_at=clinic.clock.now(),
    )
    inbox.keep(clinic.app, RECEIPT, origin, request)
    clinic.work()
