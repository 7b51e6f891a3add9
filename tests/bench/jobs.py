"""The peer: one RQ job for each step, which claims, sends and saves as simply as can be."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import requests
from redis import Redis
from rq import Queue, SimpleWorker, Worker
from sqlalchemy import text

from core.store.engine import Store
from tests.bench.harness import Place, median_of

JOBS = {Worker: 60, SimpleWorker: 150}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPerStep:
    """Steps per second of a worker that runs a job for each."""

    place: Place
    provider: str

    def measure(self) -> tuple[float, float]:
        """With the default worker, which forks for each job, and with `SimpleWorker`."""
        return median_of(self._with(Worker)), median_of(self._with(SimpleWorker))

    def _with(self, kind: type[Worker]) -> Callable[[], float]:
        return lambda: self._round(kind)

    def _round(self, kind: type[Worker]) -> float:
        connection = Redis.from_url(self.place.redis_url)
        queue = Queue("bench", connection=connection)
        jobs = [
            queue.enqueue(
                one_step, self.place.database_url, self.provider, result_ttl=60
            )
            for _ in range(JOBS[kind])
        ]
        kind([queue], connection=connection).work(burst=True, logging_level="ERROR")
        for job in jobs:
            job.refresh()
        # From job to job: how long a worker takes to come and go is not the steps' fault.
        ended = sorted(job.ended_at.timestamp() for job in jobs if job.ended_at)
        assert len(ended) == len(jobs)
        return (len(jobs) - 1) / (ended[-1] - ended[0])


def one_step(database_url: str, provider: str) -> None:
    """Claim, send and save."""
    store, session = _opened(database_url, os.getpid())
    _commit(store)
    answer = session.post(f"{provider}/v25.0/100/messages", json={"to": "+46701740605"})
    answer.json()
    _commit(store)


@cache
def _opened(database_url: str, _process: int) -> tuple[Store, requests.Session]:
    session = requests.Session()
    session.trust_env = False
    return Store(database_url), session


def _commit(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text("UPDATE accounts SET name = 'Riverside Shop'"))
