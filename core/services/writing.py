"""Write to a person by hand, as the API is asked to.

What is asked for is kept raw, and becomes a cascade of one step, in one transaction: so all
that is promised of messages holds for it too.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Purpose, Refusal, why_not
from core.cascade.events import Started
from core.cascade.model import Channel, Recipient
from core.cascade.schedule import AT_ONCE, ZoneSource, zone_for
from core.cascade.status import Until
from core.errors import ContentError, SetupError
from core.ids import new_id
from core.message.compose import compose
from core.message.phone import country_zone
from core.message.reader import Reader
from core.occasions import BY_HAND
from core.ports import Capabilities, InboundRequest, able
from core.services.advance import advance
from core.services.problems import Problem, invalid, refused, unknown
from core.services.windows import open_to
from core.store import cascades, inbox, origins, people, records, replies, setup
from core.store.cascades import NewCascade
from core.store.inbox import EVENT, OURS, Arrival
from core.store.origins import Origin
from core.values import dataclass

DAY_SECONDS = 86_400.0
CONTENT = {"text": "{{ message.text }}", "subject": "{{ message.subject }}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What somebody wants to write to whom. `sender` may be left to us (`""`)."""

    address: str
    channel: Channel
    text: str
    subject: str = ""
    sender: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """What its message is filled in with."""
        subject = {"message.subject": self.subject} if self.subject else {}
        return {"message.text": self.text, **subject}


@dataclass(frozen=True, slots=True, kw_only=True)
class _By:
    """A sender that can send it, and until when it may."""

    sender: Origin
    able: Capabilities
    until: datetime | None


def write(
    app: Everreach,
    account: records.Row,
    letter: Letter,
    request: InboundRequest,
    idempotency_key: str,
) -> str:
    """Commit a request and its message. Its id; the same for the same key. Raises Problem."""
    now = app.clock.now()
    with app.store.write() as tx:
        setup.lock(tx, {account["id"]})
        arrival = _arrival(account, request, idempotency_key or new_id(now))
        event_id = inbox.add(tx, arrival)
        if event_id is None:
            return _written_before(tx, arrival)
        cascade = _Writing(app, tx, account, letter, now).cascade(event_id)
        cascades.create(tx, cascade, now)
        inbox.settle(tx, event_id, "done", f"started as {cascade.id}", now)
        lanes = advance(app, tx, [(cascade.id, Started())], now)
    app.bell.ring(lanes)
    return cascade.id


def _arrival(account: records.Row, request: InboundRequest, key: str) -> Arrival:
    # The key to the API is no part of what was asked.
    kept = {k: v for k, v in request.headers.items() if k != "authorization"}
    return Arrival(
        account_id=account["id"],
        kind=EVENT,
        origin_id=OURS,
        delivery_id=f"api:{account['id']}:{key}",
        topic=BY_HAND,
        url=request.url,
        headers=kept,
        body=request.body,
        received_at=request.received_at,
    )


def _written_before(tx: Connection, arrival: Arrival) -> str:
    before = inbox.delivered(tx, EVENT, OURS, arrival.delivery_id)
    if (before["url"], before["body"]) != (arrival.url, arrival.body):
        told = "this key came before, with another request"
        fix = "Give every message a key of its own"
        raise invalid("Idempotency-Key", told, fix)
    known = cascades.about(tx, arrival.account_id, _subject(before["id"]))
    assert known
    return known


def _subject(event_id: int) -> str:
    return f"api:{event_id}"


