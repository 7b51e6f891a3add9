"""The time. One clock for real life, and one that the sandbox can speed up."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.values import dataclass


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Real time."""
        return self.wall()

    def wall(self) -> datetime:
        """Real time."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock


@dataclass(frozen=True, slots=True)
class Pace:
    """From `since` (real time) on, the clock showed `base` and ran `rate` times as fast."""

    since: datetime
    base: datetime
    rate: float

    def at(self, wall: datetime) -> datetime:
        """What the clock shows at a real time."""
        return self.base + (wall - self.since) * self.rate


class FastClock(SystemClock):
    """A clock for the sandbox whose pace all processes share through a small file."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist: until `run` is called the time is real."""
        self._path = path
        self._seen: tuple[int, Pace] | None = None

    def now(self) -> datetime:
        """The sandbox's time."""
        wall = self.wall()
        pace = self.pace()
        return pace.at(wall) if pace else wall

    def pace(self) -> Pace | None:
        """The pace in force, None if it was never changed."""
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if not self._seen or self._seen[0] != changed:
            self._seen = (changed, _load(self._path))
        return self._seen[1]

    def run(self, rate: float) -> None:
        """From now on, run `rate` times as fast. Never jumps, never goes back."""
        self._save(self.now(), rate)

    def skip(self, duration: timedelta) -> None:
        """Jump ahead and go on at the same pace."""
        pace = self.pace()
        self._save(self.now() + duration, pace.rate if pace else 1)

    def _save(self, base: datetime, rate: float) -> None:
        pace = {
            "since": self.wall().isoformat(),
            "base": base.isoformat(),
            "rate": rate,
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(pace))
        draft.replace(self._path)


def _load(path: Path) -> Pace:
    stored = json.loads(path.read_text())
    return Pace(
        since=datetime.fromisoformat(stored["since"]),
        base=datetime.fromisoformat(stored["base"]),
        rate=float(stored["rate"]),
    )
