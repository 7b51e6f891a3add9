"""What must hold of whatever happens, rule by rule.

The rules judge by the world's own log of what was told, not by what the machine made of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from core.cascade.commands import Ask, Because, Command, Fact, Note, Send
from core.cascade.events import (
    Answered,
    Cancelled,
    Event,
    Reported,
    Started,
    TimedOut,
)
from core.cascade.explain import sentence
from core.cascade.machine import acceptance_decides_nothing
from core.cascade.model import FREE, Attempt, Cascade, Fate, Outcome, Step
from core.cascade.schedule import Hours, TooLate
from core.cascade.status import FailureClass, Marks, Until
from tests.explore.world import NOT_TAKEN, Hand, Try, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something happened, and this came of it."""

    before: World
    after: World
    event: Event | None = None
    commands: tuple[Command, ...] = ()

    def notes(self, *because: Because) -> list[Note]:
        """The notes of some kinds."""
        notes = (one for one in self.commands if isinstance(one, Note))
        return [note for note in notes if note.because in because]

    @property
    def sends(self) -> list[Send]:
        """The sends that were commanded."""
        return [one for one in self.commands if isinstance(one, Send)]

    @property
    def started(self) -> tuple[Attempt, ...]:
        """The attempts that are new."""
        return self.after.cascade.attempts[len(self.before.cascade.attempts) :]

    @property
    def ended(self) -> bool:
        """Whether this finished the cascade."""
        return self.after.cascade.finished and not self.before.cascade.finished


# --- Sending -------------------------------------------------------------------------------


def each_went_out_once_at_most(change: Change) -> bool:
    tries = change.after.tries
    return all(one.requests <= (one.hand is not Hand.CALLED_OFF) for one in tries)


def every_new_attempt_is_one_send(change: Change) -> bool:
    first = len(change.before.cascade.attempts)
    numbers = [send.attempt for send in change.sends]
    return numbers == list(range(first, first + len(change.started)))


def nothing_in_doubt_is_on_its_channel(change: Change) -> bool:
    known = zip(change.before.cascade.attempts, change.after.tries, strict=False)
    doubtful = {attempt.channel for attempt, one in known if _in_doubt(one)}
    return doubtful.isdisjoint(attempt.channel for attempt in change.started)


def _in_doubt(one: Try) -> bool:
    """It left, and all that was heard of it is that no answer came."""
    if one.hand in NOT_TAKEN:
        return False
    return all(m == Marks(unknown_at=m.unknown_at) for m in one.heard)


def nothing_barred_is_used(change: Change) -> bool:
    barred = change.before.barred
    return not any({one.sender, one.channel} & barred for one in change.started)


# --- Going on ------------------------------------------------------------------------------


def one_thing_starts_one_attempt_at_most(change: Change) -> bool:
    kept = change.after.cascade.attempts[: len(change.before.cascade.attempts)]
    return len(change.started) <= 1 and len(kept) == len(change.before.cascade.attempts)


def a_step_is_only_repeated_for_its_sender(change: Change) -> bool:
    """By the same sender if that was too busy, else by one that comes after it."""
    if not change.started or not change.before.cascade.attempts:
        return True
    last, new = change.after.cascade.attempts[-2:]
    if new.step != last.step:
        return new.step > last.step
    why = last.failure.kind if last.failure else None
    keys = [sender.key for sender in change.after.cascade.steps[new.step].senders]
    forward = keys.index(new.sender) - keys.index(last.sender)
    if why is FailureClass.HALT:
        return forward > 0
    return why is FailureClass.RETRY and forward >= 0


def a_step_is_left_for_a_reason(change: Change) -> bool:
    before, after = change.before.cascade.attempts, change.after.cascade.attempts
    pairs = enumerate(zip(before, after, strict=False))
    left = [number for number, (was, now) in pairs if was.fate is not now.fate]
    return all(_has_reason(change, number) for number in left)


def _has_reason(change: Change, number: int) -> bool:
    after, deadline_at = change.after.cascade, change.before.cascade.deadline_at
    match after.attempts[number].fate:
        case Fate.FAILED:
            return any(one.failed_at for one in change.after.tries[number].heard)
        case Fate.TIMED_OUT:
            over = deadline_at is not None and change.before.now >= deadline_at
            return _answered(change, number) or (over and _rang(change))
        case Fate.CALLED_OFF:
            return after.outcome in (Outcome.REACHED, Outcome.CANCELLED)
    return False


def _rang(change: Change) -> bool:
    return isinstance(change.event, TimedOut)


def _answered(change: Change, number: int) -> bool:
    asked = change.before.tries[number].questions > 0
    return asked and change.event == Answered(attempt=number)


def only_the_last_attempt_is_waited_for(change: Change) -> bool:
    left = all(one.fate for one in change.after.cascade.attempts[:-1])
    return left and not any(one.fate for one in change.started)


def nothing_starts_too_late(change: Change) -> bool:
    expires_at = change.after.cascade.expires_at
    return not expires_at or all(send.due_at < expires_at for send in change.sends)


