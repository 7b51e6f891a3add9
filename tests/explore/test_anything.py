"""Whatever a cascade is told, in whatever order and at whatever time, it keeps its promises."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.cascade.commands import Command, Note, Send
from core.cascade.events import (
    Answered,
    Cancelled,
    Departed,
    Event,
    Reported,
    Started,
    TimedOut,
)
from core.cascade.machine import decide
from core.cascade.model import Cascade, Channel, Recipient, Sender, Step
from core.cascade.schedule import Hours, TooLate
from core.cascade.status import Failure, FailureClass, Marks, Until
from tests.explore.explorer import happen, stand
from tests.explore.promises import keep
from tests.explore.world import NOON, UNREACHABLE, Hand, Move, World

minutes = st.integers(-60, 600).map(lambda number: timedelta(minutes=number))
waits = st.sampled_from([timedelta(), timedelta(seconds=6), timedelta(hours=1)])
moments = minutes.map(lambda after: NOON + after)
failures = st.builds(
    Failure,
    kind=st.sampled_from(FailureClass),
    code=st.sampled_from(["1", "2"]),
    detail=st.sampled_from(["Undeliverable", "Too many requests."]),
    retry_after=st.none() | waits,
)
TIMES = (
    "unknown_at",
    "accepted_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "clicked_at",
    "replied_at",
)
facts = st.fixed_dictionaries({}, optional=dict.fromkeys(TIMES, moments))
marks = st.builds(lambda told: Marks(**told), facts) | st.builds(
    lambda at, why: Marks(failed_at=at, failure=why), moments, failures
)
attempts = st.integers(-1, 7)
# A reminder that is not to go out at all is told so when it starts.
starts = st.sampled_from(
    [
        Started(),
        Started(plan=(("why", "inside"), ("due_at", NOON.isoformat()))),
        Started(plan=(("why", "past"),), skip=True),
    ]
)
events = st.one_of(
    st.builds(Reported, attempt=attempts, marks=marks),
    st.builds(TimedOut),
    st.builds(TimedOut),
    starts,
    st.builds(Answered, attempt=attempts),
    st.builds(Departed, attempt=attempts, at=moments),
    st.just(Cancelled(reason="it was paid")),
)
SENDERS = ("one", "two", "three")
CHANNELS = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
senders = st.lists(
    st.builds(Sender, key=st.sampled_from(SENDERS), can_be_asked=st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda sender: sender.key,
)
clocks = st.sampled_from([time(9), time(12, 30), time(14), time(21)])
hours = st.builds(
    Hours,
    zone=st.sampled_from(["UTC", "Europe/Rome"]),
    quiet_from=st.just(time(12, 20)),
    quiet_until=clocks,
    days=st.sampled_from([frozenset(range(7)), frozenset({0, 2})]),
)
steps = st.lists(
    st.builds(
        Step,
        channel=st.sampled_from(CHANNELS),
        senders=senders.map(tuple),
        until=st.sampled_from(Until),
        wait=st.sampled_from([timedelta(seconds=6), timedelta(hours=1)]),
        hours=st.none() | hours,
        bar=st.sampled_from([None, None, None, UNREACHABLE]),
        assume_seen=st.booleans(),
    ),
    max_size=4,
)
cascades = st.builds(
    Cascade,
    id=st.sampled_from("abc"),
    steps=steps.map(tuple),
    recipient=st.builds(
        Recipient,
        phone=st.sampled_from([None, "+46701740605"]),
        email=st.sampled_from([None, "astrid@example.org"]),
    ),
    start_at=st.none() | moments,
    expires_at=st.none() | moments,
    full_until=st.none() | moments,
    too_late=st.sampled_from(TooLate),
)
bars = st.frozensets(st.sampled_from([*SENDERS, *CHANNELS]), max_size=2)


@settings(deadline=None)
@given(cascades, starts, st.lists(st.tuples(events, moments, bars), max_size=20))
def test_anything_at_any_time(
    cascade: Cascade,
    start: Started,
    told: list[tuple[Event, datetime, frozenset[str]]],
) -> None:
    world = World(cascade=cascade)
    for event, now, barred in [(start, NOON, frozenset()), *told]:
        world = replace(_in_hand(world, event), now=now, barred=barred)
        change = happen(world, Move(what="anything", world=world, event=event))
        keep(change)
        world = change.after
        stand(world)


def _in_hand(world: World, event: Event) -> World:
    """Nothing is told of an attempt before somebody took it to send it."""
    match event:
        case Reported(attempt=one) | Departed(attempt=one) if one in range(
            len(world.tries)
        ):
            return world.having(one, hand=Hand.DONE, named=True)
    return world


moving_on = st.sampled_from(
    [FailureClass.TEMPLATE, FailureClass.SUPPRESS, FailureClass.UNKNOWN]
)


@given(cascades, moving_on)
def test_the_classes_that_move_on_differ_in_words_only(
    cascade: Cascade, kind: FailureClass
) -> None:
    """So the explorer may do with one of them."""
    cascade, _ = decide(cascade, Started(), NOON)
    assert _done(cascade, kind) == _done(cascade, FailureClass.NEXT)


def _done(cascade: Cascade, kind: FailureClass) -> list[Command]:
    told = Marks(failed_at=NOON, failure=Failure(kind=kind, code="1"))
    after, commands = decide(cascade, Reported(attempt=0, marks=told), NOON)
    sends = [one for one in commands if isinstance(one, Send)]
    notes = [one.because for one in commands if isinstance(one, Note)]
    return [*sends, *notes, after.outcome, after.deadline_at]
