"""A clinic that tells of its appointments and payments by `webhook`, worked by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from core.bootstrap import Everreach
from core.ports import InboundRequest
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.services.receipts import read_receipts
from core.services.setup import apply
from core.services.timers import turn_due_timers
from core.services.views import MessageView
from core.store import origins
from core.store.inbox import EVENT, RECEIPT
from tests.conftest import SetClock
from tests.support import riverside
from tests.support.loopback import Providers

ROME = ZoneInfo("Europe/Rome")
ANNA = "+46701740605"
NIGHT = [{"from": "21:00", "to": "08:00"}]

WHATSAPP = {"channel": "whatsapp", "sender": "wa", "wait": "30m"}
SMS = {"channel": "sms", "sender": "sms"}


def reminder(key: str, send: str = "at once", **more: Any) -> dict[str, Any]:
    """A reminder as the set-up file has it: of an appointment, by WhatsApp, then by SMS."""
    standard = {
        "on": "appointment.booked",
        "message": "hello",
        "steps": [WHATSAPP, SMS],
    }
    return {"key": key, "send": send, **standard, **more}


def setup(url: str, *reminders: Mapping[str, Any], **account: Any) -> str:
    """The set-up file; `url` is where both providers are."""
    key = {"key": "clinic", "name": "Clinic", "timezone": "Europe/Rome"}
    meta = {
        "phone_number_id": "100",
        "access_token": "token",
        "app_secret": "app-secret",
    }
    meta |= {"verify_token": "verify-token", "base_url": url}
    twilio = {"account_sid": riverside.ACCOUNT_SID, "auth_token": "auth-token"}
    twilio |= {"from": "+15005550006", "base_url": url}
    twilio2 = {**twilio, "from": "+15005550009"}
    hello = "Hello {{ recipient.first_name | default('you') }}"
    template = {"template": "hello", "language": "en", "body": [hello]}
    document = {
        "account": {**key, "currency": "EUR", "country": "IT", **account},
        "connections": [
            {"key": "desk", "platform": "webhook", "config": {"secret": SECRET}}
        ],
        "senders": [
            {"key": "wa", "provider": "whatsapp_cloud", "config": meta, **LIFTED},
            {"key": "sms", "provider": "twilio", "config": twilio},
            {"key": "sms2", "provider": "twilio", "config": twilio2},
        ],
        "messages": [
            {"key": "hello", "whatsapp": template, "sms": hello},
            {"key": "both", "text": hello, "subject": "Hello", "whatsapp": template},
        ],
        "reminders": list(reminders),
    }
    return json.dumps(document)


# Providers wait a little between two messages to one person; here time stands still.
LIFTED = {"limits": {"per_second": "none", "per_person": "none"}}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def rome(text: str) -> datetime:
    """A time as a clock in Rome shows it; UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


