"""How things stand for a person now: all that a decision goes by besides what has happened.

Looked up anew before every decision that could send, so that a message which waited is judged
by what is true when it would go out.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.conditions import unmet
from core.cascade.consent import Purpose, Refusal, Refused, why_not
from core.cascade.events import Event, Reported
from core.cascade.limits import (
    NO_LIMITS,
    Limits,
    full_until,
    limits_of,
    used_up_until,
)
from core.cascade.model import Bar, Cascade, Channel, Fact, Obstacle, Sender, Step
from core.cascade.status import FailureClass
from core.services.planning import hours_of
from core.store import breakers, memory, paces, people, records, setup
from core.store.breakers import Breaker
from core.store.cascades import Loaded
from core.store.memory import Whom
from core.store.paces import Owner, Person

PROBE = timedelta(
    seconds=30
)  # one message tries a broken sender; the others wait so long
UNREAD_RUN = 3  # so many in a row delivered and never read: reading is not reported

ASSUME_SEEN, CLICKS_AND_REPLIES, FALL_BACK = UNREAD_RULES = (
    "assume_seen",
    "clicks_and_replies",
    "fall_back",
)


@dataclass(kw_only=True)
class Outlook:
    """How things stand for the people of some cascades."""

    app: Everreach
    tx: Connection
    now: datetime
    loaded: Collection[Loaded]
    faulty: Collection[int]  # accounts in which something is broken, and locked

    def __post_init__(self) -> None:
        addresses = {(one.account["id"], at) for one in self.loaded for at in _at(one)}
        accounts = {one.account["id"] for one in self.loaded}
        self._senders = setup.senders_of(self.tx, accounts)
        self._breakers = (
            breakers.breakers_of(self.tx, self.faulty) if self.faulty else {}
        )
        self._unreachable = memory.unreachable_at(self.tx, addresses, self.now)
        self._habits = memory.habits_of(self.tx, addresses)
        self._consents = people.consents_of(self.tx, addresses)
        self._suppressions = people.suppressions_of(self.tx, addresses)
        self._spent = _Spent(app=self.app, tx=self.tx, now=self.now)
        self._spent.look_up(self.loaded, self._senders)

    def of(self, loaded: Loaded, cascade: Cascade, event: Event) -> Cascade:
        """The cascade with its steps as they stand now, with what just happened."""
        plans = loaded.definition["steps"]
        steps = [
            self._step(loaded, step, plan)
            for step, plan in zip(cascade.steps, plans, strict=True)
        ]
        if _stops_marketing(loaded, event):
            stop = _opted_out(self.now, "their provider")
            steps = [replace(step, bar=stop) for step in steps]
        full_until = self._spent.full_until(loaded)
        return replace(cascade, steps=tuple(steps), full_until=full_until)

    def sending(self, loaded: Loaded, step: Step, sender: str) -> None:
        """A message is about to try a sender. If that is broken, the next ones wait."""
        for template in {"", _template(loaded, step.channel)}:
            key = (loaded.account["id"], sender, template)
            broken = self._breakers.get(key)
            if broken and broken.retry_at:
                until, probe = self.now + PROBE, loaded.cascade.id
                breakers.let_try(self.tx, broken, probe, until)
                self._breakers[key] = replace(broken, retry_at=until, probe=probe)

    def _step(self, loaded: Loaded, step: Step, plan: records.Row) -> Step:
        template = _template(loaded, step.channel)
        senders = (
            self._sender(loaded, step.channel, sender.key, template)
            for sender in step.senders
        )
        return replace(
            step,
            senders=tuple(senders),
            hours=hours_of(
                loaded.account,
                loaded.definition,
                step.channel,
                loaded.zone,
                loaded.zone_source,
            ),
            bar=self._bar(loaded, step, plan),
            assume_seen=self._assumes_seen(loaded, step),
        )

    def _sender(
        self, loaded: Loaded, channel: Channel, key: str, template: str
    ) -> Sender:
        account_id = loaded.account["id"]
        row = self._senders[account_id, key]
        able = self.app.registry.channels[row["provider"]].query is not None
        sender = Sender(key=key, can_be_asked=able)
        if refusal := self._refusal(loaded, channel, key):
            return replace(sender, bar=_refused(refusal))
        for name in ("", template):
            broken = self._breakers.get((account_id, key, name))
            if broken and broken.retry_at and broken.retry_at > self.now:
                bar = _broken(broken)
                return replace(sender, bar=bar, barred_until=broken.retry_at)
        if until := self._spent.used_up_until(row, channel):
            return replace(sender, bar=_used_up(until), barred_until=until)
        return sender

    def _bar(self, loaded: Loaded, step: Step, plan: records.Row) -> Bar | None:
        recipient = loaded.cascade.recipient
        if bar := unmet(plan.get("only_if", {}), recipient.country, loaded.fields):
            return bar
        if refusal := self._refusal(loaded, step.channel, sender=None):
            return _refused(refusal)
        whom = _whom(loaded, step.channel)
        known = self._unreachable.get(whom) if whom else None
        return _unreachable(known) if known else None

    def _refusal(
        self, loaded: Loaded, channel: Channel, sender: str | None
    ) -> Refusal | None:
        """Why the person may not be written to there; by any sender, if it is None."""
        people_ = [(loaded.account["id"], address) for address in _at(loaded)]
        return why_not(
            Purpose(loaded.definition["purpose"]),
            channel,
            sender or "",
            chain.from_iterable(self._consents.get(one, ()) for one in people_),
            chain.from_iterable(self._suppressions.get(one, ()) for one in people_),
        )

    def _assumes_seen(self, loaded: Loaded, step: Step) -> bool:
        rule = loaded.definition.get("unread", CLICKS_AND_REPLIES)
        whom = _whom(loaded, step.channel)
        habit = self._habits.get(whom) if whom else None
        if habit is None or rule == FALL_BACK:
            return False
        silent = rule == ASSUME_SEEN and habit["unread"] >= UNREAD_RUN
        return bool(habit["answers"]) or silent


@dataclass(kw_only=True)
class _Spent:
    """What has been sent already, where there are limits for a day."""

    app: Everreach
    tx: Connection
    now: datetime

    def look_up(
        self, loaded: Collection[Loaded], senders: Mapping[tuple[int, str], records.Row]
    ) -> None:
        """Read what these cascades may need. Without such limits nothing is read."""
        owners = {_owner(row) for row in senders.values() if self._by_day(row)}
        owners |= {_whole(one) for one in loaded if _limits(one).by_day}
        people = {_person(one) for one in loaded if _limits(one).per_person_per_day}
        self._paces = paces.read(self.tx, owners)
        self._times = paces.times(self.tx, people)

    def used_up_until(self, row: records.Row, channel: str) -> datetime | None:
        """When a sender may send again, if it has sent all that it may in a day."""
        pace = self._paces.get(_owner(row))
        if pace is None:
            return None
        limits = limits_of(
            usual_limits(self.app, channel, row["provider"]), row["limits"]
        )
        return used_up_until(pace, limits, self.now)

    def full_until(self, loaded: Loaded) -> datetime | None:
        """When the account, and this person, may get more."""
        limits, pace = _limits(loaded), self._paces.get(_whole(loaded))
        account = used_up_until(pace, limits, self.now) if pace else None
        person, counts = None, loaded.definition["purpose"] != "authentication"
        if limits.per_person_per_day and counts:
            times = self._times.get(_person(loaded), [])
            person = full_until(times, limits.per_person_per_day, self.now)
        return max(filter(None, (account, person)), default=None)

    def _by_day(self, row: records.Row) -> bool:
        usual = self.app.registry.channels[row["provider"]].limits.values()
        return any(limits_of(one, row["limits"]).by_day for one in (NO_LIMITS, *usual))


def usual_limits(app: Everreach, channel: str, provider: str) -> Limits:
    """What a provider lets a sender do on a channel, where it is known."""
    return app.registry.channels[provider].limits.get(Channel(channel), NO_LIMITS)


def _template(loaded: Loaded, channel: Channel) -> str:
    locale = loaded.cascade.recipient.locale
    return records.template_of(loaded.definition, channel, locale)


def _limits(loaded: Loaded) -> Limits:
    return limits_of(NO_LIMITS, loaded.account["limits"])


def _owner(sender: records.Row) -> Owner:
    return sender["account_id"], sender["id"]


def _whole(loaded: Loaded) -> Owner:
    return loaded.account["id"], 0


def _person(loaded: Loaded) -> Person:
    return _whole(loaded), loaded.cascade.recipient.key


def _used_up(until: datetime) -> Bar:
    return Bar(obstacle=Obstacle.USED_UP, facts=(("at", until.isoformat()),))


def _at(loaded: Loaded) -> Iterator[str]:
    recipient = loaded.cascade.recipient
    yield from filter(None, (recipient.phone, recipient.email))


def _whom(loaded: Loaded, channel: Channel) -> Whom | None:
    address = loaded.cascade.recipient.address(channel)
    if address is None:
        return None
    return Whom(account_id=loaded.account["id"], channel=channel, address=address)


def _stops_marketing(loaded: Loaded, event: Event) -> bool:
    """Whether a provider has just told of an opt-out that ends marketing altogether."""
    failure = event.marks.failure if isinstance(event, Reported) else None
    opted_out = failure is not None and failure.kind is FailureClass.SUPPRESS
    return opted_out and loaded.definition["purpose"] == Purpose.MARKETING


def _refused(refusal: Refusal) -> Bar:
    if refusal.why is Refused.NO_CONSENT:
        facts = (("purpose", str(refusal.purpose)),)
        return Bar(obstacle=Obstacle.NO_CONSENT, facts=facts)
    assert refusal.at
    return _opted_out(refusal.at, refusal.source)


def _opted_out(at: datetime, source: str) -> Bar:
    facts = (("since", at.isoformat()), ("source", source))
    return Bar(obstacle=Obstacle.OPTED_OUT, facts=facts)


def _broken(broken: Breaker) -> Bar:
    assert broken.retry_at
    facts: Mapping[str, Fact] = {
        "code": broken.code,
        "since": broken.since.isoformat(),
        "at": broken.retry_at.isoformat(),
    }
    obstacle = Obstacle.BAD_TEMPLATE if broken.template else Obstacle.BROKEN
    return Bar(obstacle=obstacle, facts=tuple(facts.items()))


def _unreachable(known: records.Row) -> Bar:
    facts: Mapping[str, Fact] = {
        "code": known["code"],
        "since": known["since"].isoformat(),
        "at": known["until"].isoformat(),
    }
    return Bar(obstacle=Obstacle.UNREACHABLE, facts=tuple(facts.items()))
