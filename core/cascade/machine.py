"""What a cascade does next. Everything that can change a cascade stands in this file.

`decide` is total: every event has an answer in every state, and a finished cascade answers
with notes at most. It has no clock, no ids and no randomness. The new cascade carries its own
deadline, so a send and the timer that watches over it are decided together; the shell saves
the cascade and carries out the commands in one transaction.

A cascade that has begun and not finished waits for one of two things, and always has a deadline:
for its `current` attempt, or for the moment at which it may try its `next_step`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from core.cascade.commands import Ask, Because, CallOff, Command, Note, Send
from core.cascade.events import (
    Answered,
    Cancelled,
    Departed,
    Event,
    Reported,
    Started,
    TimedOut,
)
from core.cascade.model import (
    FREE,
    Attempt,
    Bar,
    Cascade,
    Channel,
    Fact,
    Fate,
    Obstacle,
    Outcome,
    Sender,
    Step,
)
from core.cascade.retry import retry_delay
from core.cascade.schedule import TooLate, Why
from core.cascade.status import FailureClass, Until, merge, news

ASK_FOR = timedelta(seconds=15)  # how long a provider may take to say what became of it

Decision = tuple[Cascade, tuple[Command, ...]]
Facts = dict[str, Fact]


def decide(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """The cascade after an event, and what to do about it."""
    match event:
        case Started():
            return _start(cascade, event, now)
        case Departed():
            return _depart(cascade, event)
        case Reported():
            return _report(cascade, event, now)
        case Answered():
            return _answer(cascade, event.attempt, now)
        case TimedOut():
            return _time_out(cascade, now)
        case Cancelled():
            return _cancel(cascade, event)
        case _:
            assert_never(event)


def acceptance_decides_nothing(until: Until) -> bool:
    """Whether a step asks for more than that its message is accepted.

    Then an acceptance that is the first thing known of an attempt leaves its cascade as it was,
    whatever that is up to, and nothing comes of it.
    """
    return until is not Until.ACCEPTED


# --- What happened ---------------------------------------------------------------------------


def _start(cascade: Cascade, event: Started, now: datetime) -> Decision:
    if cascade.begun:
        return cascade, ()
    start_at, plan = cascade.start_at, dict(event.plan)
    waits = start_at is not None and now < start_at and not event.skip
    if start_at and waits and not plan:
        plan = {"why": Why.ON_TIME, "start_at": start_at.isoformat()}
    notes = [_note(Because.PLANNED, None, None, **plan)] if plan else []
    if event.skip:
        cascade, commands = _finish(cascade, Outcome.SKIPPED)
    elif waits:
        cascade = replace(cascade, next_step=0, deadline_at=start_at)
        commands = ()
    else:
        cascade, commands = _try_steps(cascade, 0, now)
    return cascade, (*notes, *commands)


def _depart(cascade: Cascade, event: Departed) -> Decision:
    """It was queued for longer than it should: its window begins only now."""
    if event.attempt != cascade.current or cascade.deadline_at is None:
        return cascade, ()
    attempt = cascade.attempts[event.attempt]
    deadline_at = event.at + cascade.steps[attempt.step].wait
    in_window = _is_in_anothers_window(cascade, event.attempt)
    if in_window or deadline_at <= cascade.deadline_at:
        return cascade, ()
    waited = (event.at - attempt.due_at).total_seconds()
    note = _note(Because.DEPARTED, event.attempt, attempt.channel, waited=waited)
    return replace(cascade, deadline_at=deadline_at), (note,)


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
    if again := _again(cascade, index, now):
        return again
    others = _after(cascade.steps[attempt.step], attempt.sender)
    if failure.kind in _SENDERS_FAULT and others:
        return _try_steps(cascade, attempt.step, now, senders=others)
    return _try_steps(cascade, attempt.step + 1, now)


# Another sender of the same channel may well do better.
_SENDERS_FAULT = (FailureClass.HALT, FailureClass.RETRY)
# The same sender may still do it.
_PASSING = (FailureClass.RETRY, FailureClass.WINDOW)


def _again(cascade: Cascade, index: int, now: datetime) -> Decision | None:
    """The same step later, if its window and the hours leave room for it."""
    attempt, delay = cascade.attempts[index], _delay(cascade, index)
    step = cascade.steps[attempt.step]
    if delay is None or cascade.deadline_at is None or attempt.asked:
        return None  # once its provider is asked, its window is over
    due_at = now + delay
    if due_at >= cascade.deadline_at or _bar(cascade, step, due_at):
        return None
    if any(one.key == attempt.sender and one.bar_at(due_at) for one in step.senders):
        return None
    opens_at = _opens(cascade, step, due_at)
    if opens_at > due_at:
        late = cascade.expired(opens_at)
        return None if late else _hold(cascade, attempt.step, opens_at)
    return _retry(cascade, index, due_at)


def _delay(cascade: Cascade, index: int) -> timedelta | None:
    """After which pause its sender may try again, if it may. A template takes no pause."""
    attempt = cascade.attempts[index]
    failure = attempt.failure
    tries = cascade.tries(attempt.step, attempt.sender)
    if failure and failure.kind is FailureClass.RETRY:
        return retry_delay(cascade.id, tries, failure.retry_after)
    if failure and failure.kind is FailureClass.WINDOW and attempt.as_text:
        return timedelta() if _is_first_text(cascade, index) else None
    return None


def _is_first_text(cascade: Cascade, index: int) -> bool:
    """Whether no text was refused there before, for want of a window."""
    return not any(
        one.step == cascade.attempts[index].step
        and one.failure
        and one.failure.kind is FailureClass.WINDOW
        for one in cascade.attempts[:index]
    )


def _retry(cascade: Cascade, index: int, due_at: datetime) -> Decision:
    last = cascade.attempts[index]
    deadline_at = cascade.deadline_at  # it is the same window
    cascade, send = _send(cascade, last.step, last.sender, due_at, deadline_at)
    tries = cascade.tries(last.step, last.sender)
    facts: Facts = {"due_at": due_at.isoformat(), "try": tries}
    return cascade, (_note(Because.RETRYING, send.attempt, last.channel, **facts), send)


def _answer(cascade: Cascade, index: int, now: datetime) -> Decision:
    if index != cascade.current or not cascade.attempts[index].asked:
        return cascade, ()
    return _end_window(cascade, index, now)


def _time_out(cascade: Cascade, now: datetime) -> Decision:
    if cascade.deadline_at is None or now < cascade.deadline_at:
        return cascade, ()
    if cascade.next_step is not None:
        return _go_on(cascade, cascade.next_step, now)
    index = cascade.current
    assert index is not None
    if _is_stuck(cascade, index, now):
        return _wait_once_more(cascade, index, now)
    if _is_worth_asking(cascade, index, now):
        return _ask(cascade, index, now)
    return _end_window(cascade, index, now)


def _go_on(cascade: Cascade, number: int, now: datetime) -> Decision:
    """Try the step that was held, unless what was heard since speaks against it.

    If it had been tried before, it never goes back a sender.
    """
    if all(one.step != number for one in cascade.attempts):
        return _try_steps(cascade, number, now)
    step, last = cascade.steps[number], cascade.attempts[-1]
    kind = last.failure.kind if last.failure else None
    if kind not in (*_SENDERS_FAULT, *_PASSING):
        return _try_steps(cascade, number + 1, now)
    senders = _after(step, last.sender)
    if kind in _PASSING:
        senders = tuple(one for one in step.senders if one.key == last.sender) + senders
    return _try_steps(cascade, number, now, senders=senders)


def _end_window(cascade: Cascade, index: int, now: datetime) -> Decision:
    attempt = cascade.attempts[index]
    step = cascade.steps[attempt.step]
    wait = step.wait.total_seconds()
    if step.until is Until.READ and step.assume_seen and attempt.marks.arrived:
        seen = _note(Because.ASSUMED_SEEN, index, attempt.channel, wait=wait)
        cascade, finish = _finish(cascade, Outcome.REACHED, attempt)
        return cascade, (seen, *finish)
    facts: Facts = {"wait": wait, "until": step.until, "status": attempt.marks.status}
    note = _note(Because.TIMED_OUT, index, attempt.channel, **facts)
    cascade, commands = _give_up(cascade, index, Fate.TIMED_OUT)
    cascade, following = _try_steps(cascade, attempt.step + 1, now)
    return cascade, (note, *commands, *following)


def _is_stuck(cascade: Cascade, index: int, now: datetime) -> bool:
    """Whether its window ran out in the queue, for the first time."""
    attempt = cascade.attempts[index]
    wait, deadline_at = cascade.steps[attempt.step].wait, cascade.deadline_at
    first = deadline_at is not None and deadline_at - attempt.due_at == wait
    return first and not attempt.departed and not cascade.expired(now)


def _is_in_anothers_window(cascade: Cascade, index: int) -> bool:
    """Whether it is a retry: the window that it is in began with an earlier attempt."""
    attempt, deadline_at = cascade.attempts[index], cascade.deadline_at
    wait = cascade.steps[attempt.step].wait
    return deadline_at is not None and deadline_at - attempt.due_at < wait


def _wait_once_more(cascade: Cascade, index: int, now: datetime) -> Decision:
    # After an outage everything is overdue at once; it should still go by its first channel.
    attempt = cascade.attempts[index]
    wait = cascade.steps[attempt.step].wait
    facts: Facts = {"wait": wait.total_seconds()}
    note = _note(Because.STILL_QUEUED, index, attempt.channel, **facts)
    return replace(cascade, deadline_at=now + wait), (note,)


def _is_worth_asking(cascade: Cascade, index: int, now: datetime) -> bool:
    """Whether one question could save a message that costs something."""
    attempt = cascade.attempts[index]
    senders = cascade.steps[attempt.step].senders
    able = any(one.key == attempt.sender and one.can_be_asked for one in senders)
    silent = attempt.named and not attempt.marks.arrived
    if not able or not silent or attempt.asked:
        return False
    paid = (s for s in cascade.steps[attempt.step + 1 :] if s.channel not in FREE)
    return any(
        isinstance(_choose(cascade, step, step.senders, now)[0], Sender)
        for step in paid
    )


def _ask(cascade: Cascade, index: int, now: datetime) -> Decision:
    attempt = replace(cascade.attempts[index], asked=True)
    cascade = _with_attempt(cascade, index, attempt)
    cascade = replace(cascade, deadline_at=now + ASK_FOR)
    step = cascade.steps[attempt.step]
    facts: Facts = {"wait": step.wait.total_seconds(), "status": attempt.marks.status}
    note = _note(Because.ASKED, index, attempt.channel, **facts)
    return cascade, (note, Ask(attempt=index))


def _cancel(cascade: Cascade, event: Cancelled) -> Decision:
    if cascade.finished:
        return cascade, ()
    commands: list[Command] = []
    if cascade.current is not None:
        cascade, commands = _give_up(cascade, cascade.current, Fate.CALLED_OFF)
    cascade, finish = _finish(cascade, Outcome.CANCELLED, reason=event.reason)
    return cascade, (*commands, *finish)


# --- What to do next -------------------------------------------------------------------------


def _try_steps(
    cascade: Cascade,
    index: int,
    now: datetime,
    *,
    senders: tuple[Sender, ...] | None = None,
) -> Decision:
    """Start the first step from `index` on that can be used, or hold it until it may be.

    `senders` are those that the first of these steps has left, if it was tried before.
    """
    notes: list[Command] = []
    for number, step in enumerate(cascade.steps[index:], index):
        left = step.senders if senders is None or number > index else senders
        chosen, skipped = _choose(cascade, step, left, now)
        notes += skipped
        opens_at = _opens(cascade, step, now)
        if isinstance(chosen, Sender) and opens_at > now:
            if not cascade.expired(opens_at):
                cascade, held = _hold(cascade, number, opens_at)
                return cascade, (*notes, *held)
            chosen = _too_late_then(cascade, opens_at)
        if isinstance(chosen, Sender):
            cascade, begun = _begin(cascade, number, chosen, now)
            return cascade, (*notes, *begun)
        notes.append(_passed_over(step, chosen))
    outcome = Outcome.NOT_REACHED if cascade.attempts else Outcome.SKIPPED
    cascade, finish = _finish(cascade, outcome)
    return cascade, (*notes, *finish)


def _choose(
    cascade: Cascade, step: Step, senders: tuple[Sender, ...], now: datetime
) -> tuple[Sender | Bar, list[Command]]:
    """The sender to use or what stands against the step, and notes on those left out."""
    if bar := _bar(cascade, step, now):
        return bar, []
    skipped: list[Command] = []
    for sender in senders:
        if not (bar := sender.bar_at(now)):
            return sender, skipped
        skipped.append(_sender_passed_over(step, sender, bar))
    return Bar(obstacle=Obstacle.NO_SENDER), skipped


def _after(step: Step, key: str) -> tuple[Sender, ...]:
    """The senders that take over from one, in order."""
    keys = [sender.key for sender in step.senders]
    return step.senders[keys.index(key) + 1 :] if key in keys else step.senders


def _bar(cascade: Cascade, step: Step, at: datetime) -> Bar | None:
    """Why nothing may be sent on a step's channel then, if so."""
    if cascade.expired(at):
        return Bar(obstacle=Obstacle.TOO_LATE)
    if not cascade.recipient.address(step.channel):
        reason = cascade.recipient.why_not(step.channel)
        return Bar(obstacle=Obstacle.NO_ADDRESS, facts=(("reason", reason),))
    tried = (one for one in cascade.attempts if one.channel is step.channel)
    if any(one.in_doubt for one in tried):
        return Bar(obstacle=Obstacle.IN_DOUBT)
    return step.bar


