"""What limits let through, for any traffic."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.cascade.limits import (
    BURST,
    DAY,
    NO_LIMITS,
    Limits,
    Pace,
    allowance,
    full_until,
    limits_of,
    spend,
    used_up_until,
)
from tests.conftest import NOON

Wanted = list[tuple[float, int]]  # seconds after the last, how many
seconds = st.floats(0, 3, allow_nan=False)
wanted = st.lists(st.tuples(seconds, st.integers(1, 30)), max_size=10)
hours = st.lists(st.tuples(st.floats(0, 20_000), st.integers(1, 9)), max_size=60)


def sent(limits: Limits, traffic: Wanted) -> list[datetime]:
    """When messages go, if always as many go as may."""
    now, pace, times = NOON, Pace(), []
    for pause, count in traffic:
        now += timedelta(seconds=pause)
        able = min(count, allowance(pace, limits, now) or 0)
        pace = spend(pace, limits, now, [None] * able)
        times += [now] * able
    return times


@given(st.floats(0.2, 200), wanted)
def test_no_stretch_of_time_sees_more_than_the_rate_allows(
    rate: float, traffic: Wanted
) -> None:
    times = sent(Limits(per_second=rate), traffic)
    at_once = max(1, rate * BURST.total_seconds())
    for first, began in enumerate(times):
        for count, at in enumerate(times[first:], 1):
            in_time = rate * (at - began).total_seconds()
            assert count <= at_once + in_time + 1e-6


def test_what_is_left_of_a_second_is_given_soon() -> None:
    limits = Limits(per_second=10)
    pace = spend(Pace(), limits, NOON, [None] * (allowance(Pace(), limits, NOON) or 0))

    assert pace.free_at
    assert NOON < pace.free_at <= NOON + timedelta(seconds=0.1)
    assert allowance(pace, limits, NOON) == 0
    assert allowance(pace, limits, pace.free_at) == 1


@given(st.integers(1, 20), hours)
def test_no_day_sees_more_than_its_limit(limit: int, traffic: Wanted) -> None:
    times = sent(Limits(per_day=limit), traffic)
    for began in times:
        assert sum(began <= at < began + DAY for at in times) <= limit


@given(st.integers(1, 5), st.lists(st.tuples(st.floats(0, 20_000), st.integers(0, 9))))
def test_no_day_sees_more_people_than_its_limit(limit: int, traffic: Wanted) -> None:
    limits, now, pace = Limits(people_per_day=limit), NOON, Pace()
    latest: dict[int, datetime] = {}
    for pause, person in traffic:
        now += timedelta(seconds=pause)
        if allowance(pace, limits, now):
            pace = spend(pace, limits, now, [latest.get(person)])
            latest[person] = now
        assert sum(at + DAY > now for at in latest.values()) <= limit


@given(st.integers(1, 20), hours)
def test_what_is_used_up_is_so_until_then_and_no_longer(
    limit: int, traffic: Wanted
) -> None:
    limits, now, pace = Limits(per_day=limit), NOON, Pace()
    for pause, count in traffic:
        now += timedelta(seconds=pause)
        pace = spend(pace, limits, now, [None] * count)  # more than may, too
        if until := used_up_until(pace, limits, now):
            assert allowance(pace, limits, until - timedelta(seconds=1)) == 0
            assert used_up_until(pace, limits, until) is None


def test_a_person_is_full_until_the_oldest_of_the_last_few_is_a_day_old() -> None:
    times = [NOON - timedelta(hours=ago) for ago in (30, 20, 5)]

    assert full_until(times, 3, NOON) is None
    assert full_until(times, 2, NOON) == NOON + timedelta(hours=4)
    assert full_until(times, 1, NOON) == NOON + timedelta(hours=19)


def test_what_is_said_stands_above_what_is_usual() -> None:
    usual = Limits(per_second=80, per_person=timedelta(seconds=6))

    assert limits_of(usual, {}) == usual
    assert limits_of(usual, {"per_second": None, "per_person": None}) == NO_LIMITS
    said = limits_of(usual, {"per_person": 2, "per_day": 9})
    assert said == Limits(per_second=80, per_day=9, per_person=timedelta(seconds=2))
