"""What a cascade is made of. Frozen values; no behaviour beyond questions about themselves.

Times are aware UTC datetimes named `*_at`; durations are timedelta.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.cascade.status import Failure, Marks, Until


class Channel(StrEnum):
    """A way to reach a person."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    VIBER = "viber"
    RCS = "rcs"
    EMAIL = "email"


class Outcome(StrEnum):
    """How a cascade ended."""

    REACHED = "reached"  # some step got as far as its `until`
    NOT_REACHED = "not_reached"  # every step was tried and none got there
    SKIPPED = "skipped"  # there was nothing to try
    CANCELLED = "cancelled"  # what it is about is no longer so


class Fate(StrEnum):
    """Why a cascade stopped waiting for an attempt."""

    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CALLED_OFF = "called_off"  # there was no more need for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One channel in a reminder, and how long it may take to get as far as `until`."""

    channel: Channel
    sender: str
    until: Until
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets it. `phone` is E.164; where there is none, `phone_problem` says why."""

    phone: str | None = None
    phone_problem: str = ""
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    country: str = ""

    def address(self, channel: Channel) -> str | None:
        """Where this person is reached on a channel, or None."""
        return self.email if channel is Channel.EMAIL else self.phone

    def why_not(self, channel: Channel) -> str:
        """The reason why `address` is None."""
        if channel is Channel.EMAIL:
            return "no email address"
        return self.phone_problem or "no phone number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message on one channel. A retry is another attempt, with another reference."""

    step: int
    channel: Channel
    until: Until
    marks: Marks = field(default_factory=Marks)
    fate: Fate | None = None

    @property
    def got_through(self) -> bool:
        """Whether it got as far as its step asks."""
        return self.marks.reached(self.until)

    @property
    def failure(self) -> Failure | None:
        """Why it failed, unless a later report says that it arrived after all."""
        return None if self.marks.arrived else self.marks.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """One reminder at work for one recipient and one occasion."""

    id: str
    steps: tuple[Step, ...]
    recipient: Recipient
    attempts: tuple[Attempt, ...] = ()
    deadline_at: datetime | None = None
    expires_at: datetime | None = None  # from then on nothing is worth sending
    outcome: Outcome | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will be sent."""
        return self.outcome is not None

    @property
    def current(self) -> int | None:
        """Index of the attempt we are waiting for."""
        last = len(self.attempts) - 1
        if self.finished or last < 0 or self.attempts[last].fate:
            return None
        return last

    def tries(self, step: int) -> int:
        """How many attempts a step has had."""
        return sum(attempt.step == step for attempt in self.attempts)
