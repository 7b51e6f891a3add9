"""What the shell must do, in the imperative. `attempt` is an index into the cascade."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from core.cascade.model import Fact
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send this attempt, not before `due_at`."""

    attempt: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff:
    """Do not send this attempt, unless a worker has it in hand already."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the provider what became of this attempt."""

    attempt: int


class Because(StrEnum):
    """What a note tells."""

    PLANNED = "planned"
    TRYING = "trying"
    RETRYING = "retrying"
    HELD = "held"
    PASSED_OVER = "passed_over"
    SENDER_PASSED_OVER = "sender_passed_over"
    DEPARTED = "departed"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"
    FAILED = "failed"
    LATE = "late"
    ASKED = "asked"
    TIMED_OUT = "timed_out"
    STILL_QUEUED = "still_queued"
    ASSUMED_SEEN = "assumed_seen"
    FOLLOWED = "followed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Keep this in the cascade's history; `explain.sentence` turns it into words."""

    because: Because
    facts: Mapping[str, Fact]


Command = Send | CallOff | Ask | Note
