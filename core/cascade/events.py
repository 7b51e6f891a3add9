"""What can happen to a cascade, in the past tense.

`attempt` is the index of the attempt in its cascade; `at` is when it happened by the
provider's clock where the provider says so, else by ours.
"""

from datetime import datetime

from core.cascade.model import Facts
from core.cascade.status import Failure, Marks
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The reminder matched an occasion.

    `plan` are the facts about when it is to go out, if there is anything to tell of that;
    `skip` says that it is not to go out at all.
    """

    plan: Facts = ()
    skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Something became known about an attempt: the answer to the send, or a receipt."""

    attempt: int
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed:
    """A worker took an attempt to send it, noticeably after it was due; `at` is when."""

    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The provider was asked about an attempt, and all that it said has been reported."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The cascade's deadline passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What the message is about is no longer so. `reason` is half a sentence."""

    reason: str


Event = Started | Departed | Reported | Answered | TimedOut | Cancelled


def accepted(attempt: int, at: datetime) -> Reported:
    """The provider took the message."""
    return Reported(attempt=attempt, marks=Marks(accepted_at=at))


def sent(attempt: int, at: datetime) -> Reported:
    """The provider handed it on."""
    return Reported(attempt=attempt, marks=Marks(sent_at=at))


def delivered(attempt: int, at: datetime) -> Reported:
    """It is on the person's device."""
    return Reported(attempt=attempt, marks=Marks(delivered_at=at))


def read(attempt: int, at: datetime) -> Reported:
    """The person opened it."""
    return Reported(attempt=attempt, marks=Marks(read_at=at))


def clicked(attempt: int, at: datetime) -> Reported:
    """The person opened a link in it."""
    return Reported(attempt=attempt, marks=Marks(clicked_at=at))


def replied(attempt: int, at: datetime) -> Reported:
    """The person answered it."""
    return Reported(attempt=attempt, marks=Marks(replied_at=at))


def failed(attempt: int, at: datetime, failure: Failure) -> Reported:
    """The provider refused it, or says that it will not arrive."""
    return Reported(attempt=attempt, marks=Marks(failed_at=at, failure=failure))


def lost(attempt: int, at: datetime) -> Reported:
    """No answer came: it may or may not have been sent."""
    return Reported(attempt=attempt, marks=Marks(unknown_at=at))
