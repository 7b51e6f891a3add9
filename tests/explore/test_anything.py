"""Whatever a cascade is told, in whatever order and at whatever time, it keeps its promises."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.cascade.commands import Command, Note, Send
from core.cascade.events import Event, Reported, Started, TimedOut
from core.cascade.machine import decide
from core.cascade.model import Cascade, Channel, Recipient, Step
from core.cascade.status import Failure, FailureClass, Marks, Until
from tests.explore.explorer import happen, stand
from tests.explore.promises import keep
from tests.explore.world import NOON, Hand, Move, World

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
TIMES = ("unknown_at", "accepted_at", "sent_at", "delivered_at", "read_at")
facts = st.fixed_dictionaries({}, optional=dict.fromkeys(TIMES, moments))
marks = st.builds(lambda told: Marks(**told), facts) | st.builds(
    lambda at, why: Marks(failed_at=at, failure=why), moments, failures
)
reports = st.builds(Reported, attempt=st.integers(-1, 7), marks=marks)
events = st.one_of(reports, st.builds(TimedOut), st.builds(Started))
steps = st.lists(
    st.builds(
        Step,
        channel=st.sampled_from([Channel.WHATSAPP, Channel.SMS, Channel.EMAIL]),
        sender=st.just("sender"),
        until=st.sampled_from(Until),
        wait=waits,
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
)


@settings(deadline=None)
@given(cascades, st.lists(st.tuples(events, moments), max_size=20))
def test_anything_at_any_time(
    cascade: Cascade, told: list[tuple[Event, object]]
) -> None:
    world = World(cascade=cascade)
    for event, now in [(Started(), NOON), *told]:
        world = replace(_in_hand(world, event), now=now)
        change = happen(world, Move(what="anything", world=world, event=event))
        keep(change)
        world = change.after
        stand(world)


def _in_hand(world: World, event: Event) -> World:
    """Nothing is told of an attempt before somebody took it to send it."""
    match event:
        case Reported(attempt=one) if one in range(len(world.tries)):
            return world.having(one, hand=Hand.DONE)
    return world


moving_on = st.sampled_from([kind for kind in FailureClass if kind != "retry"])


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
