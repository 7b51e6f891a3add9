"""From a platform's event to cascades."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Cancelled, Event
from core.cascade.model import Recipient
from core.ids import new_id
from core.message.mailbox import find_mailbox
from core.message.phone import NoPhone, find_phone
from core.occasions import ENDS, MOVES, STOPS
from core.ports import Happening, Ignored
from core.services.advance import advance
from core.services.answers import told_by_us
from core.services.inbox import as_request, read_each
from core.services.planning import planned
from core.store import cascades, inbox, occasions, origins, setup
from core.store.cascades import NewCascade
from core.store.inbox import OURS, Waiting
from core.store.occasions import Match, Occasion

Happened = list[tuple[str, Event]]

BATCH = 100
MOVED = "it was moved"


@dataclass
class _Batch:
    """What a batch of events means for cascades, in order."""

    app: Everreach
    happened: Happened = field(default_factory=list)

    def read(self, tx: Connection, arrival: Waiting) -> tuple[str, str]:
        """What became of one event: its new state and the reason."""
        told = self._told(tx, arrival)
        if isinstance(told, Ignored):
            return "ignored", told.reason
        happened: Happened = []
        words = [self._happen(tx, arrival, one, happened) for one in told]
        # Only now: if one of these facts cannot be read, nothing of the event has happened.
        self.happened += happened
        return "done", "; ".join(words)

    def _told(self, tx: Connection, arrival: Waiting) -> Sequence[Happening] | Ignored:
        if arrival.origin_id == OURS:
            return told_by_us(arrival)
        connection = origins.connection_by_id(tx, arrival.origin_id)
        platform = self.app.registry.platforms[connection.connector]
        return platform.translate(as_request(arrival))

    def _happen(
        self,
        tx: Connection,
        arrival: Waiting,
        happening: Happening,
        happened: Happened,
    ) -> str:
        """What comes of one fact: for cascades, and in words."""
        now, account_id = self.app.clock.now(), arrival.account_id
        occasion = occasions.learn(tx, account_id, happening, arrival.id, now)
        happened += _stopped(tx, account_id, happening, occasion)
        if happening.name not in STOPS and occasion.ended_by:
            return f"{happening.subject} has ended by {occasion.ended_by}"
        if not occasion.is_known:
            return (
                f"nothing is known yet of {happening.subject} but its {happening.name}"
            )
        reminders = occasions.reminders_of(tx, account_id)
        concerned = [one for one in reminders if _concerns(one, happening, occasion)]
        if not concerned:
            return f"no reminder is set on {happening.name}"
        starting = _Starting(tx, arrival, happening, occasion, concerned, now)
        outcomes = [starting.start(match) for match in concerned]
        happened += starting.happened
        return "; ".join(outcomes)


def _stopped(
    tx: Connection, account_id: int, happening: Happening, occasion: Occasion
) -> Happened:
    """What is under way about it is no longer true, but for the news of an end itself."""
    reason, still_true = _news(happening, occasion)
    if not reason:
        return []
    open_ = cascades.open_about(tx, account_id, happening.subject, but_on=still_true)
    return [(cascade_id, Cancelled(reason=reason)) for cascade_id in open_]


def _news(happening: Happening, occasion: Occasion) -> tuple[str, Collection[str]]:
    """Why what is under way stops, and reminders on which events go on."""
    if happening.name in STOPS:
        return STOPS[happening.name], {*ENDS, happening.name}
    return (MOVED, ENDS) if occasion.moved else ("", ())


def _concerns(match: Match, happening: Happening, occasion: Occasion) -> bool:
    """Whether a reminder is about what happened: its own event, or the occasion has moved."""
    if match.event == happening.name:
        return True
    moved = occasion.moved or happening.name in MOVES
    family = happening.name.partition(".")[0] == match.family
    return moved and family and match.is_relative


@dataclass(kw_only=False)
class _Starting:
    """The start of the reminders that one fact concerns, all of them in `concerned`."""

    tx: Connection
    arrival: Waiting
    happening: Happening
    occasion: Occasion
    concerned: list[Match]
    now: datetime
    happened: Happened = field(default_factory=list)

    def start(self, match: Match) -> str:
        account = occasions.account(self.tx, self.arrival.account_id)
        recipient = to_recipient(self.occasion, account["country"])
        # What is sent at once reminds of nothing, so it is no later reminder.
        others = [o for o in self.concerned if o is not match and o.is_relative]
        when = planned(account, self.occasion, recipient, match, others, self.now)
        subject = self.happening.subject
        cascade = NewCascade(
            id=new_id(self.now),
            account_id=self.arrival.account_id,
            reminder_id=match.id,
            reminder_key=match.key,
            event_id=self.arrival.id,
            subject=subject,
            recipient=recipient,
            fields={**self.occasion.fields, **_recipient_fields(recipient)},
            round=self.occasion.round,
            zone=when.zone,
            zone_source=when.zone_source,
            start_at=when.plan.start_at,
            expires_at=when.plan.expires_at,
        )
        if not cascades.create(self.tx, cascade, self.now):
            return f"{match.key} was started before for {subject}"
        self.happened.append((cascade.id, when.started(self.now)))
        return f"{match.key} started as {cascade.id}"


def read_events(app: Everreach, only: Collection[int] = ()) -> bool:
    """Read a batch of waiting events, with `only` of these accounts. Whether there were any."""
    batch = _Batch(app)
    with app.store.write() as tx:
        arrivals = inbox.waiting(tx, inbox.EVENT, BATCH, app.turns, only)
        # Two workers that read one account's events would lock its occasions in any order.
        setup.lock(tx, {one.account_id for one in arrivals})
        read_each(app, tx, arrivals, batch.read)
        lanes = advance(app, tx, batch.happened, app.clock.now())
    app.bell.ring(lanes)
    return bool(arrivals)


def to_recipient(occasion: Occasion, account_country: str) -> Recipient:
    """The person, with a number that is certain or the reason why there is none."""
    contact = occasion.contact
    phone = find_phone(contact.phones, (*contact.countries, account_country))
    return Recipient(
        phone=None if isinstance(phone, NoPhone) else phone,
        phone_problem=phone.reason if isinstance(phone, NoPhone) else "",
        email=find_mailbox(contact.email),
        first_name=contact.first_name,
        last_name=contact.last_name,
        locale=contact.locale,
        country=next(iter(contact.countries), account_country),
    )


def _recipient_fields(recipient: Recipient) -> dict[str, str]:
    names = ("first_name", "last_name", "phone")
    return {f"recipient.{name}": getattr(recipient, name) or "" for name in names}
