"""What a cascade does next. Everything that can change a cascade stands in this file.

`decide` is total: every event has an answer in every state, and a finished cascade answers
with notes at most. It has no clock, no ids and no randomness. The new cascade carries its own
deadline, so a send and the timer that watches over it are decided together; the shell saves
the cascade and carries out the commands in one transaction.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from core.cascade.commands import Because, CallOff, Command, Fact, Note, Send
from core.cascade.events import Cancelled, Event, Reported, Started, TimedOut
from core.cascade.model import Attempt, Cascade, Channel, Fate, Outcome
from core.cascade.retry import retry_delay
from core.cascade.status import FailureClass, Marks, Status, merge

Decision = tuple[Cascade, tuple[Command, ...]]
Facts = dict[str, Fact]


def decide(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """The cascade after an event, and what to do about it."""
    match event:
        case Started():
            return _start(cascade, now)
        case Reported():
            return _report(cascade, event, now)
        case TimedOut():
            return _time_out(cascade, now)
        case Cancelled():
            return _cancel(cascade, event)
        case _:
            assert_never(event)


def _start(cascade: Cascade, now: datetime) -> Decision:
    if cascade.attempts or cascade.finished:
        return cascade, ()
    return _try_step(cascade, 0, now, why="first")


def _report(cascade: Cascade, event: Reported, now: datetime) -> Decision:
    if event.attempt not in range(len(cascade.attempts)):
        return cascade, ()
    before = cascade.attempts[event.attempt]
    attempt = replace(before, marks=merge(before.marks, event.marks))
    if attempt == before:
        return cascade, ()
    notes = _news(event.attempt, before, attempt)
    cascade = _with_attempt(cascade, event.attempt, attempt)
    cascade, commands = _after_report(cascade, event.attempt, now)
    return cascade, (*notes, *commands)


def _after_report(cascade: Cascade, index: int, now: datetime) -> Decision:
    attempt = cascade.attempts[index]
    if cascade.finished:
        return cascade, ()
    if attempt.got_through:
        return _reach(cascade, index)
    if index == cascade.current and attempt.failure:
        return _fail(cascade, index, now)
    return cascade, ()


def _reach(cascade: Cascade, index: int) -> Decision:
    commands: list[Command] = []
    waiting = cascade.current
    if waiting is not None and waiting != index:
        # An earlier message arrived after all: what has not gone out need not go out.
        cascade, commands = _give_up(cascade, waiting, Fate.CALLED_OFF)
    attempt = cascade.attempts[index]
    cascade, finish = _finish(cascade, Outcome.REACHED, attempt)
    return cascade, (*commands, *finish)


def _fail(cascade: Cascade, index: int, now: datetime) -> Decision:
    attempt = cascade.attempts[index]
    failure = attempt.failure
    assert failure
    cascade = _with_attempt(cascade, index, replace(attempt, fate=Fate.FAILED))
    if failure.kind is FailureClass.RETRY:
        delay = retry_delay(
            cascade.id, cascade.tries(attempt.step), failure.retry_after
        )
        if delay is not None and _may_retry(cascade, attempt.channel, now + delay):
            return _retry(cascade, attempt.step, now + delay)
    return _try_step(cascade, attempt.step + 1, now, why="failed")


def _retry(cascade: Cascade, step: int, due_at: datetime) -> Decision:
    cascade, send = _send(cascade, step, due_at)
    facts: Facts = {"due_at": due_at.isoformat(), "try": cascade.tries(step)}
    note = _note(Because.RETRYING, send.attempt, cascade.steps[step].channel, **facts)
    return cascade, (note, send)


def _time_out(cascade: Cascade, now: datetime) -> Decision:
    index = cascade.current
    if index is None or cascade.deadline_at is None or now < cascade.deadline_at:
        return cascade, ()
    attempt = cascade.attempts[index]
    step = cascade.steps[attempt.step]
    wait = step.wait.total_seconds()
    facts: Facts = {"wait": wait, "until": step.until, "status": attempt.marks.status}
    note = _note(Because.TIMED_OUT, index, attempt.channel, **facts)
    cascade, commands = _give_up(cascade, index, Fate.TIMED_OUT)
    cascade, following = _try_step(cascade, attempt.step + 1, now, why="timed_out")
    return cascade, (note, *commands, *following)


def _cancel(cascade: Cascade, event: Cancelled) -> Decision:
    if cascade.finished:
        return cascade, ()
    commands: list[Command] = []
    if cascade.current is not None:
        cascade, commands = _give_up(cascade, cascade.current, Fate.CALLED_OFF)
    cascade, finish = _finish(cascade, Outcome.CANCELLED, reason=event.reason)
    return cascade, (*commands, *finish)


def _try_step(cascade: Cascade, index: int, now: datetime, *, why: str) -> Decision:
    """Start the first step from `index` on that can reach this person."""
    notes: list[Command] = []
    for number, step in enumerate(cascade.steps[index:], index):
        reason = _why_not(cascade, step.channel, now)
        if not reason:
            wait = step.wait.total_seconds()
            facts: Facts = {"why": why, "wait": wait, "until": step.until}
            facts |= _previous(cascade)
            cascade = replace(cascade, deadline_at=now + step.wait)
            cascade, send = _send(cascade, number, now)
            trying = _note(Because.TRYING, send.attempt, step.channel, **facts)
            return cascade, (*notes, trying, send)
        why = "passed_over" if why == "first" else why
        notes.append(_note(Because.PASSED_OVER, None, step.channel, reason=reason))
    outcome = Outcome.NOT_REACHED if cascade.attempts else Outcome.SKIPPED
    cascade, finish = _finish(cascade, outcome)
    return cascade, (*notes, *finish)


def _may_retry(cascade: Cascade, channel: Channel, at: datetime) -> bool:
    in_time = cascade.deadline_at is not None and at < cascade.deadline_at
    return in_time and not _why_not(cascade, channel, at)


def _why_not(cascade: Cascade, channel: Channel, at: datetime) -> str | None:
    """Why nothing may be sent on a channel then, if so."""
    if cascade.expires_at and at >= cascade.expires_at:
        return "it is too late for that"
    if not cascade.recipient.address(channel):
        return cascade.recipient.why_not(channel)
    tried = (one for one in cascade.attempts if one.channel is channel)
    if any(one.marks.status is Status.UNKNOWN for one in tried):
        return "it may have been sent there already"
    return None


def _previous(cascade: Cascade) -> Facts:
    """What the last attempt left behind, as the evidence for the next one."""
    if not cascade.attempts:
        return {}
    last = cascade.attempts[-1]
    step = cascade.steps[last.step]
    return {
        "after": last.channel,
        "after_until": step.until,
        "after_wait": step.wait.total_seconds(),
        "after_code": last.failure.code if last.failure else None,
    }


def _send(cascade: Cascade, step: int, due_at: datetime) -> tuple[Cascade, Send]:
    plan = cascade.steps[step]
    attempt = Attempt(step=step, channel=plan.channel, until=plan.until)
    cascade = replace(cascade, attempts=(*cascade.attempts, attempt))
    return cascade, Send(attempt=len(cascade.attempts) - 1, due_at=due_at)


def _give_up(cascade: Cascade, index: int, fate: Fate) -> tuple[Cascade, list[Command]]:
    """Stop waiting for an attempt; if nothing is known of it, it may still be called off."""
    attempt = cascade.attempts[index]
    cascade = _with_attempt(cascade, index, replace(attempt, fate=fate))
    return cascade, [CallOff(attempt=index)] if attempt.marks == Marks() else []


def _finish(
    cascade: Cascade, outcome: Outcome, by: Attempt | None = None, **facts: Fact
) -> tuple[Cascade, tuple[Command, ...]]:
    channel = by.channel if by else None
    note = _note(Because.FINISHED, None, channel, outcome=outcome, **facts)
    return replace(cascade, outcome=outcome, deadline_at=None), (note,)


def _with_attempt(cascade: Cascade, index: int, attempt: Attempt) -> Cascade:
    attempts = list(cascade.attempts)
    attempts[index] = attempt
    return replace(cascade, attempts=tuple(attempts))


def _news(index: int, before: Attempt, after: Attempt) -> list[Note]:
    """One note for every fact that was not known before."""
    told = []
    for because, name in _FACTS.items():
        at = getattr(after.marks, name)
        if at and not getattr(before.marks, name):
            told.append(_note(because, index, after.channel, at=at.isoformat()))
    if after.marks.failure and not before.marks.failure:
        failure = after.marks.failure
        facts: Facts = {
            "code": failure.code,
            "detail": failure.detail,
            "class": failure.kind,
        }
        told.append(_note(Because.FAILED, index, after.channel, **facts))
    if after.marks.arrived and not before.marks.arrived and before.fate in _GIVEN_UP:
        told.append(_note(Because.LATE, index, after.channel, fate=before.fate))
    return told


_FACTS = {
    Because.UNKNOWN: "unknown_at",
    Because.ACCEPTED: "accepted_at",
    Because.SENT: "sent_at",
    Because.DELIVERED: "delivered_at",
    Because.READ: "read_at",
}
_GIVEN_UP = (Fate.FAILED, Fate.TIMED_OUT)


def _note(
    because: Because, attempt: int | None, channel: Channel | None, **facts: Fact
) -> Note:
    return Note(
        because=because, facts={"attempt": attempt, "channel": channel, **facts}
    )
