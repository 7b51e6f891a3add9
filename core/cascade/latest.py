"""Until when a reminder may still begin its last step.

All of it holds while Everreach runs and nothing is held, by quiet hours or by a limit. A busy
provider is tried again within the window of the step, also of the last one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.cascade.machine import ASK_FOR
from core.cascade.model import Cascade, Step

# A window runs out in the queue, is given once more, and begins when the queue is left.
WINDOWS = 3


def last_step_within(steps: Sequence[Step]) -> timedelta:
    """How long after its start the last step begins at the latest."""
    return sum((_longest(step) for step in steps[:-1]), timedelta())


def last_step_by(cascade: Cascade) -> datetime | None:
    """When the last step begins at the latest; None if it has begun or nothing more will."""
    last = len(cascade.steps) - 1
    if cascade.deadline_at is None:
        return None
    if cascade.next_step is not None:
        step, begins_by = cascade.next_step, cascade.deadline_at
    else:
        step, begins_by = _over_by(cascade, cascade.deadline_at)
    if step > last:
        return None
    latest = begins_by + last_step_within(cascade.steps[step:])
    return min(latest, cascade.expires_at or latest)


def _longest(step: Step) -> timedelta:
    """What a step takes at most: each of its senders begins the window anew."""
    return len(step.senders) * _one_sender(step)


def _one_sender(step: Step) -> timedelta:
    return WINDOWS * step.wait + ASK_FOR


def _over_by(cascade: Cascade, deadline_at: datetime) -> tuple[int, datetime]:
    """The step after the one that is waited for, and when that is over at the latest."""
    attempt = cascade.attempts[-1]
    step = cascade.steps[attempt.step]
    keys = [sender.key for sender in step.senders]
    place = keys.index(attempt.sender) if attempt.sender in keys else -1
    left = len(keys) - 1 - place
    queued = timedelta() if attempt.departed else (WINDOWS - 1) * step.wait
    over = deadline_at + queued + ASK_FOR + left * _one_sender(step)
    return attempt.step + 1, over
