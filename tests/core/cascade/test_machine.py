"""What a cascade does next, rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from core.cascade.commands import Ask, Because, CallOff, Command, Note, Send
from core.cascade.events import (
    Answered,
    Cancelled,
    Departed,
    Event,
    Started,
    TimedOut,
    accepted,
    delivered,
    failed,
    lost,
    read,
    replied,
    sent,
)
from core.cascade.explain import sentence
from core.cascade.machine import ASK_FOR, decide
from core.cascade.model import (
    Bar,
    Cascade,
    Channel,
    Fate,
    Obstacle,
    Outcome,
    Recipient,
    Sender,
    Step,
)
from core.cascade.retry import MAX_TRIES
from core.cascade.schedule import Hours, TooLate
from core.cascade.status import Failure, FailureClass, Status, Until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BROKEN = Bar(
    obstacle=Obstacle.BROKEN,
    facts=(("since", NOON.isoformat()), ("code", "190"), ("at", NOON.isoformat())),
)
SIESTA = Hours(zone="UTC", quiet_from=time(12, 20), quiet_until=time(13))


def step(
    channel: Channel,
    until: Until = Until.DELIVERED,
    senders: str = "",
    **more: object,
) -> Step:
    """`senders` are keys; each can be asked what became of a message."""
    keys = senders.split() or [channel]
    return Step(
        channel=channel,
        senders=tuple(Sender(key=key, can_be_asked=True) for key in keys),
        until=until,
        wait=30 * MINUTE,
        **more,  # type: ignore[arg-type]
    )


def barred(step: Step, key: str, until: datetime | None = None) -> Step:
    """The step with one of its senders broken."""
    senders = tuple(
        replace(one, bar=BROKEN, barred_until=until) if one.key == key else one
        for one in step.senders
    )
    return replace(step, senders=senders)


def failure(kind: FailureClass = FailureClass.NEXT, **more: object) -> Failure:
    return Failure(kind=kind, code="131026", detail="Undeliverable", **more)  # type: ignore[arg-type]


class Run:
    """A cascade and everything that it was told and commanded."""

    def __init__(
        self, *steps: Step, recipient: Recipient | None = None, **more: object
    ) -> None:
        steps = steps or (step(Channel.WHATSAPP), step(Channel.SMS))
        recipient = recipient or Recipient(phone="+46701740605")
        self.cascade = Cascade(id="c", steps=steps, recipient=recipient, **more)  # type: ignore[arg-type]
        self.commands: list[Command] = []

    def tell(self, event: Event, minutes: float = 0) -> "Run":
        now = NOON + minutes * MINUTE
        self.cascade, commands = decide(self.cascade, event, now)
        self.commands = list(commands)
        return self

    def taken(self, *, named: bool = False) -> "Run":
        """A worker has taken the last attempt to send it; the provider's id may be known."""
        *before, last = self.cascade.attempts
        last = replace(last, departed=True, named=named)
        self.cascade = replace(self.cascade, attempts=(*before, last))
        return self

    def standing(self, *steps: Step) -> "Run":
        """How things stand with the steps now."""
        self.cascade = replace(self.cascade, steps=steps)
        return self

    @property
    def senders(self) -> list[str]:
        return [attempt.sender for attempt in self.cascade.attempts]

    @property
    def told(self) -> str:
        """What the notes say."""
        notes = [one for one in self.commands if isinstance(one, Note)]
        return " ".join(sentence(note.because, note.facts, UTC) for note in notes)

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
    run = Run().tell(Started()).taken().tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]
    assert run.cascade.attempts[0].fate is Fate.TIMED_OUT


def test_a_timer_that_rings_early_changes_nothing() -> None:
    run = Run().tell(Started())
    before = run.cascade

    assert run.tell(TimedOut(), minutes=29.99).cascade is before


def test_what_was_delivered_but_not_read_falls_back_when_it_had_to_be_read() -> None:
    run = Run(step(Channel.WHATSAPP, Until.READ), step(Channel.SMS))
    run.tell(Started()).taken().tell(delivered(0, NOON))
    assert not run.cascade.finished

    assert run.tell(TimedOut(), minutes=30).channels[-1] is Channel.SMS


def test_reading_implies_delivery() -> None:
    run = Run().tell(Started()).tell(read(0, NOON))

    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_calls_off_what_has_not_gone_out() -> None:
    run = Run().tell(Started()).taken().tell(TimedOut(), minutes=30)
    run.tell(delivered(0, NOON), minutes=31)

    assert CallOff(attempt=1) in run.commands
    assert run.notes(Because.LATE)
    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_does_not_call_off_what_has_gone_out() -> None:
    run = Run().tell(Started()).taken().tell(TimedOut(), minutes=30).taken()
    run.tell(delivered(0, NOON), minutes=31)

    assert not any(isinstance(command, CallOff) for command in run.commands)
    assert run.cascade.outcome is Outcome.REACHED


