"""The parts that most tests stand on: real databases, a real Valkey, a clock to set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis

from connectors.registry import load_registry
from core import away
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.services import dispatch
from core.store import migrate
from tests.support import plans, servers

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is told otherwise."""

    at: datetime = NOON
    wall_at: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.at

    def wall(self) -> datetime:
        return self.wall_at

    def advance(self, **duration: float) -> None:
        self.at += timedelta(**duration)
        self.wall_at += timedelta(**duration)


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with servers.valkey() as url:
        yield url


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent is answered when `send_due` returns, however busy this machine is."""
    monkeypatch.setattr(away, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(dispatch, "TURN_SECONDS", 60.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/everreach.sqlite3"
    server: servers.Postgres = request.getfixturevalue("postgres")
    return server.create(f"test_{uuid4().hex}")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def app(
    database_url: str, redis_url: str, tmp_path: Path, clock: SetClock
) -> Iterator[Everreach]:
    """An installation on each kind of database, with nothing set up."""
    settings = Settings.from_env(
        {
            "EVERREACH_HOME": str(tmp_path),
            "EVERREACH_PUBLIC_URL": "https://msg.example",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
    )
    Redis.from_url(redis_url).flushall()
    migrate.upgrade(settings)
    with (
        open_everreach(settings, load_registry()) as opened,
        plans.watched(opened.store.engine) as walking,
    ):
        yield replace(opened, clock=clock)
    assert not walking, "\n\n".join(walking)


Applier = Callable[..., object]