@dataclass(frozen=True, slots=True)
class _Writing:
    """One letter on its way to becoming a message."""

    app: Everreach
    tx: Connection
    account: records.Row
    letter: Letter
    now: datetime

    def cascade(self, event_id: int) -> NewCascade:
        """Raises Problem."""
        recipient = self._recipient()
        by = self._by(recipient)
        self._check_words(recipient, by)
        zone, source = self._clock(recipient)
        key = f"{BY_HAND} {self.letter.channel} {by.sender.row['key']}"
        return NewCascade(
            id=new_id(self.now),
            account_id=self.account["id"],
            reminder_id=self._reminder(key, by),
            reminder_key=key,
            event_id=event_id,
            subject=_subject(event_id),
            recipient=recipient,
            fields=self.letter.fields,
            round=0,
            zone=zone,
            zone_source=source,
            start_at=None,
            expires_at=by.until,
        )

    # --- To whom

    def _recipient(self) -> Recipient:
        address, channel = self.letter.address, self.letter.channel
        account_id = self.account["id"]
        known = cascades.recipient_of(self.tx, account_id, address)
        if known is None and replies.has_written(self.tx, (account_id, address)):
            mail = "@" in address
            known = Recipient(email=address) if mail else Recipient(phone=address)
        if known is None:
            told = "nobody is known here by this number or address"
            raise unknown(told, "Answer who wrote to you, or was written to")
        if not known.address(channel):
            told = f"there is {known.why_not(channel)}"
            raise invalid("channel", told, "Choose another channel")
        return known

    def _clock(self, recipient: Recipient) -> tuple[str, ZoneSource]:
        return zone_for(
            person="",
            event="",
            phone=country_zone(recipient.phone) if recipient.phone else "",
            account=self.account["time_zone"],
        )

    # --- By whom

    def _by(self, recipient: Recipient) -> _By:
        """The sender that they wrote to last, if that may write to them; else the next."""
        account_id, channel = self.account["id"], self.letter.channel
        person = (account_id, recipient.address(channel) or "")
        last = replies.wrote_to(self.tx, person, channel)
        found = sorted(self._senders(), key=lambda one: one[0].id != last)
        if not found:
            raise invalid("sender", *self._no_sender())
        refusal: Refusal | None = None
        for sender, can in found:
            refusal = self._refusal(recipient, sender)
            if refusal:
                continue
            if not can.window and channel is not Channel.WHATSAPP:
                return _By(sender=sender, able=can, until=None)
            row, now = sender.row, self.now
            if can.window and (
                until := open_to(self.app, self.tx, person, channel, row, now)
            ):
                return _By(sender=sender, able=can, until=until)
        raise _not_now(refusal)

    def _senders(self) -> Iterator[tuple[Origin, Capabilities]]:
        for sender in origins.senders_of(self.tx, self.account["id"]):
            connector = self.app.registry.channels[sender.connector]
            try:
                config = self.app.config_of(connector, sender.row)
            except SetupError:
                continue  # it has been set up wrongly
            can = able(connector, config, self.letter.channel)
            wanted = self.letter.sender in ("", sender.row["key"])
            if wanted and can and can.text:
                yield sender, can

    def _no_sender(self) -> tuple[str, str]:
        name, channel = self.letter.sender, self.letter.channel
        if name:
            told = f"no sender {name} sends texts by {channel}"
        else:
            told = f"there is no sender that sends texts by {channel}"
        return told, "Name a sender of this account, or another channel"

    def _refusal(self, recipient: Recipient, sender: Origin) -> Refusal | None:
        known = filter(None, (recipient.phone, recipient.email))
        whom = {(self.account["id"], address) for address in known}
        agreed = people.consents_of(self.tx, whom).values()
        stopped = people.suppressions_of(self.tx, whom).values()
        return why_not(
            Purpose.SERVICE,
            self.letter.channel,
            sender.row["key"],
            chain.from_iterable(agreed),
            chain.from_iterable(stopped),
        )

    # --- What

    def _check_words(self, recipient: Recipient, by: _By) -> None:
        reader = Reader(
            locale=recipient.locale,
            zone=self.account["time_zone"],
            currency=self.account["currency"],
        )
        channel, fields = self.letter.channel, self.letter.fields
        try:
            compose(
                CONTENT,
                channel,
                fields,
                able=by.able,
                reader=reader,
                open_window=by.until is not None,
            )
        except ContentError as error:
            raise invalid("text", str(error), "Write it so that it fits") from None

    def _reminder(self, key: str, by: _By) -> int:
        """The reminder that such messages belong to, which no set-up file knows of."""
        definition = _definition(self.letter.channel, by)
        known = setup.newest(self.tx, "reminder", self.account["id"]).get(key)
        if known and known["definition"] == definition:
            return int(known["id"])
        row = {
            "account_id": self.account["id"],
            "key": key,
            "version": known["version"] + 1 if known else 1,
            "event": BY_HAND,
            "definition": definition,
            "active": False,  # it waits for no event
        }
        return setup.add(self.tx, "reminder", row)


def _not_now(refusal: Refusal | None) -> Problem:
    if refusal:
        return refused(refusal.reason, "Only they can change that: by START, say")
    told = "they have not written there in the last 24 hours"
    return refused(told, "Write by SMS, or send a template by a reminder")


def _definition(channel: Channel, by: _By) -> dict[str, object]:
    preferred = (Until.DELIVERED, Until.SENT, Until.ACCEPTED)
    step = {
        "channel": str(channel),
        "senders": [by.sender.row["key"]],
        "until": str(next(one for one in preferred if one in by.able.reports)),
        "wait": DAY_SECONDS,
    }
    return {
        "purpose": str(Purpose.SERVICE),
        "message": BY_HAND,
        "content": CONTENT,
        "steps": [step],
        "send": AT_ONCE,
    }
