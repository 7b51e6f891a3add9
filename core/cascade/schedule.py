"""When to send: quiet hours, send days and times relative to an occasion, on any clock.

A local time that a clock skips in spring means the first moment after it; one that it shows
twice in autumn means the first. So every local time comes exactly once a day.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from core import durations
from core.values import dataclass

EVERY_DAY = frozenset(range(7))
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_OFFSET = timedelta(days=366)

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
# The only day of the week may be closed by a clock change, and the one after it too.
_LOOK_AHEAD = 22

Span = tuple[datetime, datetime]


class ZoneSource(StrEnum):
    """How we know a person's time zone, best first."""

    PERSON = "person"
    EVENT = "event"
    PHONE = "phone"
    ACCOUNT = "account"


class TooLate(StrEnum):
    """What to do if quiet hours end only when it is too late."""

    SEND_ANYWAY = "send_anyway"
    SKIP = "skip"
    EARLIER = "earlier"


class IfInside(StrEnum):
    """What to do if an occasion appears when its reminder should have gone out already."""

    SEND_NOW = "send_now"
    SKIP = "skip"
    NEXT = (
        "next"  # leave it to a later reminder of the same occasion, if one will go out
    )


# --- Clocks -----------------------------------------------------------------------------------


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone."""
    return name in _known_zones()


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_for(
    *, person: str, event: str, phone: str, account: str
) -> tuple[str, ZoneSource]:
    """The best known of four time zones, and whose it is. Only the account's must be one.

    `phone` is the one zone of the phone's country, `""` if it has several.
    """
    named = zip(ZoneSource, (person, event, phone), strict=False)
    found = ((zone, source) for source, zone in named if is_zone(zone))
    return next(found, (account, ZoneSource.ACCOUNT))


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first moment at which a clock in `zone` shows a time of day or has passed it; UTC."""
    wall = datetime.combine(day, at.replace(fold=0))
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clock jumped, between two moments on either side."""
    old = before.astimezone(zone).utcoffset()
    seconds = range(int((after - before).total_seconds()))
    jumped = bisect_left(
        seconds,
        True,
        key=lambda s: (
            (before + timedelta(seconds=s)).astimezone(zone).utcoffset() != old
        ),
    )
    return before + timedelta(seconds=jumped)


# --- Quiet hours and send days ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a person may be written to, by the clock where they are.

    Nothing is sent from `quiet_from` up to `quiet_until`, which may be on the next day, nor on
    a day that is not in `days` (0 is Monday). `zone` is an IANA name. Raises ValueError if
    that leaves no time at all.
    """

    zone: str
    zone_source: ZoneSource = ZoneSource.ACCOUNT
    quiet_from: time | None = None
    quiet_until: time | None = None
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise ValueError("there is no day left to send on")
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours need a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet hours end when they begin")

    def open_from(self, at: datetime) -> datetime:
        """The first moment from `at` on at which a message may go out."""
        if self._always_open:
            return at
        opens, _ = next(span for span in self._spans(at) if at < span[1])
        return max(at, opens)

    def open_until(self, at: datetime) -> datetime | None:
        """When the hours that are open at `at` end; None if not within three weeks.

        `at` itself if they are closed.
        """
        if self._always_open:
            return None
        end = at
        for opens, closes in self._spans(at):
            if opens > end:
                return end
            end = max(end, closes)
        return None

    def last_open_before(self, at: datetime) -> datetime:
        """The last moment up to `at` at which a message may go out.

        `at` itself if that is one, else a minute before the hours closed.
        """
        if self._always_open:
            return at
        opens, closes = next(s for s in self._spans(at, back=True) if s[0] <= at)
        return at if at < closes else max(opens, closes - _MINUTE)

    @property
    def _always_open(self) -> bool:
        return self.quiet_from is None and self.days == EVERY_DAY

    def _spans(self, at: datetime, *, back: bool = False) -> Iterator[Span]:
        """When it is open around a moment, in order; in UTC. Ends are not included."""
        # A clock that is set back over midnight shows yesterday's date again.
        step = -_DAY if back else _DAY
        first = at.astimezone(ZoneInfo(self.zone)).date() - step
        for number in range(_LOOK_AHEAD):
            spans = _open_on(self, first + number * step)
            yield from reversed(spans) if back else spans