def _opens(cascade: Cascade, step: Step, at: datetime) -> datetime:
    """When this step may be sent, from `at` on. A limit is a limit; hours may give way."""
    at = max(at, cascade.full_until or at)
    opens_at = step.hours.open_from(at) if step.hours else at
    gives_way = cascade.too_late is TooLate.SEND_ANYWAY and cascade.expired(opens_at)
    return at if gives_way and not cascade.expired(at) else opens_at


def _too_late_then(cascade: Cascade, opens_at: datetime) -> Bar:
    """It cannot wait until it may be sent."""
    full_until = cascade.full_until
    if full_until and cascade.expired(full_until):
        facts = (("at", full_until.isoformat()),)
        return Bar(obstacle=Obstacle.FULL, facts=facts)
    return Bar(obstacle=Obstacle.QUIET, facts=(("at", opens_at.isoformat()),))


def _is_full(cascade: Cascade, opens_at: datetime) -> bool:
    """Whether it is not the hours that are waited for, but the person's limit."""
    return opens_at == cascade.full_until


def _hold(cascade: Cascade, number: int, opens_at: datetime) -> Decision:
    step = cascade.steps[number]
    why = "full" if _is_full(cascade, opens_at) else "quiet"
    facts: Facts = {"at": opens_at.isoformat(), "why": why, **_clock(step)}
    note = _note(Because.HELD, None, step.channel, **facts)
    return replace(cascade, next_step=number, deadline_at=opens_at), (note,)


