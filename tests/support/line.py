"""The line from a webhook to the phone, worked by hand: a shop, its clock and its providers."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, select, update

from core.bootstrap import Everreach
from core.ports import InboundRequest
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.services.questions import ask_due
from core.services.receipts import read_receipts
from core.services.setup import apply
from core.services.spent import usual_limits
from core.services.timers import turn_due_timers
from core.services.views import MessageView, TryView
from core.store import attempts, notices, origins
from core.store.claims import Claims, claim, save
from core.store.inbox import EVENT, RECEIPT
from core.store.tables import reminders, senders
from core.store.work import lanes_with_work
from tests.conftest import SetClock
from tests.support import riverside
from tests.support.loopback import Providers
from tests.support.riverside import fulfillment, meta_status, shipped

SECOND_SENDER = """  - {{key: wa2, provider: whatsapp_cloud, limits: {{per_second: none, per_person: none}}, config: {{phone_number_id: "101", access_token: token, app_secret: app-secret, verify_token: verify-token, base_url: "{url}"}}}}
messages:"""


class Line:
    """A shop that is set up, and shorthands for what happens to it."""

    def __init__(
        self, app: Everreach, clock: SetClock, providers: Providers, **options: Any
    ) -> None:
        self.app, self.clock, self.url = app, clock, providers.url
        self.set_up(**options)

    # --- Set-up ------------------------------------------------------------------------------

    def set_up(self, *changes: tuple[str, str], **options: Any) -> None:
        """Apply the set-up file, with words in it changed."""
        text = riverside.setup(meta=self.url, twilio=self.url, **options)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        apply(self.app, text, {})

    def set_up_other(self, account: str) -> None:
        """Another account, of another shop."""
        shop = ("shop: riverside.my", f"shop: {account}.my")
        self.set_up(shop, account=account, phone_number_id="102")

    @property
    def two_senders(self) -> tuple[tuple[str, str], ...]:
        """What to change so that WhatsApp goes by `wa`, else by `wa2`."""
        added = "messages:", SECOND_SENDER.format(url=self.url)
        return added, ("sender: wa,", "sender: [wa, wa2],")

    def define(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the stored definition of the reminders, past the set-up file."""
        with self.app.store.write() as tx:
            rows = tx.execute(select(reminders.c.id, reminders.c.definition)).all()
            for key, shared in rows:
                definition = deepcopy(shared)
                change(definition)
                same = reminders.c.id == key
                tx.execute(update(reminders).where(same).values(definition=definition))

    def retire(self, sender: str) -> None:
        """Remove a sender."""
        with self.app.store.write() as tx:
            same = senders.c.key == sender
            tx.execute(update(senders).where(same).values(active=False))

    # --- What comes in -----------------------------------------------------------------------

    def hook(self, *, account: str = "riverside", **options: Any) -> int | None:
        with self.app.store.read() as tx:
            origin = origins.connection(tx, "shopify", f"{account}.shop")
        assert origin
        request = shipped(options.pop("body", None), **options)
        platform = self.app.registry.platforms["shopify"]
        return inbox.keep(
            self.app,
            EVENT,
            origin,
            request,
            topic=platform.topic(request),
            delivery_id=platform.delivery_id(request),
        )

    def whatsapp_says(self, *statuses: dict[str, Any]) -> None:
        """Meta reports, in one webhook."""
        self._meta_posts(riverside.meta_body(*statuses))

    def report(self, tried: TryView, *statuses: str, code: int | None = None) -> None:
        """Meta reports on an attempt, and that is worked off."""
        known = {"wamid": tried.provider_id or "wamid.unheard"}
        for status in statuses:
            failed = {"code": code} if status == "failed" else {}
            told = meta_status(status, tried.reference, **known, **failed)
            self.whatsapp_says(told)
        self.work()

    def reply(self, tried: TryView, text: str, *, work: bool = True) -> None:
        """The person answers a WhatsApp message, and that is worked off."""
        self._meta_posts(riverside.meta_reply(tried.provider_id, text))
        if work:
            self.work()

    def _meta_posts(self, body: bytes) -> None:
        with self.app.store.read() as tx:
            origin = origins.sender(tx, "whatsapp_cloud", "riverside.wa")
        assert origin
        request = InboundRequest(
            method="POST",
            url="https://msg.example/receipts/whatsapp_cloud/riverside.wa",
            headers=riverside.meta_headers(body),
            body=body,
            received_at=riverside.NOW,
        )
        inbox.keep(self.app, RECEIPT, origin, request)

    def twilio_says(self, status: str, reference: str, at: str = "") -> None:
        """Twilio reports on an attempt, and when it was if it says that."""
        with self.app.store.read() as tx:
            origin = origins.sender(tx, "twilio", "riverside.sms")
        assert origin
        told = {"MessageSid": f"SM.{reference}", "MessageStatus": status}
        request = InboundRequest(
            method="POST",
            url=f"https://msg.example/receipts/twilio/riverside.sms?ref={reference}",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({**told, **({"Timestamp": at} if at else {})}).encode(),
            received_at=riverside.NOW,
        )
        inbox.keep(self.app, RECEIPT, origin, request)

    # --- What is done ------------------------------------------------------------------------

    def work(self) -> None:
        """Do everything that is due now."""
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        steps = (read_events, read_receipts, turn_due_timers, ask_due)
        did = [step(self.app) for step in steps]
        did += [send_due(self.app, lane) for lane in ("whatsapp", "sms")]
        return any(did)

    def later(self, **duration: float) -> None:
        """Let time pass, then do what is due."""
        self.clock.advance(**duration)
        self.work()

    def ship(self, **options: Any) -> MessageView:
        self.hook(**options)
        self.work()
        return self.message

    def order(
        self, number: int, *, phone: str = "", account: str = "riverside"
    ) -> None:
        """One more parcel is shipped, to Anna or to somebody else; nothing is done yet."""
        body = fulfillment(number)
        if phone:
            body["destination"] = {**body["destination"], "phone": phone}
        self.hook(body=body, webhook_id=f"w{number}", account=account)

    def ship_next(self, number: int, **options: str) -> MessageView:
        """One more parcel is shipped, and what is due is done."""
        self.order(number, **options)
        self.work()
        return self.about(number, options.get("account", "riverside"))

    def claim(
        self, tx: Connection, limit: int = 10, channel: str = "whatsapp"
    ) -> Claims:
        """Take what is due, as a worker does."""
        usual = partial(usual_limits, self.app, channel)
        now, turns = self.clock.now(), self.app.turns
        claims = claim(tx, channel, now, limit, usual=usual, turns=turns)
        save(tx, claims)
        said = dict.fromkeys([*claims.taken, *claims.refused])
        attempts.take(tx, said, now, self.clock.wall() + timedelta(minutes=1))
        return claims

    def claim_and_die(self) -> None:
        """A worker takes what is due, and is killed."""
        with self.app.store.write() as tx:
            assert self.claim(tx).taken

    # --- What is to be seen ------------------------------------------------------------------

    @property
    def lanes(self) -> list[str]:
        """Where there is something to do now."""
        with self.app.store.read() as tx:
            return lanes_with_work(tx, self.clock.now(), self.clock.wall())

    @property
    def message(self) -> MessageView:
        (message,) = list_messages(self.app)
        return message

    def about(self, number: int, account: str = "riverside") -> MessageView:
        """The message about a parcel."""
        subject = riverside.subject(number)
        (message,) = list_messages(self.app, subject=subject, account=account)
        return message

    @property
    def path(self) -> list[tuple[str, str]]:
        return [(one.channel, one.status) for one in self.message.tries]

    @property
    def sentences(self) -> list[str]:
        return said(self.message)

    @property
    def notices(self) -> list[tuple[str, str]]:
        """What the owner is still to mend, oldest first."""
        with self.app.store.read() as tx:
            found = notices.unresolved(tx, None)
        return [(one["kind"], one["about"]) for one in reversed(found)]


def said(message: MessageView) -> list[str]:
    """The sentences of a timeline."""
    return [one.sentence for one in message.timeline]


def senders_of(message: MessageView) -> list[tuple[str, str]]:
    """Who tried, and what came of it."""
    return [(one.sender, one.status) for one in message.tries]