class Clinic:
    """A clinic that is set up, and shorthands for what happens to it."""

    def __init__(self, app: Everreach, clock: SetClock, providers: Providers) -> None:
        self.app, self.clock, self.providers = app, clock, providers
        self._numbers = count(1)
        self.set_up()

    def set_up(self, *reminders: Mapping[str, Any], **account: Any) -> None:
        """Apply the set-up file with these reminders."""
        apply(self.app, setup(self.providers.url, *reminders, **account), {})

    # --- What the desk tells -----------------------------------------------------------------

    def tells(
        self, event: str, at: datetime | None = None, *, subject: str = "1", **more: Any
    ) -> int | None:
        """Keep an event, as if it had just been posted. `more` is the rest of its body."""
        contact = {"phone": ANNA, "first_name": "Anna"}
        body = {"event": event, "subject": subject, "contact": contact, **more}
        if at:
            body["at"] = at.isoformat()
        with self.app.store.read() as tx:
            origin = origins.connection(tx, "webhook", "clinic.desk")
        assert origin
        request = self._request("hooks/webhook/clinic.desk", json.dumps(body).encode())
        return inbox.keep(
            self.app, EVENT, origin, request, delivery_id=f"d{next(self._numbers)}"
        )

    def books(self, at: str, **more: Any) -> None:
        """An appointment at a time in Rome, and everything that is due then."""
        self.tells("appointment.booked", rome(at), **more)
        self.work()

    def moves(self, at: str, **more: Any) -> None:
        """The appointment is now at another time in Rome."""
        self.tells("appointment.moved", rome(at), **more)
        self.work()

    # --- What people and providers tell ----------------------------------------------------------

    def whatsapp_says(self, *statuses: dict[str, Any]) -> None:
        """Meta reports on messages."""
        self._receipt("whatsapp_cloud", "wa", riverside.meta_body(*statuses))

    def whatsapp_prefers(self, choice: str, phone: str = ANNA) -> None:
        """A person's choice about marketing in WhatsApp itself: stop or resume."""
        told = {"wa_id": phone[1:], "category": "marketing_messages", "value": choice}
        told["timestamp"] = str(int(self.clock.now().timestamp()))
        self._meta("user_preferences", {"user_preferences": [told]})

    def writes(
        self,
        text: str,
        *,
        answers: str = "",
        phone: str = ANNA,
        name: str = "",
        to: str = "100",
        **more: Any,
    ) -> None:
        """A person writes by WhatsApp; `answers` is the message that they answer.

        Without a `phone` they hide it. `to` is the number of ours, as Meta calls it.
        """
        told = {
            "id": name or f"wamid.reply.{next(self._numbers)}",
            "timestamp": str(int(self.clock.now().timestamp())),
            "type": "text",
            "text": {"body": text},
            **more,
        }
        if answers:
            told["context"] = {"id": answers}
        if phone:
            told["from"] = phone[1:]
        number = {"phone_number_id": to}
        self._meta("messages", {"messages": [told], "metadata": number})

    def presses(self, text: str, payload: str, *, answers: str) -> None:
        """A person presses a button under a template."""
        button = {"text": text, "payload": payload}
        self.writes("", answers=answers, type="button", button=button)

    def texts(self, text: str, *, to: str = "sms", phone: str = ANNA) -> None:
        """A person writes by SMS, to a sender."""
        number = {"sms": "+15005550006", "sms2": "+15005550009"}[to]
        form = {"From": phone, "To": number, "Body": text}
        form["MessageSid"] = f"SM.reply.{next(self._numbers)}"
        self._receipt("twilio", to, urlencode(form).encode())

    def _meta(self, field: str, told: Mapping[str, Any]) -> None:
        value = {"messaging_product": "whatsapp", **told}
        entry = {"id": "200", "changes": [{"field": field, "value": value}]}
        body = {"object": "whatsapp_business_account", "entry": [entry]}
        self._receipt("whatsapp_cloud", "wa", json.dumps(body).encode())

    def _receipt(self, provider: str, sender: str, body: bytes) -> None:
        with self.app.store.read() as tx:
            origin = origins.sender(tx, provider, f"clinic.{sender}")
        assert origin
        request = self._request(f"receipts/{provider}/clinic.{sender}", body)
        inbox.keep(self.app, RECEIPT, origin, request)
        self.work()

    def _request(self, path: str, body: bytes) -> InboundRequest:
        self.clock.advance(milliseconds=1)  # one thing comes after the other
        return InboundRequest(
            method="POST",
            url=f"https://msg.example/{path}",
            headers={},
            body=body,
            received_at=self.clock.now(),
        )

    # --- Time passes -----------------------------------------------------------------------------

    def at(self, text: str) -> None:
        """It is this time in Rome: do what is due."""
        self.clock.at = self.clock.wall_at = rome(text)
        self.work()

    def passes(self, **duration: float) -> None:
        """Time passes: do what is due."""
        self.clock.advance(**duration)
        self.work()

    def work(self) -> None:
        """Do everything that is due now."""
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        did = [step(self.app) for step in (read_events, read_receipts, turn_due_timers)]
        did += [send_due(self.app, lane) for lane in ("whatsapp", "sms", "email")]
        return any(did)

    # --- What came of it -----------------------------------------------------------------------------

    @property
    def sent(self) -> list[str]:
        """The channels by which something reached a provider, in order."""
        return ["whatsapp" if b[:1] == b"{" else "sms" for b in self.providers.calls]

    def messages(self, reminder: str = "", subject: str = "1") -> list[MessageView]:
        """Messages about an occasion, oldest first."""
        found = list_messages(self.app, subject=f"webhook:{subject}", limit=None)
        return [m for m in reversed(found) if m.reminder == (reminder or m.reminder)]

    def message(self, reminder: str = "", subject: str = "1") -> MessageView:
        """The newest of them."""
        return self.messages(reminder, subject)[-1]

    def path(self, reminder: str = "", subject: str = "1") -> list[tuple[str, str]]:
        """The channels that its newest message tried, and how far each got."""
        return [(t.channel, t.status) for t in self.message(reminder, subject).tries]

    def story(self, reminder: str = "", subject: str = "1") -> list[str]:
        """The sentences of its newest message's timeline."""
        return [line.sentence for line in self.message(reminder, subject).timeline]