def _begin(cascade: Cascade, number: int, sender: Sender, now: datetime) -> Decision:
    """Send a step and begin its window."""
    step = cascade.steps[number]
    facts: Facts = {"wait": step.wait.total_seconds(), "until": step.until}
    facts |= {"sender": sender.key, **_why(cascade, number, sender), **_clock(step)}
    if step.hours and (opens_at := step.hours.open_from(now)) > now:
        facts["anyway"] = opens_at.isoformat()
    cascade, send = _send(cascade, number, sender.key, now, now + step.wait)
    return cascade, (_note(Because.TRYING, send.attempt, step.channel, **facts), send)


def _why(cascade: Cascade, number: int, sender: Sender) -> Facts:
    """Why a step begins: what the last attempt left behind is the evidence."""
    if not cascade.attempts:
        return {"why": "passed_over" if number else "first"}
    last = cascade.attempts[-1]
    step = cascade.steps[last.step]
    why = str(last.fate)
    if last.step == number:
        why = "again" if last.sender == sender.key else "took_over"
    return {
        "why": why,
        "after": last.channel,
        "after_sender": last.sender,
        "after_until": step.until,
        "after_wait": step.wait.total_seconds(),
        "after_code": last.marks.failure.code if last.marks.failure else None,
    }


def _clock(step: Step) -> Facts:
    """By which hours and which clock it was decided."""
    if not step.hours:
        return {}
    hours = step.hours
    quiet = hours.quiet_from.isoformat("minutes") if hours.quiet_from else None
    return {
        "quiet_from": quiet,
        "zone": hours.zone,
        "zone_source": hours.zone_source,
    }


