"""What the engine promises, and the rules that each promise comes to."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from tests.explore import rules
from tests.explore.rules import Change


class Promise(StrEnum):
    """What the explorer holds the engine to."""

    ONE_SEND = "At most one send per attempt"
    NO_RESEND = "What may have been sent is not sent again on that channel"
    BARRED = "What is known not to work is not used"
    FORWARD = "Steps go forward, and each is started once"
    MOVES = "A cascade always moves"
    ENDS = "A finished cascade does nothing more"
    ANY_ORDER = "Every order of receipts gives the same attempt"
    ENOUGH = "What got through is enough"
    ACCEPTED = "An acceptance alone decides nothing"
    LATE = "A late arrival stops what has not gone out, and is noted"
    STILL_TRUE = "Nothing goes out after a cancellation"
    IN_TIME = "Nothing goes out too early, in closed hours or too late"
    ASKED = "A provider is asked once at most, before a message that costs"
    EXPLAINED = "Every decision can be explained"


class Broken(AssertionError):
    """A promise was broken."""

    def __init__(self, promise: Promise, how: str) -> None:
        super().__init__(f"{promise}: not so: {how}")
        self.promise = promise


RULES: dict[Promise, Sequence[Callable[[Change], bool]]] = {
    Promise.ONE_SEND: (
        rules.each_went_out_once_at_most,
        rules.every_new_attempt_is_one_send,
    ),
    Promise.NO_RESEND: (rules.nothing_in_doubt_is_on_its_channel,),
    Promise.BARRED: (rules.nothing_barred_is_used,),
    Promise.FORWARD: (
        rules.one_thing_starts_one_attempt_at_most,
        rules.a_step_is_only_repeated_for_its_sender,
        rules.a_step_is_left_for_a_reason,
        rules.only_the_last_attempt_is_waited_for,
    ),
    Promise.MOVES: (
        rules.what_waits_has_a_deadline,
        rules.what_waits_waits_for_one_thing,
        rules.a_send_and_its_deadline_come_together,
    ),
    Promise.ENDS: (
        rules.what_is_finished_has_no_deadline,
        rules.what_is_finished_only_notes,
    ),
    Promise.ANY_ORDER: (rules.marks_are_the_earliest_of_all_that_was_told,),
    Promise.ENOUGH: (rules.it_ends_as_what_was_told_says,),
    Promise.ACCEPTED: (rules.an_acceptance_alone_decides_nothing,),
    Promise.LATE: (
        rules.what_arrives_late_is_noted,
        rules.nothing_is_queued_in_vain,
    ),
    Promise.STILL_TRUE: (
        rules.a_cancellation_ends_it,
        rules.nothing_is_queued_in_vain,
    ),
    Promise.IN_TIME: (
        rules.nothing_starts_too_early,
        rules.nothing_starts_in_closed_hours,
        rules.nothing_starts_too_late,
    ),
    Promise.ASKED: (
        rules.each_is_asked_about_once_at_most,
        rules.a_question_comes_before_a_message_that_costs,
    ),
    Promise.EXPLAINED: (
        rules.every_note_is_a_sentence,
        rules.every_decision_has_a_note,
        rules.every_hold_has_a_note,
        rules.every_longer_window_has_a_note,
        rules.every_step_left_out_has_a_note,
    ),
}

# What the shell can break without the machine having been asked.
_UNASKED = (
    Promise.ONE_SEND,
    Promise.ANY_ORDER,
)


def keep(change: Change) -> None:
    """Raises Broken if this change breaks a promise."""
    for promise in RULES if change.event else _UNASKED:
        for rule in RULES[promise]:
            must(rule(change), promise, rule.__name__)


def must(kept: bool, promise: Promise, how: str) -> None:
    """Raises Broken unless it was kept."""
    if not kept:
        raise Broken(promise, how.replace("_", " "))
