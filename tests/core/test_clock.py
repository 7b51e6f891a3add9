"""The sandbox's clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import FastClock, Pace, SystemClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_time_runs_as_fast_as_the_pace_says() -> None:
    pace = Pace(since=NOON, base=NOON, rate=60)

    assert pace.at(NOON + timedelta(seconds=30)) == NOON + timedelta(minutes=30)


def test_it_is_real_time_until_it_is_told_otherwise(tmp_path: Path) -> None:
    clock = FastClock(tmp_path / "clock.json")

    assert clock.now() - clock.wall() < timedelta(seconds=1)


def test_all_processes_see_the_same_pace(tmp_path: Path) -> None:
    one, other = FastClock(tmp_path / "c"), FastClock(tmp_path / "c")
    one.run(600)
    other.skip(timedelta(hours=1))

    assert one.pace() == other.pace()
    assert one.now() > one.wall() + timedelta(minutes=59)


def test_a_change_of_pace_never_goes_back(tmp_path: Path) -> None:
    clock = FastClock(tmp_path / "clock.json")
    clock.run(1000)
    before = clock.now()
    clock.run(1)

    assert clock.now() >= before


def test_real_time_is_not_sped_up(tmp_path: Path) -> None:
    clock = FastClock(tmp_path / "clock.json")
    clock.skip(timedelta(days=1))

    assert abs(clock.wall() - SystemClock().now()) < timedelta(seconds=1)