def _send(
    cascade: Cascade,
    step: int,
    sender: str,
    due_at: datetime,
    deadline_at: datetime | None,
) -> tuple[Cascade, Send]:
    """Send by this sender, and wait until then for what comes of it."""
    plan = cascade.steps[step]
    attempt = Attempt(
        step=step,
        channel=plan.channel,
        sender=sender,
        until=plan.until,
        due_at=due_at,
    )
    cascade = replace(
        cascade,
        attempts=(*cascade.attempts, attempt),
        next_step=None,
        deadline_at=deadline_at,
    )
    return cascade, Send(attempt=len(cascade.attempts) - 1, due_at=due_at)


def _give_up(cascade: Cascade, index: int, fate: Fate) -> tuple[Cascade, list[Command]]:
    """Stop waiting for an attempt; what no worker has taken is called off."""
    attempt = cascade.attempts[index]
    cascade = _with_attempt(cascade, index, replace(attempt, fate=fate))
    return cascade, [] if attempt.departed else [CallOff(attempt=index)]


def _finish(
    cascade: Cascade, outcome: Outcome, by: Attempt | None = None, **facts: Fact
) -> Decision:
    channel = by.channel if by else None
    note = _note(Because.FINISHED, None, channel, outcome=outcome, **facts)
    over = replace(cascade, outcome=outcome, next_step=None, deadline_at=None)
    return over, (note,)


