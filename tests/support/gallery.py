"""A clinic with one message of every kind that the screens must show."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.bootstrap import Everreach
from core.ports import InboundRequest
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.receipts import read_receipts
from core.services.setup import apply
from core.services.timers import turn_due_timers
from core.store import origins
from core.store.inbox import EVENT, RECEIPT
from tests.support import riverside
from tests.support.loopback import ACCEPTED, Providers

SETUP = """
account: {{key: clinic, name: Hill Clinic, timezone: Europe/Rome, currency: EUR, country: SE}}
connections:
  - {{key: desk, platform: webhook, config: {{secret: whsec_b29vb29vb29vb29vb29vb29vb29vb29v}}}}
senders:
  - {{key: wa, provider: whatsapp_cloud, config: {{phone_number_id: "100", access_token: token, app_secret: app-secret, verify_token: verify-token, base_url: "{url}"}}}}
  - {{key: sms, provider: twilio, config: {{account_sid: {sid}, auth_token: auth-token, from: "+15005550006", base_url: "{url}"}}}}
messages:
  - key: visit
    whatsapp: {{template: visit, language: en, body: ["{{{{ recipient.first_name }}}}"]}}
    sms: "Your visit is soon, {{{{ recipient.first_name }}}}."
reminders:
  - {{key: day-before, on: appointment.booked, send: 24h before, message: visit, steps: &steps [{{channel: whatsapp, sender: wa, wait: 30m}}, {{channel: sms, sender: sms}}]}}
  - {{key: quiet-sms, on: order.shipped, message: visit, quiet_hours: [{{from: "12:00", to: "18:00", channels: [sms]}}], steps: *steps}}
  - {{key: parcel, on: order.delivered, message: visit, steps: *steps}}
"""
TOKEN = {
    "code": 190,
    "message": "Error validating access token: it was reset by +46701740699",
}
ABSENT = {"code": 131026, "message": "Message undeliverable"}


@dataclass(frozen=True, slots=True)
class Gallery:
    """The clinic, and what happens to it."""

    app: Everreach
    providers: Providers

    def fill(self) -> None:
        """One message of each kind, the oldest first."""
        apply(self.app, SETUP.format(url=self.providers.url, sid=_SID), {})
        self.replied()
        self.planned()
        self.held()
        self.broken()

    def planned(self) -> None:
        """A reminder of an appointment in five days."""
        at = self.app.clock.now() + timedelta(days=5)
        zone = {"time_zone": "Europe/Kyiv"}
        self.happens("appointment.booked", "Planned", 1, at=at.isoformat(), **zone)

    def held(self) -> None:
        """No WhatsApp there, and quiet hours for SMS."""
        self.providers.whatsapp({"error": ABSENT}, status=400)
        self.happens("order.shipped", "Held", 2)

    def replied(self) -> None:
        """WhatsApp got through, and was answered."""
        self.providers.whatsapp(ACCEPTED)
        self.happens("order.delivered", "Replied", 3)
        at = int(self.app.clock.now().timestamp())
        reply = {
            "from": "46701740608",
            "id": "wamid.reply",
            "timestamp": str(at),
            "type": "text",
            "text": {"body": "Yes"},
            "context": {"id": "wamid.1"},
        }
        value = {"metadata": {"phone_number_id": "100"}, "messages": [reply]}
        change = {"field": "messages", "value": value}
        self._receive({"entry": [{"id": "200", "changes": [change]}]})

    def broken(self) -> None:
        """Meta no longer takes the token: SMS, and word to the owner."""
        self.providers.whatsapp({"error": TOKEN}, status=401)
        self.happens("order.delivered", "Broken", 4)

    def happens(self, event: str, name: str, number: int, **more: Any) -> None:
        """An event about a person of this name, and all that follows at once."""
        contact = {
            "phone": f"+46701740{605 + number}",
            "first_name": name,
            "last_name": "Lind",
        }
        told = {"event": event, "subject": f"{name}-1", "contact": contact, **more}
        with self.app.store.read() as tx:
            origin = origins.connection(tx, "webhook", "clinic.desk")
        assert origin
        request = self._request(json.dumps(told).encode(), {})
        inbox.keep(self.app, EVENT, origin, request, topic="", delivery_id=name)
        self.work()

    def _receive(self, told: Any) -> None:
        with self.app.store.read() as tx:
            origin = origins.sender(tx, "whatsapp_cloud", "clinic.wa")
        assert origin
        body = json.dumps(told).encode()
        request = self._request(body, riverside.meta_headers(body))
        inbox.keep(self.app, RECEIPT, origin, request)
        self.work()

    def _request(self, body: bytes, headers: dict[str, str]) -> InboundRequest:
        url, now = "https://msg.example/", self.app.clock.now()
        return InboundRequest(
            method="POST", url=url, headers=headers, body=body, received_at=now
        )

    def work(self) -> None:
        """Do everything that is due now."""
        while any(
            [
                read_events(self.app),
                read_receipts(self.app),
                turn_due_timers(self.app),
                *(send_due(self.app, lane) for lane in ("whatsapp", "sms")),
            ]
        ):
            pass


_SID = riverside.ACCOUNT_SID
