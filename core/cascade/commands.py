"""What the shell must do, in the imperative. `attempt` is an index into the cascade."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send this attempt, not before `due_at`."""

    attempt: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff:
    """Do not send this attempt, unless a worker has it in hand already."""

    attempt: int


class Because(StrEnum):
    """What a note tells."""

    TRYING = "trying"
    RETRYING = "retrying"
    PASSED_OVER = "passed_over"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    LATE = "late"
    TIMED_OUT = "timed_out"
    FINISHED = "finished"


Fact = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Keep this in the cascade's history; `explain.sentence` turns it into words."""

    because: Because
    facts: Mapping[str, Fact]


Command = Send | CallOff | Note
