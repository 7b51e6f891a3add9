"""What must hold of whatever happens, rule by rule.

The rules judge by the world's own log of what was told, not by what the machine made of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cache

from core.cascade.commands import Because, Command, Fact, Note, Send
from core.cascade.events import Cancelled, Event, TimedOut
from core.cascade.explain import sentence
from core.cascade.model import Attempt, Fate, Outcome
from core.cascade.status import FailureClass, Marks, Until
from tests.explore.world import Hand, Try, World


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
    lost = {marks for marks in one.heard if marks.unknown_at}
    return bool(lost) and all(m == Marks(unknown_at=m.unknown_at) for m in one.heard)


# --- Going on ------------------------------------------------------------------------------


def one_thing_starts_one_attempt_at_most(change: Change) -> bool:
    kept = change.after.cascade.attempts[: len(change.before.cascade.attempts)]
    return len(change.started) <= 1 and len(kept) == len(change.before.cascade.attempts)


def a_step_is_only_repeated_if_it_was_too_busy(change: Change) -> bool:
    if not change.started or not change.before.cascade.attempts:
        return True
    last, new = change.after.cascade.attempts[-2:]
    if new.step != last.step:
        return new.step > last.step
    failure = last.failure
    return failure is not None and failure.kind is FailureClass.RETRY


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
            return over and isinstance(change.event, TimedOut)
        case Fate.CALLED_OFF:
            return after.outcome in (Outcome.REACHED, Outcome.CANCELLED)
    return False


def only_the_last_attempt_is_waited_for(change: Change) -> bool:
    left = all(one.fate for one in change.after.cascade.attempts[:-1])
    return left and not any(one.fate for one in change.started)


def nothing_starts_too_late(change: Change) -> bool:
    expires_at = change.after.cascade.expires_at
    return not expires_at or all(send.due_at < expires_at for send in change.sends)


def what_waits_has_a_deadline(change: Change) -> bool:
    cascade = change.after.cascade
    return bool(cascade.finished or not cascade.attempts or cascade.deadline_at)


def a_send_and_its_deadline_come_together(change: Change) -> bool:
    before, after = change.before.cascade, change.after.cascade
    for send, attempt in zip(change.sends, change.started, strict=False):
        again = before.attempts and before.attempts[-1].step == attempt.step
        full = change.after.now + after.steps[attempt.step].wait
        if after.deadline_at != (before.deadline_at if again else full):
            return False
        if send.due_at > after.deadline_at or send.due_at < change.after.now:
            return False
    return True


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


def _got_through(world: World) -> Iterator[bool]:
    for attempt, one in zip(world.cascade.attempts, world.tries, strict=True):
        seen = _UNTIL[attempt.until]
        arrived = any(m.delivered_at or m.read_at for m in one.heard)
        refused = any(m.failed_at for m in one.heard) and not arrived
        yield not refused and any(getattr(m, at) for m in one.heard for at in seen)


_AT = ("read_at", "delivered_at", "sent_at", "accepted_at")
_UNTIL = {
    Until.READ: _AT[:1],
    Until.DELIVERED: _AT[:2],
    Until.SENT: _AT[:3],
    Until.ACCEPTED: _AT,
}


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
    return told == [one.attempt for one in change.sends] and finished == change.ended


def every_step_left_out_has_a_note(change: Change) -> bool:
    after = change.after.cascade
    enough = after.outcome in (Outcome.REACHED, Outcome.CANCELLED)
    if not change.started and (not change.ended or enough):
        return not change.notes(Because.PASSED_OVER)
    before = change.before.cascade.attempts
    left = before[-1].step if before else -1
    reached = change.started[0].step if change.started else len(after.steps)
    return len(change.notes(Because.PASSED_OVER)) == max(reached - left - 1, 0)
