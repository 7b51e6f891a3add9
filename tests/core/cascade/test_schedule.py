"""When to send, held against a clock that is looked at minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.cascade.schedule import (
    EVERY_DAY,
    WEEK,
    Due,
    Hours,
    IfInside,
    Offset,
    TooLate,
    Why,
    ZoneSource,
    moment,
    plan,
    zone_for,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ROME = "Europe/Rome"
# Clocks that jump at 1, 2 and 3 o'clock, at midnight, over midnight, by half an hour, by a day.
ODD = [
    (ROME, date(2026, 3, 29)),
    (ROME, date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/London", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
]

zones = st.sampled_from(sorted(available_timezones()))
any_day = st.tuples(zones, st.dates(date(1990, 1, 1), date(2040, 1, 1)))
places = st.sampled_from(ODD) | any_day
clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0))
on_the_minute = st.integers(-1440, 1440).map(lambda minutes: minutes * MINUTE)


@st.composite
def hours(draw, zone):
    quiet = draw(st.none() | st.lists(clocks, min_size=2, max_size=2, unique=True))
    days = draw(st.just(EVERY_DAY) | st.frozensets(st.integers(0, 6), min_size=1))
    begin, end = quiet or (None, None)
    return Hours(zone=zone, quiet_from=begin, quiet_until=end, days=days)


def noon(day):
    return datetime.combine(day, time(12), UTC)


def rome(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ROME)).astimezone(UTC)


def night(zone=ROME, **changes):
    return Hours(
        **{"zone": zone, "quiet_from": time(21), "quiet_until": time(8), **changes}
    )


class Watcher:
    """Looks at the clock every minute, and takes a time that it shows again for over."""

    def __init__(self, zone, day):
        self.start = noon(day) - 3 * DAY
        where = ZoneInfo(zone)
        shown = [
            (self.start + n * MINUTE).astimezone(where).replace(tzinfo=None)
            for n in range(6 * 1440)
        ]
        self.furthest = list(accumulate(shown, max))

    def is_open(self, at, hours):
        index = int((at - self.start) / MINUTE)
        wall = self.furthest[index]
        if wall.weekday() not in hours.days:
            return False
        begin, end = hours.quiet_from, hours.quiet_until
        if begin is None:
            return True
        now = wall.time()
        return not (begin <= now < end if begin < end else now >= begin or now < end)


watch = lru_cache(Watcher)


def in_whole_minutes(zone, day):
    offset = noon(day).astimezone(ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() % 60 == 0


@given(places, st.data())
def test_nothing_open_is_passed_over_and_nothing_closed_is_used(place, data):
    zone, day = place
    assume(in_whole_minutes(*place))
    open_hours = data.draw(hours(zone))
    watcher = watch(zone, day)
    at = noon(day) + data.draw(on_the_minute)

    opens = open_hours.open_from(at)
    seen = [
        watcher.is_open(at + n * MINUTE, open_hours)
        for n in range(int(min(opens - at, DAY) / MINUTE) + 1)
    ]

    assert opens >= at
    assert not any(seen[:-1])
    assert seen[-1] or opens - at > DAY
    assert open_hours.open_from(opens) == opens
    assert (open_hours.open_until(at) == at) == (opens > at)


@given(places, st.data())
def test_the_last_open_moment_is_open_and_none_follows(place, data):
    zone, day = place
    assume(in_whole_minutes(*place))
    open_hours = data.draw(hours(zone))
    watcher = watch(zone, day)
    at = noon(day) + data.draw(on_the_minute)

    last = open_hours.last_open_before(at)
    closed = [
        watcher.is_open(at - n * MINUTE, open_hours)
        for n in range(int(min(at - last, DAY) / MINUTE))
    ]

    assert last <= at
    assert not any(closed)
    assert open_hours.open_from(last) == last


@given(places, st.data())
def test_hours_close_when_they_say(place, data):
    zone, day = place
    open_hours = data.draw(hours(zone))
    at = open_hours.open_from(noon(day) + data.draw(on_the_minute))

    until = open_hours.open_until(at)

    if until is None:
        assert open_hours == Hours(zone=zone)
        return
    assert open_hours.open_from(until) > until
    between = data.draw(st.floats(0, 1, exclude_max=True))
    inside = at + (until - at) * between
    assert inside == until or open_hours.open_from(inside) == inside


@given(places, clocks)
@example((ROME, date(2026, 3, 29)), time(2, 30))
@example((ROME, date(2026, 10, 25)), time(2, 30))
def test_every_local_time_comes_exactly_once_a_day(place, at):
    zone, day = place
    where = ZoneInfo(zone)
    fires = [moment(day + n * DAY, at, where) for n in (-1, 0, 1, 2)]

    assert fires == sorted(fires)
    for n, fired in zip((-1, 0, 1, 2), fires, strict=True):
        wall = datetime.combine(day + n * DAY, at)
        before = (fired - timedelta(seconds=1)).astimezone(where)
        assert fired.astimezone(where).replace(tzinfo=None) >= wall
        assert before.replace(tzinfo=None) < wall


def test_a_skipped_time_is_the_first_after_it_and_a_repeated_one_the_first_of_two():
    assert moment(date(2026, 3, 29), time(2, 30), ZoneInfo(ROME)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )
    assert moment(date(2026, 10, 25), time(2, 30), ZoneInfo(ROME)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_hours_that_open_for_an_hour_a_week_survive_the_clock_change():
    sundays = Hours(
        zone=ROME, quiet_from=time(3), quiet_until=time(2), days=frozenset({6})
    )

    assert sundays.open_from(rome("2026-03-22T03:00")) == rome("2026-04-05T02:00")


@pytest.mark.parametrize(
    "changes",
    [
        {"days": frozenset()},
        {"days": frozenset({7})},
        {"quiet_until": time(21)},
        {"quiet_until": None},
        {"quiet_from": None},
    ],
)
def test_hours_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValueError, match=r"day|quiet hours"):
        night(**changes)


# --- Times relative to an occasion ---------------------------------------------------------------

real = st.builds(
    Offset,
    before=st.booleans(),
    by=st.integers(1, 366 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
)
by_day = st.builds(
    Offset,
    before=st.booleans(),
    by=st.integers(0, 366).map(lambda days: timedelta(days=days)),
    at=clocks,
)
offsets = st.just(Offset()) | real | by_day


@given(offsets)
def test_an_offset_is_read_as_it_is_written(offset):
    assert Offset.parse(str(offset)) == offset


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("at once", "2026-03-29T10:00"),
        ("24h before", "2026-03-28T09:00"),  # the night was an hour shorter
        ("1d before at 10:00", "2026-03-28T10:00"),
        ("3d before at 10:00", "2026-03-26T10:00"),
        ("0d before at 02:30", "2026-03-29T03:00"),  # there was no half past two
        ("1h30m after", "2026-03-29T11:30"),
        ("1d after at 08:05", "2026-03-30T08:05"),
    ],
)
def test_hours_are_real_time_and_days_are_the_calendars(text, due):
    offset = Offset.parse(text)

    assert str(offset) == text or text == "24h before"
    assert offset.due_at(rome("2026-03-29T10:00"), ROME) == rome(due)


@pytest.mark.parametrize(
    "text",
    [
        "", "24h", "before", "24 h before", "24h before ", "24h before\n", "-1h before",
        "0h before", "367d before", "999999999d999999999h before", "400d after at 10:00",
        "12h before at 10:00", "3d before at 24:00", "3d before at 9:00", "at 10:00",
    ],
)  # fmt: skip
def test_what_is_no_offset_is_refused(text):
    with pytest.raises(ValueError, match=r"Write|more than"):
        Offset.parse(text)


# --- Whose clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "zone", "source"),
    [
        ({"person": "Asia/Tokyo", "event": ROME}, "Asia/Tokyo", ZoneSource.PERSON),
        ({"event": ROME, "phone": "Asia/Tokyo"}, ROME, ZoneSource.EVENT),
        ({"person": "Mars/Base", "phone": ROME}, ROME, ZoneSource.PHONE),
        ({"person": "../etc/passwd", "event": "America"}, "UTC", ZoneSource.ACCOUNT),
    ],
)
def test_the_best_known_zone_counts(known, zone, source):
    nothing = {"person": "", "event": "", "phone": "", "account": "UTC"}

    assert zone_for(**{**nothing, **known}) == (zone, source)


# --- Planning ------------------------------------------------------------------------------------

VISIT = rome("2026-11-24T10:00")


def planned(due, now, rule=IfInside.SEND_NOW, too_late=TooLate.SKIP, **more):
    mine = Due(at=rome(due), if_inside=rule, too_late=too_late)
    found = plan(mine, now=rome(now), **{"expires_at": VISIT, **more})
    return found.start_at and found.start_at.astimezone(ZoneInfo(ROME)), found.why


def due(text, rule=IfInside.SEND_NOW):
    return Due(at=rome(text), if_inside=rule)


@pytest.mark.parametrize(
    ("found", "start", "why"),
    [
        (planned("2026-11-23T10:00", "2026-11-20T09:00"), "2026-11-23T10:00", Why.ON_TIME),
        (planned("2026-11-23T10:00", "2026-11-23T18:00"), "2026-11-23T18:00", Why.INSIDE),
        (planned("2026-11-23T10:00", "2026-11-23T18:00", IfInside.SKIP), None, Why.SKIPPED_INSIDE),
        (planned("2026-11-23T10:00", "2026-11-24T10:00"), None, Why.PAST),
        (planned("2026-11-24T10:00", "2026-11-20T09:00"), None, Why.PAST),
        (planned("2026-11-24T12:00", "2026-11-20T09:00", expires_at=None), "2026-11-24T12:00", Why.ON_TIME),
        (planned("2026-11-22T23:00", "2026-11-20T09:00", hours=night()), "2026-11-23T08:00", Why.HELD),
    ],
)  # fmt: skip
def test_a_reminder_starts_when_it_is_due_or_not_at_all(found, start, why):
    assert found == (start and rome(start), why)


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([due("2026-11-24T08:00")], Why.LEFT_TO_NEXT),
        ([due("2026-11-23T17:00")], Why.LEFT_TO_NEXT),  # it goes out now itself
        ([due("2026-11-23T17:00", IfInside.NEXT)], Why.LEFT_TO_NEXT),
        ([due("2026-11-23T17:00", IfInside.SKIP)], Why.INSIDE),
        ([due("2026-11-22T10:00")], Why.INSIDE),  # that is the larger one
        ([due("2026-11-24T12:00")], Why.INSIDE),  # that one comes after the visit
        ([], Why.INSIDE),
    ],
)
def test_a_reminder_is_left_to_the_next_only_if_that_one_goes_out(others, why):
    found = planned(
        "2026-11-23T10:00", "2026-11-23T18:00", IfInside.NEXT, others=others
    )

    assert found[1] is why


@pytest.mark.parametrize(
    ("now", "too_late", "start", "why"),
    [
        ("2026-11-20T09:00", TooLate.SKIP, None, Why.SKIPPED_TOO_LATE),
        ("2026-11-20T09:00", TooLate.SEND_ANYWAY, "2026-11-24T07:00", Why.SENT_ANYWAY),
        ("2026-11-20T09:00", TooLate.EARLIER, "2026-11-23T20:59", Why.EARLIER),
        ("2026-11-24T00:30", TooLate.EARLIER, None, Why.SKIPPED_TOO_LATE),
    ],
)
def test_hours_that_open_too_late_leave_a_choice(now, too_late, start, why):
    quiet = night(quiet_until=time(10))
    found = planned("2026-11-24T07:00", now, too_late=too_late, hours=quiet)

    assert found == (start and rome(start), why)


@given(places, offsets, st.data())
def test_nothing_is_planned_into_the_past_or_after_the_occasion(place, offset, data):
    zone, day = place
    visit, now = (noon(day) + data.draw(on_the_minute) for _ in range(2))
    dues = st.builds(
        Due,
        at=st.just(offset.due_at(visit, zone)),
        if_inside=st.sampled_from(IfInside),
        too_late=st.sampled_from(TooLate),
    )
    mine, open_hours = data.draw(dues), data.draw(st.none() | hours(zone))

    found = plan(mine, now=now, expires_at=visit, hours=open_hours)

    if found.start_at is None:
        return
    assert now <= found.start_at < visit
    if open_hours and found.why is not Why.SENT_ANYWAY:
        assert open_hours.open_from(found.start_at) == found.start_at


@given(places, st.sets(st.integers(1, 96), min_size=1, max_size=3), st.data())
def test_an_occasion_that_appears_late_is_never_passed_over_by_all(place, leads, data):
    visit = noon(place[1])
    now = visit - data.draw(st.integers(1, 200)) * timedelta(hours=1)
    rules = st.sampled_from([IfInside.SEND_NOW, IfInside.NEXT])
    dues = [
        Due(at=visit - lead * timedelta(hours=1), if_inside=data.draw(rules))
        for lead in leads
    ]

    plans = [
        plan(mine, now=now, others=[d for d in dues if d != mine], expires_at=visit)
        for mine in dues
    ]

    assert any(found.start_at for found in plans)


def test_a_plan_can_be_explained():
    found = plan(
        due("2026-11-22T23:00"), now=rome("2026-11-20T09:00"), hours=night(), others=[]
    )

    assert found.facts() == {
        "why": "held",
        "due_at": "2026-11-22T22:00:00+00:00",
        "start_at": "2026-11-23T07:00:00+00:00",
        "expires_at": None,
        "opens_at": "2026-11-23T07:00:00+00:00",
        "quiet_from": "21:00:00",
        "quiet_until": "08:00:00",
        "days": " ".join(WEEK),
        "zone": ROME,
        "zone_source": "account",
    }
