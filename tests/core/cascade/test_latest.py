"""When the last step begins at the latest, held against the machine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.cascade.events import (
    Answered,
    Departed,
    Event,
    Started,
    TimedOut,
    accepted,
    failed,
)
from core.cascade.latest import last_step_by, last_step_within
from core.cascade.machine import decide
from core.cascade.model import Attempt, Cascade, Channel, Recipient, Sender, Step
from core.cascade.status import Failure, FailureClass, Until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROMPT = timedelta(seconds=1)
CHANNELS = (Channel.WHATSAPP, Channel.SMS, Channel.VIBER)

senders = st.integers(1, 2)
waits = st.integers(1, 3600)
shapes = st.lists(st.tuples(senders, waits), min_size=1, max_size=3)
happenings = st.tuples(
    st.sampled_from(["leave", "leave", "retry", "time", "accept", "answer", "halt"]),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)


def made(shape: list[tuple[int, int]]) -> Cascade:
    steps = tuple(
        Step(
            channel=channel,
            senders=tuple(
                Sender(key=f"{channel}{n}", can_be_asked=True) for n in range(count)
            ),
            until=Until.DELIVERED,
            wait=timedelta(seconds=wait),
        )
        for channel, (count, wait) in zip(CHANNELS, shape, strict=False)
    )
    return Cascade(id="c", steps=steps, recipient=Recipient(phone="+46701740605"))


class Run:
    """A cascade whose deadlines are kept, and when its last step began."""

    def __init__(self, cascade: Cascade) -> None:
        self.cascade, self.now = cascade, NOON
        self.tell(Started())

    def tell(self, event: Event) -> None:
        self.cascade, _ = decide(self.cascade, event, self.now)

    def happen(self, kind: str, fraction: float) -> None:
        deadline_at = self.cascade.deadline_at
        assert deadline_at
        index = self.cascade.current
        attempt = self.cascade.attempts[-1]
        if kind == "time" or index is None or attempt.due_at > deadline_at:
            self.now = deadline_at
            self.tell(TimedOut())
            return
        since = max(self.now, attempt.due_at)
        self.now = since + fraction * max(deadline_at - since, timedelta())
        if not attempt.departed:
            self.leave(index, attempt)
        else:
            self.tell(self.event(kind, index))

    def leave(self, index: int, attempt: Attempt) -> None:
        gone = replace(attempt, departed=True)
        attempts = (*self.cascade.attempts[:-1], gone)
        self.cascade = replace(self.cascade, attempts=attempts)
        if self.now - attempt.due_at > PROMPT:
            self.tell(Departed(attempt=index, at=self.now))

    def event(self, kind: str, index: int) -> Event:
        if kind in ("leave", "accept"):
            # Only what its provider has named can be asked about.
            named = replace(self.cascade.attempts[-1], named=True)
            attempts = (*self.cascade.attempts[:-1], named)
            self.cascade = replace(self.cascade, attempts=attempts)
            return accepted(index, self.now)
        if kind == "answer":
            return Answered(attempt=index)
        return failed(index, self.now, Failure(kind=FailureClass(kind), code="1"))

    @property
    def in_last_step(self) -> bool:
        return any(
            one.step == len(self.cascade.steps) - 1 for one in self.cascade.attempts
        )


@given(shapes, st.lists(happenings, min_size=10, max_size=60))
@settings(deadline=None, max_examples=400)
def test_the_last_step_never_begins_later_than_was_told(
    shape: list[tuple[int, int]], script: list[tuple[str, float]]
) -> None:
    run = Run(made(shape))
    told = [NOON + last_step_within(run.cascade.steps)]
    for happening in script:
        by = last_step_by(run.cascade)
        assert (by is None) == (run.in_last_step or run.cascade.finished)
        if by is None:
            break
        told.append(by)
        run.happen(*happening)

    if run.in_last_step:
        first = next(
            one
            for one in run.cascade.attempts
            if one.step == len(run.cascade.steps) - 1
        )
        assert first.due_at <= min(told)
