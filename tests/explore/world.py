"""A cascade in its world: the shell that serves it, a worker and the providers, as one value.

This is what stands around `decide`, and no more: an attempt can only be claimed while it is
queued, calling off only hits what is queued, a worker may die or be slow at any instant, a
provider says of a message that it took whatever it likes, in any order, and may be asked.
What the shell looks up before a decision (broken senders, people who are not on a channel) can
be otherwise every time.

Time stands still but for the instants that matter: when something is due, closes or expires.
An occasion that moves is a cancellation here; the cascade for its new time is a world of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.cascade import machine
from core.cascade.commands import Ask, CallOff, Command, Send
from core.cascade.events import (
    Answered,
    Cancelled,
    Departed,
    Event,
    Reported,
    Started,
    TimedOut,
)
from core.cascade.model import (
    Bar,
    Cascade,
    Channel,
    Obstacle,
    Recipient,
    Step,
)
from core.cascade.schedule import TooLate
from core.cascade.status import Failure, FailureClass, Marks

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

Decide = Callable[[Cascade, Event, datetime], machine.Decision]

# Of the classes of failure, one is tried again, and one is the sender's; the others move on.
MOVES_ON = Failure(kind=FailureClass.NEXT, code="131026", detail="Undeliverable")
BUSY = Failure(kind=FailureClass.RETRY, code="130429", detail="Too many requests")
HALTED = Failure(kind=FailureClass.HALT, code="190", detail="Token expired")

# What comes of a request. The times of reports decide nothing, so one of each will do.
LOST, ACCEPTED = Marks(unknown_at=NOON), Marks(accepted_at=NOON)
REFUSALS = {
    Marks(failed_at=NOON, failure=MOVES_ON): "refused",
    Marks(failed_at=NOON, failure=BUSY): "too busy",
    Marks(failed_at=NOON, failure=HALTED): "refused to us",
}
EXPIRED = Marks(failed_at=NOON, failure=MOVES_ON)  # the shell's own refusal

# What a provider may say of a message that it took.
REPLIED = Marks(replied_at=NOON + 6 * SECOND)
CLICKED = Marks(clicked_at=NOON + 7 * SECOND)
RECEIPTS = {
    Marks(sent_at=NOON + SECOND): "sent",
    Marks(delivered_at=NOON + 2 * SECOND): "delivered",
    Marks(read_at=NOON + 3 * SECOND): "read",
    Marks(failed_at=NOON + 4 * SECOND, failure=MOVES_ON): "failed",
    Marks(failed_at=NOON + 5 * SECOND, failure=BUSY): "failed, too busy",
    REPLIED: "answered by the person",
    CLICKED: "clicked by the person",
}

CANCELLED = Cancelled(reason="the shipment was cancelled")

_SINCE = (("code", "190"), ("since", NOON.isoformat()), ("at", NOON.isoformat()))
BROKEN = Bar(obstacle=Obstacle.BROKEN, facts=_SINCE)
UNREACHABLE = Bar(obstacle=Obstacle.UNREACHABLE, facts=_SINCE)


class Hand(StrEnum):
    """In whose hands an attempt is."""

    QUEUED = "queued"
    SENDING = "sending"
    MISSED = "missed"  # reported as lost; its worker is dead, or slow
    DONE = "done"
    CALLED_OFF = "called off"


NOT_TAKEN = (Hand.QUEUED, Hand.CALLED_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What is true of an attempt, whether the cascade knows it or not."""

    due_at: datetime
    hand: Hand = Hand.QUEUED
    left_at: datetime | None = None  # late, and the cascade has not been told
    requests: int = 0  # how often it went out
    taken: bool = False  # the provider has it
    named: bool = False  # the provider's id is saved
    told: frozenset[Marks] = frozenset()  # the answer and the receipts so far
    parked: tuple[Marks, ...] = ()  # receipts for an id that is not saved yet
    questions: int = 0  # how often its provider was to be asked
    asking: bool = False  # a question is on its way

    @property
    def heard(self) -> frozenset[Marks]:
        """What the cascade must have been told."""
        return self.told.difference(self.parked)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One state to explore. `barred` are the senders and channels that cannot be used now."""

    cascade: Cascade
    now: datetime = NOON
    tries: tuple[Try, ...] = ()
    barred: frozenset[str] = frozenset()
    turns: int = 0  # how often something was barred or freed by others

    def having(self, index: int, **changes: object) -> "World":
        """This world with a change in one try."""
        tries = list(self.tries)
        tries[index] = one = replace(tries[index], **changes)  # type: ignore[arg-type]
        attempts = list(self.cascade.attempts)
        attempts[index] = replace(
            attempts[index], departed=one.hand not in NOT_TAKEN, named=one.named
        )
        cascade = replace(self.cascade, attempts=tuple(attempts))
        return replace(self, tries=tuple(tries), cascade=cascade)

    def hearing(self, event: Event) -> "World":
        """This world with a report in the log of the attempt that it is about."""
        if not isinstance(event, Reported) or event.attempt not in range(
            len(self.tries)
        ):
            return self
        told = self.tries[event.attempt].told | {event.marks}
        world = self.having(event.attempt, told=told)
        if event.marks.failure is HALTED:
            broken = self.cascade.attempts[event.attempt].sender
            world = replace(world, barred=world.barred | {broken})
        return world

    def looked_up(self) -> Cascade:
        """The cascade with its steps as they stand now."""
        steps = tuple(_standing(step, self.barred) for step in self.cascade.steps)
        return replace(self.cascade, steps=steps) if self.barred else self.cascade

    def obeying(self, cascade: Cascade, commands: tuple[Command, ...]) -> "World":
        """This world once the shell has saved a decision."""
        world = replace(self, cascade=replace(cascade, steps=self.cascade.steps))
        for command in commands:
            match command:
                case Send(due_at=due_at):
                    world = replace(world, tries=(*world.tries, Try(due_at=due_at)))
                case CallOff(attempt=one) if world.tries[one].hand is Hand.QUEUED:
                    world = world.having(one, hand=Hand.CALLED_OFF)
                case Ask(attempt=one):
                    asked = world.tries[one].questions + 1
                    world = world.having(one, questions=asked, asking=True)
        return world


def _standing(step: Step, barred: frozenset[str]) -> Step:
    senders = tuple(
        replace(one, bar=BROKEN) if one.key in barred else one for one in step.senders
    )
    bar = UNREACHABLE if step.channel in barred else step.bar
    return replace(step, senders=senders, bar=bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that can happen, the world after it and what the cascade hears of it."""

    what: str
    world: World
    event: Event | None = None


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Which worlds to explore: the steps, and how much may happen in one run.

    With `slow`, time may pass while something that is due waits in the queue.
    `fickle` are senders and channels that others can bar and free again, `turns` times in all.
    """

    name: str
    steps: tuple[Step, ...]
    receipts: int
    retries: int = 1
    halts: bool = False
    replies: bool = False
    clicks: bool = False
    by_id: frozenset[Channel] = (
        frozenset()
    )  # receipts there tell only the provider's id
    recipient: Recipient = field(default=Recipient(phone="+46701740605"))
    cancels: bool = False
    slow: bool = False
    starts: timedelta | None = None
    expires: timedelta | None = None
    full: timedelta | None = None
    too_late: TooLate = TooLate.SKIP
    fickle: tuple[str, ...] = ()
    turns: int = 0
    parks: bool = True  # a planted fault, if not

    @property
    def start(self) -> World:
        """Nothing has happened yet."""
        cascade = Cascade(
            id="c",
            steps=self.steps,
            recipient=self.recipient,
            start_at=_after_noon(self.starts),
            expires_at=_after_noon(self.expires),
            full_until=_after_noon(self.full),
            too_late=self.too_late,
        )
        return World(cascade=cascade)

    def moves(self, world: World) -> Iterator[Move]:
        """Everything that can happen next."""
        if not world.cascade.begun:
            yield Move(what="it starts", world=world, event=Started())
        for index in range(len(world.tries)):
            yield from self._sending(world, index)
            yield from self._receipts(world, index)
            yield from self._question(world, index)
        if self.cancels and not world.cascade.finished:
            yield Move(what="it is cancelled", world=world, event=CANCELLED)
        if not world.cascade.finished:
            yield from self._turns(world)
        if self.slow or not any(_is_due(one, world.now) for one in world.tries):
            yield from _time(world)

    def _sending(self, world: World, index: int) -> Iterator[Move]:
        one = world.tries[index]
        if _is_due(one, world.now):
            yield _claim(world, index)
        if one.left_at:
            told = world.having(index, left_at=None)
            event = Departed(attempt=index, at=one.left_at)
            yield Move(what=f"{index} left late", world=told, event=event)
        if one.hand not in (Hand.SENDING, Hand.MISSED):
            return
        if one.hand is Hand.SENDING:
            missed = world.having(index, hand=Hand.MISSED, left_at=None)
            yield _report(f"{index} is lost", missed, index, LOST)
        if not one.left_at:
            yield from self._answers(world, index)

    def _answers(self, world: World, index: int) -> Iterator[Move]:
        one = world.tries[index]
        if one.taken:
            done = world.having(index, hand=Hand.DONE, named=True)
            yield _report(f"{index} is accepted", done, index, ACCEPTED)
            return
        sent = world.having(index, requests=one.requests + 1)
        yield Move(what=f"{index} is taken", world=sent.having(index, taken=True))
        done = sent.having(index, hand=Hand.DONE)
        for marks, what in REFUSALS.items():
            if self._allows(world, marks.failure):
                yield _report(f"{index} is {what}", done, index, marks)

    def _receipts(self, world: World, index: int) -> Iterator[Move]:
        one = world.tries[index]
        if one.parked and one.named:
            marks, *others = one.parked
            joined = world.having(index, parked=tuple(others))
            yield _report(f"{index} is joined: {RECEIPTS[marks]}", joined, index, marks)
        if not one.taken or self.receipts <= sum(map(_receipts_of, world.tries)):
            return
        for marks, what in self._sayable(world, index):
            yield self._receipt(world, index, marks, f"{index} is {what}")

    def _sayable(self, world: World, index: int) -> Iterator[tuple[Marks, str]]:
        """What a provider could say of a message that it has not said yet."""
        for marks, what in RECEIPTS.items():
            new = marks not in world.tries[index].told
            if (
                new
                and self._allows(world, marks.failure)
                and marks not in self._left_out
            ):
                yield marks, what

    @property
    def _left_out(self) -> set[Marks]:
        return {
            marks
            for marks, wanted in ((REPLIED, self.replies), (CLICKED, self.clicks))
            if not wanted
        }

    def _receipt(self, world: World, index: int, marks: Marks, what: str) -> Move:
        one = world.tries[index]
        if one.named or world.cascade.attempts[index].channel not in self.by_id:
            return _report(what, world, index, marks)
        parked = (*one.parked, marks) if self.parks else ()
        early = world.having(index, told=one.told | {marks}, parked=parked)
        return Move(what=f"{what}, too early", world=early)

    def _question(self, world: World, index: int) -> Iterator[Move]:
        """An answer is a receipt and then the end of the question."""
        if not world.tries[index].asking:
            return
        over = world.having(index, asking=False)
        answered = Answered(attempt=index)
        yield Move(what=f"{index}: nothing new is answered", world=over, event=answered)
        yield Move(what=f"{index}: the question is lost", world=over)
        for marks, what in self._sayable(world, index):
            yield _report(f"{index}: the answer is {what}", world, index, marks)

    def _turns(self, world: World) -> Iterator[Move]:
        if world.turns >= self.turns:
            return
        turned = replace(world, turns=world.turns + 1)
        for name in self.fickle:
            what = "is free again" if name in world.barred else "is barred"
            now = world.barred.symmetric_difference({name})
            yield Move(what=f"{name} {what}", world=replace(turned, barred=now))

    def _allows(self, world: World, failure: Failure | None) -> bool:
        if failure is HALTED:
            return self.halts
        attempts = world.cascade.attempts
        retries = len(attempts) - len({(one.step, one.sender) for one in attempts})
        return failure is not BUSY or retries < self.retries


def _after_noon(by: timedelta | None) -> datetime | None:
    return None if by is None else NOON + by


def _is_due(one: Try, now: datetime) -> bool:
    return one.hand is Hand.QUEUED and one.due_at <= now


def _claim(world: World, index: int) -> Move:
    """A worker takes it. What is too late by then does not go out."""
    if world.cascade.expired(world.now):
        done = world.having(index, hand=Hand.DONE)
        return _report(f"{index} is too late", done, index, EXPIRED)
    late = world.now if world.now > world.tries[index].due_at else None
    claimed = world.having(index, hand=Hand.SENDING, left_at=late)
    return Move(what=f"{index} is claimed", world=claimed)


def _time(world: World) -> Iterator[Move]:
    deadline_at = world.cascade.deadline_at
    if deadline_at is None:
        return
    if deadline_at <= world.now:
        yield Move(what="the timer rings", world=world, event=TimedOut())
        return
    soonest = min(at for at in _instants(world, deadline_at) if at > world.now)
    yield Move(what="time passes", world=replace(world, now=soonest))


def _instants(world: World, deadline_at: datetime) -> Iterator[datetime]:
    """When things are otherwise than before."""
    yield deadline_at
    yield from (one.due_at for one in world.tries if one.hand is Hand.QUEUED)
    if world.cascade.expires_at:
        yield world.cascade.expires_at
    for step in world.cascade.steps:
        if step.hours and (closes_at := step.hours.open_until(world.now)):
            yield closes_at


def _receipts_of(one: Try) -> int:
    return sum(marks in RECEIPTS for marks in one.told)


def _report(what: str, world: World, index: int, marks: Marks) -> Move:
    return Move(what=what, world=world, event=Reported(attempt=index, marks=marks))
