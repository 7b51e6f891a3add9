"""What a cascade is made of. Frozen values; no behaviour beyond questions about themselves.

Times are aware UTC datetimes named `*_at` or `*_until`; durations are timedelta.
"""

from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from core.cascade.schedule import Hours, TooLate
from core.cascade.status import Failure, Marks, Status, Until
from core.values import dataclass

Fact = str | int | float | None
Facts = tuple[tuple[str, Fact], ...]


class Channel(StrEnum):
    """A way to reach a person."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    VIBER = "viber"
    RCS = "rcs"
    EMAIL = "email"


FREE = frozenset({Channel.EMAIL})  # a message more or less costs nothing there


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


class Obstacle(StrEnum):
    """Why a step or a sender is passed over."""

    NO_ADDRESS = "no_address"
    IN_DOUBT = "in_doubt"  # it may have been sent there already
    TOO_LATE = "too_late"
    QUIET = "quiet"  # the hours open when it is too late
    FULL = "full"  # the day's limit of messages ends when it is too late
    CONDITION = "condition"  # the step is not for this case
    UNREACHABLE = "unreachable"  # remembered: the person is not on this channel
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    BROKEN = "broken"  # the sender's breaker is open
    BAD_TEMPLATE = "bad_template"  # the breaker of the sender's template is open
    USED_UP = "used_up"  # the sender has sent all that it may in a day
    NO_SENDER = "no_sender"  # none of the step's senders can be used


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why something may not be used for this person now, with the evidence."""

    obstacle: Obstacle
    facts: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One of a step's senders, as it stands now.

    `bar` holds until `barred_until`, or for good where that is None.
    """

    key: str
    can_be_asked: bool = False
    bar: Bar | None = None
    barred_until: datetime | None = None

    def bar_at(self, at: datetime) -> Bar | None:
        """Why it cannot be used then, if so."""
        over = self.barred_until is not None and at >= self.barred_until
        return None if over else self.bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One channel in a reminder, and how long it may take to get as far as `until`.

    What stands below `wait` is not the reminder's but how things stand for this person now:
    the shell looks it up before every decision that could send.
    """

    channel: Channel
    senders: tuple[Sender, ...]
    until: Until
    wait: timedelta
    hours: Hours | None = None
    bar: Bar | None = None
    assume_seen: bool = False  # delivered is all that this person ever reports


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

    @property
    def key(self) -> str:
        """What tells this person from others."""
        return self.phone or self.email or ""

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
    """One message on one channel. A retry is another attempt, with another reference.

    `departed`: a worker took it to send it. `named`: the provider's id for it is known, and
    `asked`: the provider was asked what became of it. `as_text`: it says in a text what is a
    template at other times.
    """

    step: int
    channel: Channel
    sender: str
    until: Until
    due_at: datetime
    departed: bool = False
    named: bool = False
    asked: bool = False
    as_text: bool = False
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

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been sent without our having heard of it."""
        if self.marks.status is Status.UNKNOWN:
            return True
        return self.departed and self.marks.status is Status.QUEUED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """One reminder at work for one recipient and one occasion.

    `start_at` is when it may begin, `expires_at` from when nothing is worth sending. While no
    attempt is waited for, `next_step` is the step to try at `deadline_at`. `full_until` is when
    this person may get another message.
    """

    id: str
    steps: tuple[Step, ...]
    recipient: Recipient
    start_at: datetime | None = None
    expires_at: datetime | None = None
    too_late: TooLate = TooLate.SKIP
    full_until: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    next_step: int | None = None
    deadline_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will be sent."""
        return self.outcome is not None

    @property
    def begun(self) -> bool:
        """Whether it has been told to start."""
        return bool(self.attempts or self.finished or self.next_step is not None)

    @property
    def current(self) -> int | None:
        """Index of the attempt we are waiting for."""
        last = len(self.attempts) - 1
        if self.finished or last < 0 or self.attempts[last].fate:
            return None
        return last

    def expired(self, at: datetime) -> bool:
        """Whether nothing is worth sending then."""
        return self.expires_at is not None and at >= self.expires_at

    def tries(self, step: int, sender: str) -> int:
        """How many attempts a step has had by one of its senders."""
        by = (step, sender)
        return sum((each.step, each.sender) == by for each in self.attempts)
