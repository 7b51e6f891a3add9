"""How much may be sent in how long, and what is left of it. Pure arithmetic on counters.

In any 24 hours no more than a day's limit goes: what is counted by the hour counts until the
whole hour is a day old. In any stretch of time no more than `per_second` allows in that time and
`BURST` goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from core.values import dataclass

# So much of a second may go at once, after a pause: a worker that waits for answers sends
# batch by batch, and keeps up all the same.
BURST = timedelta(seconds=0.25)
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)

ByHour = Mapping[str, int]  # counts by the hour they fell into, as `2026-11-23T12`


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a sender or an account; None is no limit.

    `per_second`, `per_day` and `per_person_per_day` count messages, `people_per_day` the people
    they go to; a day is any 24 hours. `per_person` is the time between two messages to one
    person. A sender has all of them but `per_person_per_day`, which only an account has.
    """

    per_second: float | None = None
    per_day: int | None = None
    people_per_day: int | None = None
    per_person: timedelta | None = None
    per_person_per_day: int | None = None

    @property
    def by_day(self) -> bool:
        """Whether all may be used up for a day."""
        return bool(self.per_day or self.people_per_day)

    @property
    def by_person(self) -> bool:
        """Whether it matters to whom a message goes."""
        return bool(self.people_per_day or self.per_person or self.per_person_per_day)


NO_LIMITS = Limits()


def limits_of(usual: Limits, said: Mapping[str, float | None]) -> Limits:
    """The usual limits, except where something else is said; spans are in seconds."""
    changes: dict[str, Any] = dict(said)
    if changes.get("per_person"):
        changes["per_person"] = timedelta(seconds=changes["per_person"])
    return replace(usual, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What has been sent, as far as limits ask. It may go on from `free_at`."""

    free_at: datetime | None = None
    messages: ByHour = field(default_factory=dict)
    people: ByHour = field(default_factory=dict)


def allowance(pace: Pace, limits: Limits, now: datetime) -> int | None:
    """How many messages may go now; None is any number."""
    left = [
        limit - sum(_recent(counts, now).values())
        for counts, limit in _by_day(pace, limits)
    ]
    if limits.per_second:
        left.append(_tokens(pace, limits.per_second, now))
    return max(min(left), 0) if left else None


def used_up_until(pace: Pace, limits: Limits, now: datetime) -> datetime | None:
    """When there will be something left of the day's messages or people; None if there is."""
    moments = [
        until
        for counts, limit in _by_day(pace, limits)
        if (until := _frees_at(_recent(counts, now), limit))
    ]
    return max(moments, default=None)


def spend(
    pace: Pace, limits: Limits, now: datetime, before: Iterable[datetime | None]
) -> Pace:
    """The pace after messages went out to people, who had had their last one `before`.

    Every count is kept up, so that a limit that is set later knows the day that has been.
    """
    people = list(before)
    rate = limits.per_second
    return Pace(
        free_at=_later(pace, rate, now, len(people)) if rate else None,
        messages=_added(_recent(pace.messages, now), now, len(people)),
        people=_moved(_recent(pace.people, now), now, people),
    )


def full_until(times: Iterable[datetime], limit: int, now: datetime) -> datetime | None:
    """When a person who had messages at these times may get another; None is now."""
    recent = sorted(at for at in times if at + DAY > now)
    return recent[-limit] + DAY if len(recent) >= limit else None


# --- By the second: a bucket that fills up again, kept as the time it has something ----------


def _interval(rate: float) -> timedelta:
    return timedelta(microseconds=ceil(1_000_000 / rate))


def _slack(rate: float) -> timedelta:
    return max(BURST - _interval(rate), timedelta())


def _tokens(pace: Pace, rate: float, now: datetime) -> int:
    spare = now - _filling_from(pace, rate, now) + _slack(rate)
    return spare // _interval(rate) + 1  # below zero while it is not free


def _later(pace: Pace, rate: float, now: datetime, count: int) -> datetime:
    return _filling_from(pace, rate, now) + count * _interval(rate) - _slack(rate)


def _filling_from(pace: Pace, rate: float, now: datetime) -> datetime:
    return max(pace.free_at + _slack(rate), now) if pace.free_at else now


# --- By the day ------------------------------------------------------------------------------


def _by_day(pace: Pace, limits: Limits) -> list[tuple[ByHour, int]]:
    both = (pace.messages, limits.per_day), (pace.people, limits.people_per_day)
    return [(counts, limit) for counts, limit in both if limit is not None]


def _recent(counts: ByHour, now: datetime) -> dict[str, int]:
    return {
        hour: count
        for hour, count in sorted(counts.items())
        if count and _leaves_at(hour) > now
    }


def _leaves_at(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00+00:00") + HOUR + DAY


def _frees_at(counts: ByHour, limit: int) -> datetime | None:
    left, until = sum(counts.values()), None
    for hour, count in counts.items():
        if left < limit:
            break
        left, until = left - count, _leaves_at(hour)
    return until


def _hour(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H")


def _added(counts: dict[str, int], at: datetime, count: int) -> dict[str, int]:
    return {**counts, _hour(at): counts.get(_hour(at), 0) + count}


def _moved(
    counts: dict[str, int], now: datetime, people: Iterable[datetime | None]
) -> dict[str, int]:
    """Each person counts once, in the hour of their last message."""
    this = _hour(now)
    for before in people:
        if before and (last := _hour(before)) in counts:
            counts[last] -= 1
        counts[this] = counts.get(this, 0) + 1
    return counts
