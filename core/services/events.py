"""From a platform's event to cascades."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Cancelled, Event, Started
from core.cascade.model import Recipient
from core.ids import new_id
from core.message.phone import NoPhone, find_phone
from core.occasions import ENDS
from core.ports import Happening, Ignored
from core.services.advance import advance
from core.services.inbox import as_request, read_each
from core.store import cascades, inbox, occasions, origins
from core.store.cascades import NewCascade
from core.store.inbox import Waiting
from core.store.occasions import Match, Occasion

BATCH = 100


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
        now = self.app.clock.now()
        occasion = occasions.learn(tx, arrival.account_id, happening, now)
        if happening.name in ENDS:
            self._cancel(tx, arrival, happening)
        elif occasion.ended_by:
            return f"{happening.subject} has ended by {occasion.ended_by}"
        if not occasion.is_known:
            return (
                f"nothing is known yet of {happening.subject} but its {happening.name}"
            )
        matches = occasions.reminders_for(tx, arrival.account_id, happening.name)
        if not matches:
            return f"no reminder is set on {happening.name}"
        return "; ".join(
            self._start(tx, arrival, happening, occasion, match) for match in matches
        )

    def _cancel(self, tx: Connection, arrival: Waiting, happening: Happening) -> None:
        cancelled = Cancelled(reason=ENDS[happening.name])
        for cascade_id in cascades.open_about(
            tx, arrival.account_id, happening.subject
        ):
            self.happened.append((cascade_id, cancelled))

    def _start(
        self,
        tx: Connection,
        arrival: Waiting,
        happening: Happening,
        occasion: Occasion,
        match: Match,
    ) -> str:
        now = self.app.clock.now()
        country = occasions.country(tx, arrival.account_id)
        recipient = to_recipient(occasion, country)
        cascade = NewCascade(
            id=new_id(now),
            account_id=arrival.account_id,
            reminder_id=match.id,
            reminder_key=match.key,
            event_id=arrival.id,
            subject=happening.subject,
            recipient=recipient,
            fields={**occasion.fields, **_recipient_fields(recipient)},
            round=0,
            start_at=None,
            expires_at=now + match.expires if match.expires else None,
        )
        if not cascades.create(tx, cascade, now):
            return f"{match.key} was started before for {happening.subject}"
        self.happened.append((cascade.id, Started()))
        return f"{match.key} started as {cascade.id}"


def read_events(app: Everreach, only: Collection[int] = ()) -> bool:
    """Read a batch of waiting events, with `only` of these accounts. Whether there were any."""
    batch = _Batch(app)
    with app.store.write() as tx:
        arrivals = inbox.waiting(tx, inbox.EVENT, BATCH, app.turns, only)
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
