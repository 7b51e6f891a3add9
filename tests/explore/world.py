"""A cascade in its world: the shell that serves it, a worker and the providers, as one value.

This is what stands around `decide`, and no more: an attempt can only be claimed while it is
queued, calling off only hits what is queued, a worker may die or be slow at any instant, and a
provider says of a message that it took whatever it likes, in any order.

Time stands still but for the instants that matter: when a retry is due and when a window ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.cascade import machine
from core.cascade.commands import CallOff, Command, Send
from core.cascade.events import Cancelled, Event, Reported, Started, TimedOut
from core.cascade.model import Cascade, Channel, Recipient, Step
from core.cascade.status import Failure, FailureClass, Marks

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

Decide = Callable[[Cascade, Event, datetime], machine.Decision]

# Of the classes of failure, one is tried again; the others all move on.
MOVES_ON = Failure(kind=FailureClass.NEXT, code="131026", detail="Undeliverable")
BUSY = Failure(kind=FailureClass.RETRY, code="130429", detail="Too many requests")

# What comes of a request. The times of reports decide nothing, so one of each will do.
LOST, ACCEPTED = Marks(unknown_at=NOON), Marks(accepted_at=NOON)
REFUSALS = {
    Marks(failed_at=NOON, failure=MOVES_ON): "refused",
    Marks(failed_at=NOON, failure=BUSY): "too busy",
}

# What a provider may say of a message that it took.
RECEIPTS = {
    Marks(sent_at=NOON + SECOND): "sent",
    Marks(delivered_at=NOON + 2 * SECOND): "delivered",
    Marks(read_at=NOON + 3 * SECOND): "read",
    Marks(failed_at=NOON + 4 * SECOND, failure=MOVES_ON): "failed",
    Marks(failed_at=NOON + 5 * SECOND, failure=BUSY): "failed, too busy",
}


CANCELLED = Cancelled(reason="the shipment was cancelled")


class Hand(StrEnum):
    """In whose hands an attempt is."""

    QUEUED = "queued"
    SENDING = "sending"
    MISSED = "missed"  # reported as lost; its worker is dead, or slow
    DONE = "done"
    CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What is true of an attempt, whether the cascade knows it or not."""

    due_at: datetime
    hand: Hand = Hand.QUEUED
    requests: int = 0  # how often it went out
    taken: bool = False  # the provider has it
    named: bool = False  # the provider's id is saved
    told: frozenset[Marks] = frozenset()  # the answer and the receipts so far
    parked: tuple[Marks, ...] = ()  # receipts for an id that is not saved yet

    @property
    def heard(self) -> frozenset[Marks]:
        """What the cascade must have been told."""
        return self.told.difference(self.parked)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One state to explore."""

    cascade: Cascade
    now: datetime = NOON
    tries: tuple[Try, ...] = ()

    def having(self, index: int, **changes: object) -> "World":
        """This world with a change in one try."""
        tries = list(self.tries)
        tries[index] = replace(tries[index], **changes)  # type: ignore[arg-type]
        return replace(self, tries=tuple(tries))

    def hearing(self, event: Event) -> "World":
        """This world with a report in the log of the attempt that it is about."""
        if not isinstance(event, Reported) or event.attempt not in range(
            len(self.tries)
        ):
            return self
        told = self.tries[event.attempt].told | {event.marks}
        return self.having(event.attempt, told=told)

    def obeying(self, cascade: Cascade, commands: tuple[Command, ...]) -> "World":
        """This world once the shell has saved a decision."""
        world = replace(self, cascade=cascade)
        for command in commands:
            match command:
                case Send(due_at=due_at):
                    world = replace(world, tries=(*world.tries, Try(due_at=due_at)))
                case CallOff(attempt=one) if world.tries[one].hand is Hand.QUEUED:
                    world = world.having(one, hand=Hand.CALLED_OFF)
        return world


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that can happen, the world after it and what the cascade hears of it."""

    what: str
    world: World
    event: Event | None = None


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Which worlds to explore: the steps, and how much may happen in one run."""

    name: str
    steps: tuple[Step, ...]
    receipts: int
    retries: int = 1
    by_id: frozenset[Channel] = (
        frozenset()
    )  # receipts there tell only the provider's id
    recipient: Recipient = field(default=Recipient(phone="+46701740605"))
    cancels: bool = False
    expires: timedelta | None = None
    parks: bool = True  # a planted fault, if not

    @property
    def start(self) -> World:
        """Nothing has happened yet."""
        recipient = self.recipient
        expires_at = NOON + self.expires if self.expires else None
        cascade = Cascade(
            id="c", steps=self.steps, recipient=recipient, expires_at=expires_at
        )
        return World(cascade=cascade)

    def moves(self, world: World) -> Iterator[Move]:
        """Everything that can happen next."""
        yield from _starts(world)
        for index in range(len(world.tries)):
            yield from self._sending(world, index)
            yield from self._receipts(world, index)
        if self.cancels and not world.cascade.finished:
            yield Move(what="it is cancelled", world=world, event=CANCELLED)
        yield from _time(world)

    def _sending(self, world: World, index: int) -> Iterator[Move]:
        one = world.tries[index]
        if one.hand is Hand.QUEUED and one.due_at <= world.now:
            claimed = world.having(index, hand=Hand.SENDING)
            yield Move(what=f"{index} is claimed", world=claimed)
        if one.hand not in (Hand.SENDING, Hand.MISSED):
            return
        if one.hand is Hand.SENDING:
            missed = world.having(index, hand=Hand.MISSED)
            yield _report(f"{index} is lost", missed, index, LOST)
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
        for marks, what in RECEIPTS.items():
            if marks not in one.told and self._allows(world, marks.failure):
                yield self._receipt(world, index, marks, f"{index} is {what}")

    def _receipt(self, world: World, index: int, marks: Marks, what: str) -> Move:
        one = world.tries[index]
        if one.named or world.cascade.attempts[index].channel not in self.by_id:
            return _report(what, world, index, marks)
        parked = (*one.parked, marks) if self.parks else ()
        early = world.having(index, told=one.told | {marks}, parked=parked)
        return Move(what=f"{what}, too early", world=early)

    def _allows(self, world: World, failure: Failure | None) -> bool:
        attempts = world.cascade.attempts
        retries = len(attempts) - len({attempt.step for attempt in attempts})
        return failure is not BUSY or retries < self.retries


def _starts(world: World) -> Iterator[Move]:
    if not world.cascade.attempts and not world.cascade.finished:
        yield Move(what="it starts", world=world, event=Started())


def _time(world: World) -> Iterator[Move]:
    deadline_at = world.cascade.deadline_at
    if deadline_at is None:
        return
    if deadline_at <= world.now:
        yield Move(what="the timer rings", world=world, event=TimedOut())
        return
    dues = [one.due_at for one in world.tries if one.hand is Hand.QUEUED]
    if world.cascade.expires_at:
        dues.append(world.cascade.expires_at)
    soonest = min(at for at in (*dues, deadline_at) if at > world.now)
    yield Move(what="time passes", world=replace(world, now=soonest))


def _receipts_of(one: Try) -> int:
    return sum(marks in RECEIPTS for marks in one.told)


def _report(what: str, world: World, index: int, marks: Marks) -> Move:
    return Move(what=what, world=world, event=Reported(attempt=index, marks=marks))