def nothing_starts_too_early(change: Change) -> bool:
    start_at = change.after.cascade.start_at
    return not start_at or all(send.due_at >= start_at for send in change.sends)


def nothing_starts_in_closed_hours(change: Change) -> bool:
    cascade = change.after.cascade
    return all(
        _may_go_at(cascade, cascade.steps[attempt.step], attempt.due_at)
        for attempt in change.started
    )


def _may_go_at(cascade: Cascade, step: Step, at: datetime) -> bool:
    if cascade.full_until and at < cascade.full_until:
        return False
    opens_at = _opens(step.hours, at) if step.hours else at
    anyway = cascade.too_late is TooLate.SEND_ANYWAY and cascade.expired(opens_at)
    return opens_at == at or anyway


@cache
def _opens(hours: Hours, at: datetime) -> datetime:
    return hours.open_from(at)


def what_waits_has_a_deadline(change: Change) -> bool:
    cascade = change.after.cascade
    return bool(cascade.finished or not cascade.begun or cascade.deadline_at)


def what_waits_waits_for_one_thing(change: Change) -> bool:
    cascade = change.after.cascade
    if cascade.finished or not cascade.begun:
        return cascade.current is None and cascade.next_step is None
    return (cascade.current is None) is not (cascade.next_step is None)


def a_send_and_its_deadline_come_together(change: Change) -> bool:
    before, after = change.before.cascade, change.after.cascade
    for send, attempt in zip(change.sends, change.started, strict=False):
        again = bool(change.notes(Because.RETRYING))
        full = change.after.now + after.steps[attempt.step].wait
        if after.deadline_at != (before.deadline_at if again else full):
            return False
        if send.due_at > after.deadline_at or send.due_at < change.after.now:
            return False
    return True


# --- Asking --------------------------------------------------------------------------------


def each_is_asked_about_once_at_most(change: Change) -> bool:
    return all(one.questions <= 1 for one in change.after.tries)


def a_question_comes_before_a_message_that_costs(change: Change) -> bool:
    asks = [one for one in change.commands if isinstance(one, Ask)]
    return all(_is_worth_it(change, ask.attempt) for ask in asks)


def _is_worth_it(change: Change, number: int) -> bool:
    cascade, one = change.after.cascade, change.before.tries[number]
    arrived = _arrived(one)
    later = {
        step.channel for step in cascade.steps[cascade.attempts[number].step + 1 :]
    }
    paid = later - FREE - change.before.barred
    return one.named and bool(paid) and not arrived and not change.sends


# --- Ending --------------------------------------------------------------------------------


def what_is_finished_has_no_deadline(change: Change) -> bool:
    return not (change.after.cascade.finished and change.after.cascade.deadline_at)


def what_is_finished_only_notes(change: Change) -> bool:
    before, after = change.before.cascade, change.after.cascade
    notes = all(isinstance(command, Note) for command in change.commands)
    return not before.finished or (notes and before.outcome is after.outcome)


def a_cancellation_ends_it(change: Change) -> bool:
    return not isinstance(change.event, Cancelled) or change.after.cascade.finished


def it_ends_as_what_was_told_says(change: Change) -> bool:
    after = change.after
    if change.notes(Because.ASSUMED_SEEN):
        return _is_assumed_seen(change) and after.cascade.outcome is Outcome.REACHED
    if not after.cascade.finished:
        return not any(_got_through(after))
    if not change.ended:
        return True
    if isinstance(change.event, Cancelled):
        return after.cascade.outcome is Outcome.CANCELLED
    if any(_got_through(after)):
        return after.cascade.outcome is Outcome.REACHED
    nothing = Outcome.NOT_REACHED if after.tries else Outcome.SKIPPED
    return after.cascade.outcome is nothing


def _is_assumed_seen(change: Change) -> bool:
    """Its time is over, and it was delivered to somebody who never reports more."""
    cascade, one = change.before.cascade, change.before.tries[-1]
    step = cascade.steps[cascade.attempts[-1].step]
    arrived = _arrived(one)
    over = isinstance(change.event, TimedOut | Answered)
    return step.assume_seen and step.until is Until.READ and arrived and over


def _got_through(world: World) -> Iterator[bool]:
    for attempt, one in zip(world.cascade.attempts, world.tries, strict=True):
        seen = _UNTIL[attempt.until]
        arrived = _arrived(one)
        refused = any(m.failed_at for m in one.heard) and not arrived
        yield not refused and any(getattr(m, at) for m in one.heard for at in seen)


_AT = ("replied_at", "clicked_at", "read_at", "delivered_at", "sent_at", "accepted_at")
_UNTIL = {
    Until.REPLIED: _AT[:1],
    Until.CLICKED: _AT[:2],
    Until.READ: _AT[:3],
    Until.DELIVERED: _AT[:4],
    Until.SENT: _AT[:5],
    Until.ACCEPTED: _AT,
}


def _arrived(one: Try) -> bool:
    return any(getattr(m, at) for m in one.heard for at in _UNTIL[Until.DELIVERED])