def test_late_delivery_after_the_end_is_recorded_as_late() -> None:
    run = Run().tell(Started()).taken().tell(TimedOut(), minutes=30)
    run.tell(delivered(1, NOON))
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
    run = Run().tell(Started()).taken().tell(lost(0, NOON))
    assert run.channels == [Channel.WHATSAPP]

    assert run.tell(TimedOut(), minutes=30).channels == [Channel.WHATSAPP, Channel.SMS]


def test_a_channel_that_never_answered_is_passed_over() -> None:
    run = Run(step(Channel.SMS), step(Channel.SMS), step(Channel.WHATSAPP))
    run.tell(Started()).taken().tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.SMS, Channel.WHATSAPP]
    assert "SMS is passed over: it may have been sent there already." in run.told


def test_a_channel_is_not_tried_again_once_a_message_there_is_missed() -> None:
    run = Run(step(Channel.SMS), step(Channel.SMS), step(Channel.WHATSAPP))
    run.tell(Started()).tell(TimedOut(), minutes=30).tell(TimedOut(), minutes=60)
    run.tell(lost(0, NOON), minutes=61)
    run.tell(failed(1, NOON, failure(FailureClass.RETRY)), minutes=62)

    assert run.channels == [Channel.SMS, Channel.SMS, Channel.WHATSAPP]


def test_a_channel_is_tried_again_once_it_is_known_to_have_failed() -> None:
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


def test_a_text_that_is_not_taken_is_followed_by_the_template_once() -> None:
    closed = failure(FailureClass.WINDOW)
    run = as_text(Run().tell(Started())).tell(failed(0, NOON, closed), minutes=5)
    (send,) = [command for command in run.commands if isinstance(command, Send)]

    assert run.channels == [Channel.WHATSAPP, Channel.WHATSAPP]
    assert send.due_at == NOON + 5 * MINUTE
    assert run.cascade.deadline_at == NOON + 30 * MINUTE
    as_text(run).tell(failed(1, NOON, closed), minutes=6)
    assert run.channels[2:] == [Channel.SMS]


def test_a_template_is_not_sent_again_for_want_of_a_window() -> None:
    closed = failure(FailureClass.WINDOW)
    run = Run().tell(Started()).tell(failed(0, NOON, closed), minutes=5)

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]


def as_text(run: Run) -> Run:
    """The last attempt said in a text what is a template at other times."""
    *before, last = run.cascade.attempts
    said = (*before, replace(last, as_text=True))
    run.cascade = replace(run.cascade, attempts=said)
    return run


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
    run = Run().tell(Started()).taken().tell(TimedOut(), minutes=30)
    run.taken().tell(TimedOut(), minutes=60)

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
    run = Run(expires_at=NOON + 20 * MINUTE)
    run.tell(Started()).tell(TimedOut(), minutes=30)

    assert run.channels == [Channel.WHATSAPP]
    assert run.cascade.outcome is Outcome.NOT_REACHED
    assert run.notes(Because.PASSED_OVER)


def test_a_busy_provider_is_not_tried_again_once_it_is_too_late() -> None:
    run = Run(expires_at=NOON + MINUTE / 60)
    run.tell(Started()).tell(failed(0, NOON, failure(FailureClass.RETRY)))

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]


# --- The queue -------------------------------------------------------------------------------


def test_what_never_left_the_queue_is_given_its_window_once_more() -> None:
    run = Run().tell(Started()).tell(TimedOut(), minutes=45)
    assert run.channels == [Channel.WHATSAPP]
    assert run.cascade.deadline_at == NOON + 75 * MINUTE
    assert "could not leave the queue within 30 min" in run.told

    run.tell(TimedOut(), minutes=75)
    assert CallOff(attempt=0) in run.commands
    assert run.channels == [Channel.WHATSAPP, Channel.SMS]


def test_the_window_of_what_leaves_late_begins_when_it_leaves() -> None:
    run = Run().tell(Started()).taken()
    left = Departed(attempt=0, at=NOON + 12 * MINUTE)
    run.tell(left, minutes=12)
    assert run.cascade.deadline_at == NOON + 42 * MINUTE
    assert run.told == "WhatsApp left the queue after 12 min; its time begins only now."

    before = run.cascade
    assert run.tell(left, minutes=13).cascade is before


# --- Senders ---------------------------------------------------------------------------------


HALT = failure(FailureClass.HALT)
TWO = step(Channel.WHATSAPP, senders="one two")


def test_another_sender_takes_over_from_a_broken_one() -> None:
    run = Run(TWO, step(Channel.SMS)).tell(Started()).tell(failed(0, NOON, HALT), 5)

    assert run.senders == ["one", "two"]
    assert run.cascade.deadline_at == NOON + 35 * MINUTE
    assert "through two because one could not (131026)" in run.told