def _with_attempt(cascade: Cascade, index: int, attempt: Attempt) -> Cascade:
    attempts = list(cascade.attempts)
    attempts[index] = attempt
    return replace(cascade, attempts=tuple(attempts))


# --- What to tell ----------------------------------------------------------------------------


def _news(index: int, before: Attempt, after: Attempt) -> list[Note]:
    """One note for every fact that was not known before."""
    told = []
    for name in news(before.marks, after.marks):
        if because := _FACTS.get(name):
            at = getattr(after.marks, name).isoformat()
            told.append(_note(because, index, after.channel, at=at))
    if after.marks.failure and not before.marks.failure:
        told.append(_failure_note(index, after))
    if after.marks.arrived and not before.marks.arrived and before.fate in _GIVEN_UP:
        told.append(_note(Because.LATE, index, after.channel, fate=before.fate))
    return told


def _failure_note(index: int, attempt: Attempt) -> Note:
    failure = attempt.marks.failure
    assert failure
    facts: Facts = {
        "code": failure.code,
        "detail": failure.detail,
        "class": failure.kind,
        "sender": attempt.sender,
    }
    return _note(Because.FAILED, index, attempt.channel, **facts)


# An acceptance is told from its mark, when the story is: it is most of what ever happens.
_FACTS = {
    "unknown_at": Because.UNKNOWN,
    "sent_at": Because.SENT,
    "delivered_at": Because.DELIVERED,
    "read_at": Because.READ,
    "clicked_at": Because.CLICKED,
    "replied_at": Because.REPLIED,
}
_GIVEN_UP = (Fate.FAILED, Fate.TIMED_OUT)


def _passed_over(step: Step, bar: Bar) -> Note:
    facts: Facts = {"obstacle": bar.obstacle, **dict(bar.facts), **_clock(step)}
    return _note(Because.PASSED_OVER, None, step.channel, **facts)


def _sender_passed_over(step: Step, sender: Sender, bar: Bar) -> Note:
    facts: Facts = {"sender": sender.key, "obstacle": bar.obstacle, **dict(bar.facts)}
    return _note(Because.SENDER_PASSED_OVER, None, step.channel, **facts)


def _note(
    because: Because, attempt: int | None, channel: Channel | None, **facts: Fact
) -> Note:
    return Note(
        because=because, facts={"attempt": attempt, "channel": channel, **facts}
    )