def an_acceptance_alone_decides_nothing(change: Change) -> bool:
    """The shell goes by this, and does not even read the cascade."""
    event, before = change.event, change.before.cascade
    at = event.marks.accepted_at if isinstance(event, Reported) else None
    if (
        not isinstance(event, Reported)
        or not at
        or event.marks != Marks(accepted_at=at)
    ):
        return True
    if event.attempt not in range(len(before.attempts)):
        return True
    attempt = before.attempts[event.attempt]
    if attempt.marks != Marks() or not acceptance_decides_nothing(attempt.until):
        return True
    attempts = list(before.attempts)
    named = change.after.cascade.attempts[event.attempt].named  # by the shell
    attempts[event.attempt] = replace(attempt, marks=event.marks, named=named)
    same = replace(before, attempts=tuple(attempts))
    return change.after.cascade == same and not change.commands


# --- Receipts ------------------------------------------------------------------------------


def marks_are_the_earliest_of_all_that_was_told(change: Change) -> bool:
    attempts, tries = change.after.cascade.attempts, change.after.tries
    return all(
        _adds_up(attempt.marks, one.heard)
        for attempt, one in zip(attempts, tries, strict=True)
    )


@cache
def _adds_up(marks: Marks, heard: frozenset[Marks]) -> bool:
    for name in (*_AT, "unknown_at", "failed_at"):
        times = [at for one in heard if (at := getattr(one, name))]
        if getattr(marks, name) != min(times, default=None):
            return False
    first = {m.failure for m in heard if m.failed_at and m.failed_at == marks.failed_at}
    return marks.failure in (first or {None})


def what_arrives_late_is_noted(change: Change) -> bool:
    pairs = zip(
        change.before.cascade.attempts, change.after.cascade.attempts, strict=False
    )
    late = [
        number
        for number, (before, after) in enumerate(pairs)
        if before.fate in (Fate.FAILED, Fate.TIMED_OUT)
        and after.marks.arrived
        and not before.marks.arrived
    ]
    return late == [note.facts["attempt"] for note in change.notes(Because.LATE)]


def nothing_is_queued_in_vain(change: Change) -> bool:
    over = change.after.cascade.finished
    pairs = zip(change.after.cascade.attempts, change.after.tries, strict=True)
    return not any(
        one.hand is Hand.QUEUED and (over or attempt.fate) for attempt, one in pairs
    )


# --- Telling -------------------------------------------------------------------------------


def every_note_is_a_sentence(change: Change) -> bool:
    notes = change.notes(*Because)
    return all(_reads(note.because, *note.facts.items()) for note in notes)


@cache
def _reads(because: Because, *facts: tuple[str, Fact]) -> bool:
    words = sentence(because, dict(facts), UTC)
    return words.endswith(".") and not any(bad in words for bad in ("None", "{", "  "))


def every_decision_has_a_note(change: Change) -> bool:
    trying = change.notes(Because.TRYING, Because.RETRYING)
    told = [note.facts["attempt"] for note in trying]
    finished = len(change.notes(Because.FINISHED))
    asked = [one.attempt for one in change.commands if isinstance(one, Ask)]
    asking = [note.facts["attempt"] for note in change.notes(Because.ASKED)]
    sent = told == [one.attempt for one in change.sends]
    return sent and finished == change.ended and asking == asked


def every_hold_has_a_note(change: Change) -> bool:
    before, after = change.before.cascade, change.after.cascade
    waits = (after.next_step, after.deadline_at)
    held = after.next_step is not None and waits != (
        before.next_step,
        before.deadline_at,
    )
    told = change.notes(Because.HELD, Because.PLANNED)
    return bool(told) if held else not change.notes(Because.HELD)


def every_longer_window_has_a_note(change: Change) -> bool:
    before, after = change.before.cascade, change.after.cascade
    longer = before.current is not None and before.current == after.current
    longer = longer and before.deadline_at != after.deadline_at
    kinds = (Because.DEPARTED, Because.STILL_QUEUED, Because.ASKED)
    return len(change.notes(*kinds)) == longer


def every_step_left_out_has_a_note(change: Change) -> bool:
    after = change.after.cascade
    told = [note.facts["channel"] for note in change.notes(Because.PASSED_OVER)]
    if isinstance(change.event, Started) and change.event.skip:
        return not told
    if change.started or change.notes(Because.HELD):
        reached = change.started[0].step if change.started else after.next_step
    elif change.ended and after.outcome in (Outcome.NOT_REACHED, Outcome.SKIPPED):
        reached = len(after.steps)
    else:
        return not told
    left_out = after.steps[_first_to_try(change) : reached]
    return told == [step.channel for step in left_out]


def _first_to_try(change: Change) -> int:
    """The first step that had to be considered."""
    before, tried = change.before.cascade, change.after.cascade.attempts
    if not before.attempts:
        return before.next_step or 0
    last = tried[len(before.attempts) - 1]
    why = last.failure.kind if last.failure else None
    its_sender = why in (FailureClass.HALT, FailureClass.RETRY)
    if before.next_step is not None:
        return before.next_step + (before.next_step == last.step and not its_sender)
    keys = [sender.key for sender in before.steps[last.step].senders]
    return last.step + (not its_sender or keys[-1] == last.sender)