def test_no_sender_takes_over_where_the_person_is_not_on_the_channel() -> None:
    run = Run(TWO, step(Channel.SMS)).tell(Started()).tell(failed(0, NOON, failure()))

    assert run.senders == ["one", "sms"]


def test_a_step_that_has_no_sender_left_is_over() -> None:
    run = Run(TWO, step(Channel.SMS)).tell(Started())
    run.tell(failed(0, NOON, HALT)).tell(failed(1, NOON, HALT))

    assert run.senders == ["one", "two", "sms"]


def test_a_broken_sender_is_passed_over_until_it_is_tried_again() -> None:
    until = NOON + 10 * MINUTE
    run = Run(barred(TWO, "one", until)).tell(Started())
    assert run.senders == ["two"]
    assert "one is passed over: it has not been working" in run.told

    assert Run(barred(TWO, "one", until)).tell(Started(), 10).senders == ["one"]


def test_a_step_none_of_whose_senders_can_be_used_is_passed_over() -> None:
    broken = barred(barred(TWO, "one"), "two")
    run = Run(broken, step(Channel.SMS)).tell(Started())

    assert run.senders == ["sms"]
    assert "WhatsApp is passed over: none of its senders can be used." in run.told


def test_a_busy_sender_that_broke_meanwhile_is_not_tried_again() -> None:
    run = Run(TWO).tell(Started()).standing(barred(TWO, "one"))

    assert run.tell(failed(0, NOON, failure(FailureClass.RETRY))).senders[1:] == ["two"]


def test_what_stands_against_a_step_passes_it_over() -> None:
    facts = (("condition", "country IT (it is DE)"),)
    bar = Bar(obstacle=Obstacle.CONDITION, facts=facts)
    run = Run(step(Channel.WHATSAPP, bar=bar), step(Channel.SMS)).tell(Started())

    assert run.senders == ["sms"]
    assert "WhatsApp is passed over: it is only for country IT" in run.told


# --- Time ------------------------------------------------------------------------------------


def test_nothing_starts_before_its_time() -> None:
    run = Run(start_at=NOON + 10 * MINUTE).tell(Started())
    assert run.told == "Planned for 2026-11-23 12:10."
    assert not run.tell(TimedOut(), minutes=9).channels

    assert run.tell(TimedOut(), minutes=10).channels == [Channel.WHATSAPP]


def test_what_falls_into_quiet_hours_is_held_until_they_end() -> None:
    run = Run(step(Channel.WHATSAPP), step(Channel.SMS, hours=SIESTA))
    run.tell(Started()).taken().tell(TimedOut(), minutes=30)
    assert run.cascade.deadline_at == NOON + 60 * MINUTE
    assert "SMS is held until 2026-11-23 13:00" in run.told

    assert run.tell(TimedOut(), minutes=60).channels[1:] == [Channel.SMS]


def test_late_delivery_ends_what_is_held() -> None:
    run = Run(step(Channel.WHATSAPP), step(Channel.SMS, hours=SIESTA))
    run.tell(Started()).taken().tell(TimedOut(), minutes=30)
    run.tell(delivered(0, NOON), minutes=40)

    assert run.cascade.outcome is Outcome.REACHED
    assert run.cascade.next_step is run.cascade.deadline_at is None


@pytest.mark.parametrize(
    "kind", [FailureClass.HALT, FailureClass.RETRY, FailureClass.WINDOW]
)
def test_a_held_step_goes_on_where_it_was(kind: FailureClass) -> None:
    run = as_text(Run(replace(TWO, hours=SIESTA), step(Channel.SMS)).tell(Started()))
    run.tell(failed(0, NOON, failure(kind)), minutes=25)
    assert run.cascade.deadline_at == NOON + 60 * MINUTE

    goes_on = "two" if kind is FailureClass.HALT else "one"
    assert run.tell(TimedOut(), minutes=60).senders == ["one", goes_on]


@pytest.mark.parametrize(
    "news", [delivered(0, NOON), failed(0, NOON - MINUTE, failure())]
)
def test_a_held_step_is_left_if_what_is_heard_meanwhile_speaks_against_it(
    news: Event,
) -> None:
    seen = step(Channel.WHATSAPP, Until.READ, hours=SIESTA)
    run = Run(seen, step(Channel.SMS)).tell(Started())
    run.tell(failed(0, NOON, failure(FailureClass.RETRY)), minutes=25)
    run.tell(news, minutes=40)

    assert run.tell(TimedOut(), minutes=60).channels[1:] == [Channel.SMS]


