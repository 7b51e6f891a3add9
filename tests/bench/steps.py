"""Steps per second: claim, build, send, save the answer, set the next timer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy import text

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.setup import apply
from core.store import migrate, origins
from core.store.inbox import EVENT
from tests.support import riverside

STEPS = 1000
JOBS = 300


@dataclass(frozen=True)
class Bench:
    """An installation and the provider that it sends to."""

    app: Everreach
    provider: str


@contextmanager
def bench(
    home: Path, database_url: str, redis_url: str, provider: str
) -> Iterator[Bench]:
    """An installation that is set up."""
    env = {
        "EVERREACH_HOME": str(home),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "EVERREACH_LOG": "error",
    }
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    with open_everreach(settings, load_registry()) as app:
        apply(app, riverside.setup(meta=provider), {})
        yield Bench(app, provider)


def _fill(app: Everreach, seed: int) -> None:
    with app.store.read() as tx:
        origin = origins.connection(tx, "shopify", "riverside.shop")
    assert origin
    for number in range(STEPS):
        body = riverside.fulfillment(seed * STEPS + number)
        request = riverside.shipped(body, webhook_id=f"{seed}-{number}")
        inbox.keep(app, EVENT, origin, request, delivery_id=f"{seed}-{number}")
    while read_events(app):
        pass


class Engine:
    """The engine's own way."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._seed = bench, 0

    def __call__(self) -> float:
        self._seed += 1
        _fill(self._bench.app, self._seed)
        began = time.perf_counter()
        while send_due(self._bench.app, "whatsapp"):
            pass
        return STEPS / (time.perf_counter() - began)


class JobPerStep:
    """One RQ job for each step: the same request and as many commits, nothing else."""

    def __init__(self, bench: Bench, redis_url: str) -> None:
        self._bench, self._redis = bench, Redis.from_url(redis_url)

    def __call__(self) -> float:
        queue = Queue("bench", connection=self._redis)
        for _ in range(JOBS):
            queue.enqueue(one_step, self._bench.provider, result_ttl=0)
        _ended.clear()
        worker = SimpleWorker([queue], connection=self._redis)
        worker.work(burst=True, logging_level="ERROR")
        # From job to job: how long a worker takes to come and go is not the steps' fault.
        return (JOBS - 1) / (_ended[-1] - _ended[0])


class BareLoop:
    """The same requests and the same commits in a loop, and no engine."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self) -> float:
        store = self._bench.app.store
        began = time.perf_counter()
        for _ in range(STEPS):
            one_step(self._bench.provider)
            with store.write() as tx:
                tx.execute(text("UPDATE accounts SET name = 'Riverside Shop'"))
        return STEPS / (time.perf_counter() - began)


_ended: list[float] = []  # SimpleWorker runs its jobs in this process
_session = requests.Session()
_session.trust_env = False


def one_step(provider: str) -> None:
    """Send one message."""
    _session.post(f"{provider}/v25.0/100/messages", json={"to": "+46701740605"}).json()
    _ended.append(time.perf_counter())
