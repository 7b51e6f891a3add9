"""Appointments that are booked, moved and cancelled, and STOP, through real processes."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import requests

from connectors.signatures import hmac_base64
from core.services.messages import list_messages
from core.services.views import MessageView
from tests.support import clinic, riverside
from tests.support.clinic import SMS, WHATSAPP, reminder
from tests.support.house import House, until

HELLO = reminder("hello", steps=[SMS])
SOON = reminder("soon", "2s before", steps=[WHATSAPP])
PERSON, OTHER = "+46701740697", "+46701740698"


class Desk:
    """A clinic in the house that tells of its appointments."""

    def __init__(self, house: House, number: int) -> None:
        self.house, self._numbers = house, count(1)
        # The stand-in tells messages apart by such a name, and a house lives for many tests.
        self._first = 9000 + 10 * number
        at = f"{house.url}/receipts/whatsapp_cloud/clinic.wa"
        house.providers.webhooks["100"] = at
        file = Path(house.env["EVERREACH_HOME"]) / "clinic.yaml"
        file.write_text(clinic.setup(house.providers.url, HELLO, SOON))
        house.everreach("apply", str(file))

    def visit(self, number: int) -> str:
        """What a visit is called."""
        return f"#{self._first + number}"

    def tells(self, event: str, visit: str, at: datetime, phone: str = PERSON) -> None:
        """Post an event, signed."""
        contact = {"phone": phone, "first_name": visit}
        told = {"event": event, "subject": visit, "contact": contact}
        body = json.dumps({**told, "at": at.isoformat()}).encode()
        name, now = f"{event} {visit} {next(self._numbers)}", str(int(time.time()))
        key = base64.b64decode(clinic.SECRET.removeprefix("whsec_"))
        signature = hmac_base64(key, f"{name}.{now}.".encode() + body)
        headers = {"webhook-id": name, "webhook-timestamp": now}
        headers |= {"webhook-signature": f"v1,{signature}"}
        answer = self.house.post("/hooks/webhook/clinic.desk", body, headers)
        assert answer.status_code == 200

    def texts(self, text: str, phone: str) -> None:
        """Twilio tells what a person wrote, signed."""
        url = f"{self.house.url}/receipts/twilio/clinic.sms"
        form = {"MessageSid": f"SM{text}{phone}", "From": phone, "To": "+15005550006"}
        form |= {"Body": text}
        headers = {"X-Twilio-Signature": riverside.twilio_signature(url, form)}
        assert requests.post(url, form, headers=headers, timeout=10).ok

    def messages(self, visit: str, key: str) -> list[MessageView]:
        """A reminder's messages about a visit, oldest first."""
        found = list_messages(
            self.house.app, subject=f"webhook:{visit}", account="clinic"
        )
        return [one for one in reversed(found) if one.reminder == key]

    def await_statuses(self, visit: str, key: str, *statuses: str) -> None:
        """Until a reminder's messages about a visit stand like this."""

        def stand() -> bool:
            return [one.status for one in self.messages(visit, key)] == list(statuses)

        until(f"{key} of {visit} is {statuses}", stand)


_numbers = count(1)


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house, next(_numbers))


def _soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_visit_is_reminded_of_at_its_new_time_and_a_cancelled_one_is_not(desk: Desk):
    moved, cancelled = desk.visit(1), desk.visit(2)
    desk.tells("appointment.booked", moved, _soon(3600))
    desk.tells("appointment.booked", cancelled, at := _soon(9))
    desk.await_statuses(moved, "soon", "planned")
    desk.await_statuses(cancelled, "soon", "planned")
    desk.tells("appointment.cancelled", cancelled, at)
    desk.tells("appointment.moved", moved, at := _soon(9))
    desk.await_statuses(cancelled, "soon", "cancelled")
    desk.await_statuses(moved, "soon", "cancelled", "delivered")

    sent = desk.house.providers.sent
    (only,) = sent(moved, "whatsapp")
    assert at - timedelta(seconds=2) <= only.at < at
    until("the cancelled visit would have begun", lambda: datetime.now(UTC) > at)
    assert sent(cancelled, "whatsapp") == []


def test_stop_by_sms_ends_that_sender(desk: Desk):
    first, second = desk.visit(1), desk.visit(2)
    desk.tells("appointment.booked", first, _soon(3600), OTHER)
    desk.await_statuses(first, "hello", "delivered")
    desk.texts("STOP", OTHER)
    until("the reply is read", lambda: desk.messages(first, "hello")[0].replies)
    desk.tells("appointment.booked", second, _soon(3600), OTHER)
    desk.await_statuses(second, "hello", "skipped")

    (message,) = desk.messages(second, "hello")
    assert "this person opted out of it on" in message.timeline[1].sentence
    assert desk.house.providers.sent(second) == []