@pytest.mark.parametrize(
    ("too_late", "channels", "told"),
    [
        (
            TooLate.SKIP,
            [],
            "quiet hours in UTC (our own time zone) end only at 2026-11-23 13:00",
        ),
        (TooLate.SEND_ANYWAY, [Channel.SMS], "but later is too late."),
    ],
)
def test_what_cannot_be_held_is_skipped_or_sent_anyway(
    too_late: TooLate, channels: list[Channel], told: str
) -> None:
    expires_at = NOON + 50 * MINUTE
    quiet = step(Channel.SMS, hours=SIESTA)
    run = Run(quiet, expires_at=expires_at, too_late=too_late).tell(Started(), 30)

    assert run.channels == channels
    assert told in run.told


@pytest.mark.parametrize("too_late", TooLate)
def test_a_person_who_has_had_enough_for_a_day_waits(too_late: TooLate) -> None:
    full = {"full_until": NOON + 60 * MINUTE, "too_late": too_late}
    run = Run(step(Channel.SMS), **full).tell(Started())
    assert "SMS is held until 2026-11-23 13:00: the day's limit" in run.told
    assert run.tell(TimedOut(), minutes=60).channels == [Channel.SMS]

    run = Run(step(Channel.SMS), expires_at=NOON + MINUTE, **full).tell(Started())
    assert not run.channels
    assert "limit of messages is reached until 2026-11-23 13:00, when" in run.told


def test_quiet_hours_give_way_to_what_cannot_wait_but_the_limit_does_not() -> None:
    run = Run(
        step(Channel.SMS, hours=SIESTA),
        full_until=NOON + 30 * MINUTE,
        expires_at=NOON + 50 * MINUTE,
        too_late=TooLate.SEND_ANYWAY,
    ).tell(Started())
    assert run.cascade.deadline_at == NOON + 30 * MINUTE

    assert run.tell(TimedOut(), minutes=30).channels == [Channel.SMS]
    assert "these are quiet hours in UTC, but later is too late." in run.told


# --- Before the next message is paid for -----------------------------------------------------


def silent(*steps: Step) -> Run:
    """Its provider took the message and has been silent since."""
    run = Run(*steps).tell(Started()).taken(named=True).tell(accepted(0, NOON))
    return run.tell(TimedOut(), minutes=30)


def test_a_silent_provider_is_asked_before_the_next_message_is_paid_for() -> None:
    run = silent()
    assert Ask(attempt=0) in run.commands
    assert run.channels == [Channel.WHATSAPP]
    assert run.cascade.deadline_at == NOON + 30 * MINUTE + ASK_FOR

    assert run.tell(Answered(attempt=0), minutes=30.1).channels[1:] == [Channel.SMS]


def test_an_answer_may_save_the_next_message() -> None:
    run = silent().tell(delivered(0, NOON), minutes=30.1).tell(Answered(attempt=0))

    assert run.cascade.outcome is Outcome.REACHED
    assert run.channels == [Channel.WHATSAPP]


def test_a_question_that_is_lost_holds_nothing_up_for_long() -> None:
    run = silent().tell(TimedOut(), minutes=30.25)
    assert run.channels == [Channel.WHATSAPP, Channel.SMS]

    before = run.cascade
    assert run.tell(Answered(attempt=0), minutes=31).cascade is before


def test_who_was_asked_does_not_get_it_again() -> None:
    run = silent().tell(failed(0, NOON, failure(FailureClass.RETRY)), minutes=30.1)

    assert run.channels == [Channel.WHATSAPP, Channel.SMS]


@pytest.mark.parametrize(
    "following",
    [
        (),
        (step(Channel.EMAIL),),
        (step(Channel.SMS, bar=BROKEN),),
        (barred(step(Channel.SMS), "sms"),),
    ],
)
def test_nobody_asks_when_no_message_would_be_paid_for(
    following: tuple[Step, ...],
) -> None:
    run = silent(step(Channel.WHATSAPP), *following)

    assert not any(isinstance(command, Ask) for command in run.commands)
    assert run.cascade.finished


# --- What the person does --------------------------------------------------------------------


def test_only_an_answer_ends_what_had_to_be_answered() -> None:
    run = Run(step(Channel.WHATSAPP, Until.REPLIED)).tell(Started())
    assert not run.tell(read(0, NOON)).cascade.finished

    assert run.tell(replied(0, NOON)).cascade.outcome is Outcome.REACHED


def test_a_person_whose_reading_is_never_reported_has_seen_it() -> None:
    seen = step(Channel.WHATSAPP, Until.READ, assume_seen=True)
    run = Run(seen, step(Channel.SMS)).tell(Started()).taken()
    run.tell(delivered(0, NOON)).tell(TimedOut(), minutes=30)

    assert run.cascade.outcome is Outcome.REACHED
    assert "it counts as seen" in run.told
