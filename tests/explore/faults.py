"""Mistakes that somebody could make. The explorer must find each, or it is no use."""

from dataclasses import replace
from datetime import datetime, timedelta

from core.cascade.commands import Ask, Because, Note
from core.cascade.events import Event, Reported, TimedOut
from core.cascade.machine import Decision, decide
from core.cascade.model import Cascade, Fate
from tests.explore.world import BUSY, NOON, Marks


def counts_late_as_on_time(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """Nobody learns that it came after the window."""
    after, commands = decide(cascade, event, now)
    late = [one for one in commands if isinstance(one, Note)]
    late = [note for note in late if note.because is Because.LATE]
    return after, tuple(one for one in commands if one not in late)


def sends_again_on_silence(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """Takes no answer for a provider that is too busy."""
    if isinstance(event, Reported) and event.marks.unknown_at:
        event = replace(event, marks=Marks(failed_at=NOON, failure=BUSY))
    return decide(cascade, event, now)


def forgets_a_deadline(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """Sends by the next channel, and sets no timer."""
    after, commands = decide(cascade, event, now)
    moved_on = len(after.attempts) > len(cascade.attempts) > 0
    return replace(after, deadline_at=None) if moved_on else after, commands


def advances_twice(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """One ring ends two windows."""
    after, commands = decide(cascade, event, now)
    if isinstance(event, TimedOut) and after != cascade and after.deadline_at:
        *before, last = after.attempts
        left = replace(after, attempts=(*before, replace(last, departed=True)))
        after, more = decide(left, event, after.deadline_at)
        commands += more
    return after, commands


def waits_anew_once_accepted(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """The window begins when the provider says yes."""
    after, commands = decide(cascade, event, now)
    yes = isinstance(event, Reported) and event.marks.accepted_at
    if yes and after != cascade and after.deadline_at:
        after = replace(after, deadline_at=after.deadline_at + timedelta(minutes=1))
    return after, commands


def takes_over_from_itself(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """The sender that takes over is the one that is broken."""
    after, commands = decide(cascade, event, now)
    if len(after.attempts) < 2 or len(after.attempts) == len(cascade.attempts):
        return after, commands
    *before, last, new = after.attempts
    if last.step == new.step and last.fate is Fate.FAILED:
        new = replace(new, sender=last.sender)
    return replace(after, attempts=(*before, last, new)), commands


def sends_in_closed_hours(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """Nobody looks at the clock."""
    awake = tuple(replace(step, hours=None) for step in cascade.steps)
    after, commands = decide(replace(cascade, steps=awake), event, now)
    return replace(after, steps=cascade.steps), commands


def asks_twice(cascade: Cascade, event: Event, now: datetime) -> Decision:
    """Puts every question to the provider once more."""
    after, commands = decide(cascade, event, now)
    return after, commands + tuple(one for one in commands if isinstance(one, Ask))
