"""How far an attempt got, as a join-semilattice.

Receipts are a log that may arrive late, twice and in any order. `Marks` is what they add up
to: for every fact the earliest time at which it was true. Merging is field by field, so it is
commutative, associative and idempotent, and any order of receipts gives the same marks.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from core.values import dataclass


class Until(StrEnum):
    """How far a message must get before its step counts as done, from weak to strong."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"


# What a provider can tell; a click is told by our own links.
REPORTABLE = frozenset(Until) - {Until.CLICKED}


class Status(StrEnum):
    """What an attempt's marks add up to."""

    QUEUED = "queued"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"


class Scope(StrEnum):
    """How far an opt-out reaches, as the provider means it."""

    SENDER = "sender"  # nothing from this sender
    CHANNEL_MARKETING = "channel_marketing"  # no marketing on this channel
    EVERYWHERE = "everywhere"  # nothing from this account, but codes they ask for


class FailureClass(StrEnum):
    """What a failure means for what happens next."""

    NEXT = "next"  # this person is not on this channel: move on at once
    RETRY = "retry"  # the provider is busy: back off inside the window
    TEMPLATE = (
        "template"  # the message or its template is wrong: move on, tell the owner
    )
    WINDOW = "window"  # no texts there just now: the template, at once
    SUPPRESS = "suppress"  # the person opted out here
    HALT = "halt"  # our account there is broken: move on, tell the owner
    UNKNOWN = "unknown"  # a code we do not know: move on


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a provider did not send or deliver.

    `remember` is for how long a person is not tried there again (`next`); `scope` is how far
    the opt-out reaches (`suppress`).
    """

    kind: FailureClass
    code: str
    detail: str = ""
    retry_after: timedelta | None = None
    remember: timedelta | None = None
    scope: Scope | None = None


def overridden(failure: Failure, overrides: Mapping[str, FailureClass]) -> Failure:
    """The failure as an account wants it treated; `overrides` are classes by code.

    Whom an account calls opted out gets nothing more from that sender.
    """
    kind = overrides.get(failure.code, failure.kind)
    if kind is failure.kind:
        return failure
    scope = Scope.SENDER if kind is FailureClass.SUPPRESS else None
    return Failure(kind=kind, code=failure.code, detail=failure.detail, scope=scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The earliest time of every fact known about an attempt."""

    unknown_at: datetime | None = None
    accepted_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    clicked_at: datetime | None = None
    replied_at: datetime | None = None
    failed_at: datetime | None = None
    failure: Failure | None = None  # the one told for `failed_at`

    @property
    def arrived(self) -> bool:
        """Whether it is on the person's device. Whoever has seen it has got it."""
        return bool(self.delivered_at) or self.seen

    @property
    def seen(self) -> bool:
        """Whether the person has looked at it. A click and an answer imply it."""
        return bool(self.read_at or self.clicked_at or self.replied_at)

    @property
    def status(self) -> Status:
        """The strongest fact. Arrival beats failure; failure beats everything weaker."""
        if self.replied_at:
            return Status.REPLIED
        if self.clicked_at:
            return Status.CLICKED
        if self.read_at:
            return Status.READ
        if self.delivered_at:
            return Status.DELIVERED
        if self.failed_at:
            return Status.FAILED
        if self.sent_at:
            return Status.SENT
        if self.accepted_at:
            return Status.ACCEPTED
        return Status.UNKNOWN if self.unknown_at else Status.QUEUED

    def reached(self, until: Until) -> bool:
        """Whether the attempt got at least as far as `until`."""
        if self.status in _STRENGTH:
            return _STRENGTH[self.status] >= _STRENGTH[Status(until)]
        return False


_STRENGTH = {
    Status.ACCEPTED: 1,
    Status.SENT: 2,
    Status.DELIVERED: 3,
    Status.READ: 4,
    Status.CLICKED: 5,
    Status.REPLIED: 6,
}


def merge(one: Marks, other: Marks) -> Marks:
    """Everything that either says."""
    earliest = {
        name: min(mine, theirs) if mine and theirs else mine or theirs
        for name, mine, theirs in zip(MARKS, times(one), times(other), strict=True)
    }
    failures = [marks for marks in (one, other) if marks.failed_at]
    first = min(failures, key=_failure_order, default=None)
    return Marks(**earliest, failure=first.failure if first else None)


def news(before: Marks, after: Marks) -> list[str]:
    """The facts that have become known since."""
    both = zip(MARKS, times(before), times(after), strict=True)
    return [name for name, known, at in both if at and not known]


MARKS = tuple(f.name for f in fields(Marks) if f.name.endswith("_at"))
# When each of them became true, in that order.
times: Callable[[Marks], tuple[datetime | None, ...]] = attrgetter(*MARKS)


def _failure_order(marks: Marks) -> tuple[object, ...]:
    # Two reports for one instant still need one winner, whichever came first.
    failure = marks.failure
    assert failure
    waits = (failure.retry_after or timedelta(), failure.remember or timedelta())
    words = (failure.code, failure.kind, failure.detail, failure.scope or "")
    return (marks.failed_at, *words, *waits)
