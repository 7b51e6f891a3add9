"""What a cascade does next, rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.cascade.commands import Because, CallOff, Command, Note, Send
from core.cascade.events import (
    Cancelled,
    Event,
    Started,
    TimedOut,
    accepted,
    delivered,
    failed,
    lost,
    read,
    sent,
)
from core.cascade.machine import decide
from core.cascade.model import Cascade, Channel, Fate, Outcome, Recipient, Step
from core.cascade.retry import MAX_TRIES
from core.cascade.status import Failure, FailureClass, Status, Until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHATSAPP, SMS = 0, 1


def step(channel: Channel, until: Until = Until.DELIVERED, minutes: int = 30) -> Step:
    return Step(
        channel=channel, sender=channel, until=until, wait=timedelta(minutes=minutes)
    )


def failure(kind: FailureClass = FailureClass.NEXT, **more: object) -> Failure:
    return Failure(kind=kind, code="131026", detail="Undeliverable", **more)  # type: ignore[arg-type]


class Run:
    """A cascade and everything that it was told and commanded."""

    def __init__(self, *steps: Step, recipient: Recipient | None = None) -> None:
        steps = steps or (step(Channel.WHATSAPP), step(Channel.SMS))
        recipient = recipient or Recipient(phone="+46701740605")
        self.cascade = Cascade(id="c", steps=steps, recipient=recipient)
        self.commands: list[Command] = []

    def tell(self, event: Event, minutes: float = 0) -> "Run":
        now = NOON + minutes * MINUTE
        self.cascade, commands = decide(self.cascade, event, now)
        self.commands = list(commands)
        return self

    @property
    def channels(self) -> list[Channel]:
        return [attempt.channel for attempt in self.cascade.attempts]

    def notes(self, because: Because) -> list[Note]:
        notes = [c for c in self.commands if isinstance(c, Note)]
        return [note for note in notes if note.because is because]


def test_it_begins_with_the_first_step_and_sets_its_deadline() -> None:
    run = Run().tell(Started())

    assert Send(attempt=0, due_at=NOON) in run.commands
    assert run.cascade.deadline_at == NOON + 30 * MINUTE


def test_starting_twice_changes_nothing() -> None:
    run = Run().tell(Started())
    before = run.cascade

    assert run.tell(Started()).cascade is before
    assert run.commands == []


def test_delivery_ends_it() -> None:
    run = Run().tell(Started()).tell(accepted(0, NOON)).tell(delivered(0, NOON))

    assert run.cascade.outcome is Outcome.REACHED
    assert run.cascade.deadline_at is None


def test_a_person_who_is_not_on_the_channel_is_reached_by_the_next_at_once() -> None:
    run = Run().tell(Started()).tell(failed(0, NOON, failure()), minutes=1)

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]
    assert run.cascade.deadline_at == NOON + 31 * MINUTE


def test_silence_moves_on_when_the_window_runs_out() -> None:
    run = Run().tell(Started()).tell(sent(0, NOON)).tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]
    assert run.cascade.attempts[0].fate is Fate.TIMED_OUT


def test_a_timer_that_rings_early_changes_nothing() -> None:
    run = Run().tell(Started())
    before = run.cascade

    assert run.tell(TimedOut(), minutes=29.99).cascade is before


def test_what_was_delivered_but_not_read_falls_back_when_it_had_to_be_read() -> None:
    run = Run(step(Channel.WHATSAPP, Until.READ), step(Channel.SMS))
    run.tell(Started()).tell(delivered(0, NOON))
    assert not run.cascade.finished

    assert run.tell(TimedOut(), minutes=30).channels[-1] is Channel.SMS


def test_reading_implies_delivery() -> None:
    run = Run().tell(Started()).tell(read(0, NOON))

    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_calls_off_what_has_not_gone_out() -> None:
    run = Run().tell(Started()).tell(TimedOut(), minutes=30)
    run.tell(delivered(0, NOON), minutes=31)

    assert CallOff(attempt=1) in run.commands
    assert run.notes(Because.LATE)
    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_does_not_call_off_what_has_gone_out() -> None:
    run = Run().tell(Started()).tell(TimedOut(), minutes=30).tell(accepted(1, NOON))
    run.tell(delivered(0, NOON), minutes=31)

    assert not any(isinstance(command, CallOff) for command in run.commands)
    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_after_the_end_is_recorded_as_late() -> None:
    run = Run().tell(Started()).tell(TimedOut(), minutes=30).tell(delivered(1, NOON))
    run.tell(delivered(0, NOON), minutes=40)

    assert run.notes(Because.LATE)
    assert run.cascade.attempts[0].marks.status is Status.DELIVERED


def test_a_finished_cascade_answers_with_notes_at_most() -> None:
    run = Run().tell(Started()).tell(delivered(0, NOON))
    for event in (Started(), TimedOut(), failed(0, NOON, failure()), read(0, NOON)):
        run.tell(event, minutes=60)
        assert all(isinstance(command, Note) for command in run.commands)
        assert run.cascade.deadline_at is None


def test_no_answer_is_never_sent_again_on_that_channel() -> None:
    run = Run().tell(Started()).tell(lost(0, NOON))
    assert run.channels == [Channel.WHATSAPP]

    assert run.tell(TimedOut(), minutes=30).channels == [Channel.WHATSAPP, Channel.SMS]


def test_another_sender_on_a_channel_that_never_answered_is_passed_over() -> None:
    run = Run(step(Channel.SMS), step(Channel.SMS), step(Channel.WHATSAPP))
    run.tell(Started()).tell(lost(0, NOON)).tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.SMS, Channel.WHATSAPP]
    (note,) = run.notes(Because.PASSED_OVER)
    assert note.facts["reason"] == "it may have been sent there already"


def test_another_sender_is_not_tried_again_once_the_first_is_missed() -> None:
    run = Run(step(Channel.SMS), step(Channel.SMS), step(Channel.WHATSAPP))
    run.tell(Started()).tell(TimedOut(), minutes=30).tell(lost(0, NOON), minutes=31)
    run.tell(failed(1, NOON, failure(FailureClass.RETRY)), minutes=32)

    assert run.channels == [Channel.SMS, Channel.SMS, Channel.WHATSAPP]


def test_another_sender_is_tried_once_the_first_is_known_to_have_failed() -> None:
    run = Run(step(Channel.SMS), step(Channel.SMS))
    run.tell(Started()).tell(lost(0, NOON)).tell(failed(0, NOON, failure()))

    assert run.channels == [Channel.SMS, Channel.SMS]


def test_a_busy_provider_is_tried_again_inside_the_window() -> None:
    run = Run().tell(Started()).tell(failed(0, NOON, failure(FailureClass.RETRY)))
    (send,) = [command for command in run.commands if isinstance(command, Send)]

    assert run.channels == [Channel.WHATSAPP, Channel.WHATSAPP]
    assert NOON < send.due_at < NOON + MINUTE
    assert run.cascade.deadline_at == NOON + 30 * MINUTE


def test_a_provider_that_asks_for_more_time_than_there_is_loses_its_turn() -> None:
    busy = failure(FailureClass.RETRY, retry_after=timedelta(hours=1))
    run = Run().tell(Started()).tell(failed(0, NOON, busy))

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]


def test_a_busy_provider_is_not_tried_for_ever() -> None:
    run = Run().tell(Started())
    while run.channels[-1] is Channel.WHATSAPP:
        last = len(run.channels) - 1
        run.tell(failed(last, NOON, failure(FailureClass.RETRY)))

    assert run.channels.count(Channel.WHATSAPP) == MAX_TRIES


def test_nothing_is_sent_to_nobody() -> None:
    nobody = Recipient(phone_problem="no phone number")
    run = Run(recipient=nobody).tell(Started())

    assert run.cascade.outcome is Outcome.SKIPPED
    assert run.channels == []
    assert len(run.notes(Because.PASSED_OVER)) == 2


def test_a_channel_without_an_address_is_passed_over() -> None:
    run = Run(step(Channel.EMAIL), step(Channel.SMS)).tell(Started())

    assert run.channels == [Channel.SMS]


def test_when_everything_was_tried_it_ends() -> None:
    run = (
        Run().tell(Started()).tell(TimedOut(), minutes=30).tell(TimedOut(), minutes=60)
    )

    assert run.cascade.outcome is Outcome.NOT_REACHED
    assert run.cascade.deadline_at is None


def test_the_same_receipt_twice_is_told_once() -> None:
    run = Run().tell(Started()).tell(sent(0, NOON))
    before = run.cascade

    assert run.tell(sent(0, NOON)).cascade == before
    assert run.commands == []


@pytest.mark.parametrize("attempt", [7, -1])
def test_a_receipt_for_an_attempt_that_does_not_exist_changes_nothing(
    attempt: int,
) -> None:
    run = Run().tell(Started())
    before = run.cascade

    assert run.tell(delivered(attempt, NOON)).cascade is before


def test_a_cancellation_calls_off_what_has_not_gone_out() -> None:
    run = Run().tell(Started()).tell(Cancelled(reason="the shipment was cancelled"))

    assert CallOff(attempt=0) in run.commands
    assert run.cascade.outcome is Outcome.CANCELLED
    assert run.cascade.deadline_at is None


def test_what_was_cancelled_before_it_began_does_not_begin() -> None:
    run = Run().tell(Cancelled(reason="the shipment was cancelled")).tell(Started())

    assert run.channels == []
    assert run.cascade.outcome is Outcome.CANCELLED


def test_a_cancellation_comes_too_late_for_what_got_through() -> None:
    run = Run().tell(Started()).tell(delivered(0, NOON))

    assert run.tell(Cancelled(reason="…")).cascade.outcome is Outcome.REACHED


def test_nothing_is_sent_once_it_is_too_late() -> None:
    run = Run()
    run.cascade = replace(run.cascade, expires_at=NOON + 20 * MINUTE)
    run.tell(Started()).tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.WHATSAPP]
    assert run.cascade.outcome is Outcome.NOT_REACHED
    assert run.notes(Because.PASSED_OVER)


def test_a_busy_provider_is_not_tried_again_once_it_is_too_late() -> None:
    run = Run()
    run.cascade = replace(run.cascade, expires_at=NOON + MINUTE / 60)
    run.tell(Started()).tell(failed(0, NOON, failure(FailureClass.RETRY)))

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]
