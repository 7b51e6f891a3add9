"""How things stand for a person now: all that a decision goes by besides what has happened.

Looked up anew before every decision that could send, so that a message which waited is judged
by what is true when it would go out.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.conditions import unmet
from core.cascade.consent import Purpose, Refusal, Refused, why_not
from core.cascade.events import Event, Reported
from core.cascade.model import Bar, Cascade, Channel, Fact, Obstacle, Sender, Step
from core.cascade.status import FailureClass
from core.services.planning import hours_of
from core.services.spent import Spent
from core.store import breakers, memory, people, records
from core.store.breakers import Breaker
from core.store.cascades import Loaded
from core.store.decisions import Senders
from core.store.memory import Whom

PROBE = timedelta(seconds=30)  # while one message tries a broken sender, others wait
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
    senders: Senders  # of their accounts
    faulty: Collection[int]  # accounts in which something is broken, and locked

    def __post_init__(self) -> None:
        addresses = {person for one in self.loaded for person in _people(one)}
        self._breakers = (
            breakers.breakers_of(self.tx, self.faulty) if self.faulty else {}
        )
        self._unreachable = memory.unreachable_at(self.tx, addresses, self.now)
        self._habits = memory.habits_of(self.tx, addresses)
        self._consents = people.consents_of(self.tx, addresses)
        self._suppressions = people.suppressions_of(self.tx, addresses)
        self._known = {*self._consents, *self._suppressions}
        self._known |= {one.person for one in (*self._unreachable, *self._habits)}
        self._spent = Spent(
            app=self.app,
            tx=self.tx,
            now=self.now,
            loaded=self.loaded,
            senders=self.senders,
        )
        self._for_anybody: dict[tuple[Any, ...], tuple[Step, ...]] = {}

    def of(self, loaded: Loaded, cascade: Cascade, event: Event) -> Cascade:
        """The cascade with its steps as they stand now, with what just happened."""
        steps = self._steps_for_anybody(loaded)
        if self._is_special(loaded):
            steps = self._steps_for_them(loaded, steps)
        if _stops_marketing(loaded, event):
            stop = _opted_out(self.now, "their provider")
            steps = tuple(replace(step, bar=stop) for step in steps)
        full_until = self._spent.full_until(loaded)
        return replace(cascade, steps=steps, full_until=full_until)

    def sending(self, loaded: Loaded, step: Step, sender: str) -> None:
        """A message is about to try a sender. If that is broken, the next ones wait."""
        if not self._breakers:
            return
        for template in {"", _template(loaded, step.channel)}:
            key = (loaded.account["id"], sender, template)
            broken = self._breakers.get(key)
            if broken and broken.retry_at:
                until, probe = self.now + PROBE, loaded.cascade.id
                breakers.let_try(self.tx, broken, probe, until)
                self._breakers[key] = replace(broken, retry_at=until, probe=probe)
                self._for_anybody.clear()

    # --- What holds for everybody ----------------------------------------------------------------

    def _steps_for_anybody(self, loaded: Loaded) -> tuple[Step, ...]:
        """The same for all who get this reminder, read that language and go by that clock."""
        clock = loaded.zone, loaded.zone_source
        reader = loaded.cascade.recipient.locale
        case = (loaded.account["id"], loaded.definition, *clock, reader)
        if case not in self._for_anybody:
            steps = records.to_steps(loaded.definition)
            found = tuple(self._step_for_anybody(loaded, step) for step in steps)
            self._for_anybody[case] = found
        return self._for_anybody[case]

    def _step_for_anybody(self, loaded: Loaded, step: Step) -> Step:
        clock = loaded.zone, loaded.zone_source
        hours = hours_of(loaded.account, loaded.definition, step.channel, *clock)
        return replace(step, senders=self._senders_now(loaded, step), hours=hours)

    def _senders_now(self, loaded: Loaded, step: Step) -> tuple[Sender, ...]:
        template = _template(loaded, step.channel)
        return tuple(
            self._sender(loaded.account["id"], step.channel, sender.key, template)
            for sender in step.senders
        )

    def _sender(
        self, account_id: int, channel: Channel, key: str, template: str
    ) -> Sender:
        row = self.senders[account_id, key]
        able = self.app.registry.channels[row["provider"]].query is not None
        sender = Sender(key=key, can_be_asked=able)
        for name in ("", template):
            broken = self._breakers.get((account_id, key, name))
            if broken and broken.retry_at and broken.retry_at > self.now:
                bar = _broken(broken)
                return replace(sender, bar=bar, barred_until=broken.retry_at)
        if until := self._spent.used_up_until(row, channel):
            return replace(sender, bar=_used_up(until), barred_until=until)
        return sender

    # --- What holds for one person ---------------------------------------------------------------

    def _is_special(self, loaded: Loaded) -> bool:
        """Whether it may be otherwise for this person: most are nobody of whom we know anything."""
        definition = loaded.definition
        return (
            not self._known.isdisjoint(_people(loaded))
            or definition["purpose"] == Purpose.MARKETING
            or any(plan.get("only_if") for plan in definition["steps"])
        )

    def _steps_for_them(
        self, loaded: Loaded, steps: tuple[Step, ...]
    ) -> tuple[Step, ...]:
        refusal_of = self._refusal_of(loaded)
        return tuple(
            replace(
                step,
                senders=tuple(
                    _unless(sender, refusal_of(step.channel, sender.key))
                    for sender in step.senders
                ),
                bar=self._bar(loaded, step, plan, refusal_of(step.channel, "")),
                assume_seen=self._assumes_seen(loaded, step),
            )
            for step, plan in zip(steps, loaded.definition["steps"], strict=True)
        )

    def _refusal_of(self, loaded: Loaded) -> Callable[[Channel, str], Refusal | None]:
        """Tells why the person may not be written to on a channel by a sender; `""` is any."""
        them = _people(loaded)
        said = [one for person in them for one in self._consents.get(person, ())]
        stops = [one for person in them for one in self._suppressions.get(person, ())]
        purpose = Purpose(loaded.definition["purpose"])
        return lambda channel, sender: why_not(purpose, channel, sender, said, stops)

    def _bar(
        self, loaded: Loaded, step: Step, plan: records.Row, refusal: Refusal | None
    ) -> Bar | None:
        recipient = loaded.cascade.recipient
        if bar := unmet(plan.get("only_if", {}), recipient.country, loaded.fields):
            return bar
        if refusal:
            return _refused(refusal)
        whom = _whom(loaded, step.channel)
        known = self._unreachable.get(whom) if whom else None
        return _unreachable(known) if known else None

    def _assumes_seen(self, loaded: Loaded, step: Step) -> bool:
        rule = loaded.definition.get("unread", CLICKS_AND_REPLIES)
        whom = _whom(loaded, step.channel)
        habit = self._habits.get(whom) if whom else None
        if habit is None or rule == FALL_BACK:
            return False
        silent = rule == ASSUME_SEEN and habit["unread"] >= UNREAD_RUN
        return bool(habit["answers"]) or silent


def _template(loaded: Loaded, channel: Channel) -> str:
    locale = loaded.cascade.recipient.locale
    return records.template_of(loaded.definition, channel, locale)


def _used_up(until: datetime) -> Bar:
    return Bar(obstacle=Obstacle.USED_UP, facts=(("at", until.isoformat()),))


def _people(loaded: Loaded) -> list[tuple[int, str]]:
    """Its recipient under every address that is known of them."""
    account_id, recipient = loaded.account["id"], loaded.cascade.recipient
    return [(account_id, at) for at in (recipient.phone, recipient.email) if at]


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


def _unless(sender: Sender, refusal: Refusal | None) -> Sender:
    """A refusal is for good, whatever else stands against a sender for now."""
    if refusal is None:
        return sender
    return replace(sender, bar=_refused(refusal), barred_until=None)


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