@lru_cache(maxsize=4096)  # many people share their hours and their day
def _open_on(hours: Hours, day: date) -> tuple[Span, ...]:
    if day.weekday() not in hours.days:
        return ()
    zone, spans = ZoneInfo(hours.zone), []
    begins, ends = (moment(d, time.min, zone) for d in (day, day + _DAY))
    for quiet_from, quiet_until in _quiet_around(hours, day, zone):
        if begins < min(quiet_from, ends):
            spans.append((begins, min(quiet_from, ends)))
        begins = max(begins, quiet_until)
    if begins < ends:
        spans.append((begins, ends))
    return tuple(spans)


def _quiet_around(hours: Hours, day: date, zone: ZoneInfo) -> Iterator[Span]:
    """The quiet hours that begin on the day before and on the day."""
    if hours.quiet_from is None or hours.quiet_until is None:
        return
    over_midnight = hours.quiet_until < hours.quiet_from
    for start in (day - _DAY, day):
        end = start + _DAY if over_midnight else start
        begins = moment(start, hours.quiet_from, zone)
        yield begins, moment(end, hours.quiet_until, zone)


# --- Times relative to an occasion --------------------------------------------------------------

AT_ONCE = "at once"
CLOCK_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)"
_DURATION = r"(?=[0-9])(?:[0-9]{1,9}d)?(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?"
_SIDE = r"(?:before|after)"
# The end is spelled like this because `$` would let a line break through.
OFFSET_PATTERN = (
    rf"^(?:at once|{_DURATION} {_SIDE}"
    rf"|[0-9]{{1,3}}d {_SIDE} at (?:[01][0-9]|2[0-3]):[0-5][0-9])$(?!\n)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """When a reminder is due, relative to the moment that its occasion is about.

    With `at`, `by` is whole days of the calendar, which a clock change does not lengthen;
    without, it is real time. Nothing at all is `at once`: when it happens. Raises ValueError.
    """

    before: bool = False
    by: timedelta = timedelta()
    at: time | None = None

    def __post_init__(self) -> None:
        if not timedelta() <= self.by <= LONGEST_OFFSET:
            raise ValueError(f"Use no more than {LONGEST_OFFSET.days}d")
        if self.at is not None and self.by % _DAY:
            raise ValueError("Only whole days have a time of day")

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """What `at once`, `24h before`, `3d before at 10:00` or `2h after` says.

        Raises ValueError.
        """
        if not re.search(OFFSET_PATTERN, text):
            raise ValueError("Write it like 24h before, 3d before at 10:00 or at once")
        if text == AT_ONCE:
            return cls()
        duration, side, *at = text.replace(" at ", " ").split()
        seconds = durations.to_seconds(duration)
        if not seconds and not at:
            raise ValueError(f"Write {AT_ONCE} for no time at all")
        by = timedelta(seconds=min(seconds, LONGEST_OFFSET.total_seconds() + 1))
        return cls(
            before=side == "before", by=by, at=time.fromisoformat(at[0]) if at else None
        )

    def __str__(self) -> str:
        if self.at_once:
            return AT_ONCE
        side = "before" if self.before else "after"
        if self.at is not None:
            return f"{self.by.days}d {side} at {self.at:%H:%M}"
        return f"{durations.to_text(int(self.by.total_seconds()))} {side}"

    @property
    def at_once(self) -> bool:
        """Whether it is due when it happens, and not by the moment that it is about."""
        return not self.by and self.at is None

    def due_at(self, anchor: datetime, zone: str) -> datetime:
        """When it is due; aware, UTC. `anchor` is the occasion's moment."""
        by = -self.by if self.before else self.by
        if self.at is None:
            return anchor.astimezone(UTC) + by
        where = ZoneInfo(zone)
        return moment(anchor.astimezone(where).date() + by, self.at, where)


# --- When a cascade starts ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a reminder of an occasion is due, and its choices."""

    at: datetime
    if_inside: IfInside = IfInside.SEND_NOW
    too_late: TooLate = TooLate.SKIP


class Why(StrEnum):
    """What decided when a cascade starts, or that it does not."""

    ON_TIME = "on_time"
    INSIDE = "inside"  # it should have gone out already, so it goes out now
    HELD = "held"  # until the hours open
    EARLIER = "earlier"  # the hours would open too late, so before they close
    SENT_ANYWAY = "sent_anyway"  # the hours would open too late
    SKIPPED_INSIDE = "skipped_inside"  # it should have gone out already
    LEFT_TO_NEXT = "left_to_next"  # it should have gone out, and a later reminder will
    PAST = "past"  # what it is about has begun
    SKIPPED_TOO_LATE = "skipped_too_late"  # the hours open too late


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a cascade starts, and why then. `start_at` is None if it does not."""

    start_at: datetime | None
    why: Why
    due_at: datetime
    expires_at: datetime | None = None
    opens_at: datetime | None = None
    hours: Hours | None = None

    def facts(self) -> dict[str, str | None]:
        """The rule, the clock, the zone and the evidence, as a note stores them."""
        hours = self.hours
        return {
            "why": self.why,
            "due_at": _text(self.due_at),
            "start_at": _text(self.start_at),
            "expires_at": _text(self.expires_at),
            "opens_at": _text(self.opens_at),
            "quiet_from": _text(hours.quiet_from if hours else None),
            "quiet_until": _text(hours.quiet_until if hours else None),
            "days": " ".join(WEEK[day] for day in sorted(hours.days)) if hours else "",
            "zone": hours.zone if hours else "",
            "zone_source": hours.zone_source if hours else "",
        }


def _text(at: datetime | time | None) -> str | None:
    return at.isoformat() if at is not None else None


def plan(
    mine: Due,
    *,
    now: datetime,
    others: Iterable[Due] = (),
    expires_at: datetime | None = None,
    hours: Hours | None = None,
) -> Plan:
    """When a reminder starts, if at all: never before `now`, never from `expires_at` on.

    `others` are the occasion's other reminders. `expires_at` is when the occasion begins, for
    a reminder that goes out before it, or when the reminder is of no more use.
    """
    start, why = _start(mine, now, others, expires_at)
    if start and expires_at and start >= expires_at:
        start, why = None, Why.PAST
    opens = hours.open_from(start) if start and hours else None
    if start and hours and opens and opens > start:
        start, why = _held(start, opens, mine.too_late, now, expires_at, hours)
    return Plan(
        start_at=start,
        why=why,
        due_at=mine.at,
        expires_at=expires_at,
        opens_at=opens,
        hours=hours,
    )


_Start = tuple[datetime | None, Why]


def _start(
    mine: Due, now: datetime, others: Iterable[Due], expires_at: datetime | None
) -> _Start:
    if mine.at >= now:
        return mine.at, Why.ON_TIME
    if mine.if_inside is IfInside.SKIP:
        return None, Why.SKIPPED_INSIDE
    if mine.if_inside is IfInside.NEXT and any(
        _follows(other, mine, now, expires_at) for other in others
    ):
        return None, Why.LEFT_TO_NEXT
    return now, Why.INSIDE


def _follows(other: Due, mine: Due, now: datetime, expires_at: datetime | None) -> bool:
    """Whether a later reminder will go out before it is too late."""
    goes_out = other.at >= now or other.if_inside is not IfInside.SKIP
    in_time = expires_at is None or other.at < expires_at
    return mine.at < other.at and goes_out and in_time


def _held(
    start: datetime,
    opens: datetime,
    too_late: TooLate,
    now: datetime,
    expires_at: datetime | None,
    hours: Hours,
) -> _Start:
    if expires_at is None or opens < expires_at:
        return opens, Why.HELD
    if too_late is TooLate.SEND_ANYWAY:
        return start, Why.SENT_ANYWAY
    earlier = hours.last_open_before(start)
    if too_late is TooLate.EARLIER and earlier >= now:
        return earlier, Why.EARLIER
    return None, Why.SKIPPED_TOO_LATE
