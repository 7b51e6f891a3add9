"""From a platform's event to cascades."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Cancelled, Event
from core.cascade.model import Recipient
from core.ids import new_id
from core.message.phone import NoPhone, find_phone
from core.occasions import MOMENTS, STOPS
from core.ports import Happening, Ignored
from core.services.advance import advance
from core.services.inbox import as_request, read_each
from core.services.planning import planned
from core.store import cascades, inbox, occasions, origins
from core.store.cascades import NewCascade
from core.store.inbox import Waiting
from core.store.occasions import Match, Occasion

BATCH = 100
MOVED = "it was moved"


@dataclass
class _Batch:
    """What a batch of events means for cascades, in order."""

    app: Everreach
    happened: list[tuple[str, Event]] = field(default_factory=list)

    def read(self, tx: Connection, arrival: Waiting) -> tuple[str, str]:
        """What became of one event: its new state and the reason."""
        connection = origins.connection_by_id(tx, arrival.origin_id)
        platform = self.app.registry.platforms[connection.connector]
        told = platform.translate(as_request(arrival))
        if isinstance(told, Ignored):
            return "ignored", told.reason
        outcomes = [self._happen(tx, arrival, happening) for happening in told]
        return "done", "; ".join(outcomes)

    def _happen(self, tx: Connection, arrival: Waiting, happening: Happening) -> str:
        """What comes of one fact, in words."""
        now = self.app.clock.now()
        occasion = occasions.learn(tx, arrival.account_id, happening, now)
        self._stop(tx, arrival.account_id, happening, occasion)
        if happening.name not in STOPS and occasion.ended_by:
            return f"{happening.subject} has ended by {occasion.ended_by}"
        if not occasion.is_known:
            return (
                f"nothing is known yet of {happening.subject} but its {happening.name}"
            )
        reminders = occasions.reminders_of(tx, arrival.account_id)
        concerned = [one for one in reminders if _concerns(one, happening, occasion)]
        if not concerned:
            return f"no reminder is set on {happening.name}"
        starting = _Starting(tx, arrival, happening, occasion, reminders, now)
        outcomes = [starting.start(match) for match in concerned]
        self.happened += starting.happened
        return "; ".join(outcomes)

    def _stop(
        self, tx: Connection, account_id: int, happening: Happening, occasion: Occasion
    ) -> None:
        """What is under way about it is no longer true."""
        reason = STOPS.get(happening.name) or (MOVED if occasion.moved else None)
        if reason:
            cancelled = Cancelled(reason=reason)
            open_ = cascades.open_about(tx, account_id, happening.subject)
            self.happened += [(cascade_id, cancelled) for cascade_id in open_]


def _concerns(match: Match, happening: Happening, occasion: Occasion) -> bool:
    """Whether a reminder is about what happened: its own event, or the occasion has moved."""
    if match.event == happening.name:
        return True
    family = happening.name.partition(".")[0] == match.event.partition(".")[0]
    relative = match.event in MOMENTS and not match.offset.at_once
    return occasion.moved and family and relative


@dataclass(kw_only=False)
class _Starting:
    """The start of the reminders that one fact concerns."""

    tx: Connection
    arrival: Waiting
    happening: Happening
    occasion: Occasion
    reminders: list[Match]
    now: datetime
    happened: list[tuple[str, Event]] = field(default_factory=list)

    def start(self, match: Match) -> str:
        account = occasions.account(self.tx, self.arrival.account_id)
        recipient = to_recipient(self.occasion, account["country"])
        others = [
            one
            for one in self.reminders
            if one is not match and _same_family(one, match)
        ]
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


def _same_family(one: Match, other: Match) -> bool:
    """Whether two reminders are about the same kind of occasion."""
    return one.event.partition(".")[0] == other.event.partition(".")[0]


def read_events(app: Everreach) -> bool:
    """Read a batch of waiting events. Whether there were any."""
    batch = _Batch(app)
    with app.store.write() as tx:
        arrivals = inbox.waiting(tx, inbox.EVENT, BATCH)
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
        email=contact.email or None,
        first_name=contact.first_name,
        last_name=contact.last_name,
        locale=contact.locale,
        country=next(iter(contact.countries), account_country),
    )


def _recipient_fields(recipient: Recipient) -> dict[str, str]:
    names = ("first_name", "last_name", "phone")
    return {f"recipient.{name}": getattr(recipient, name) or "" for name in names}
