"""RQ, the doorbell. The database knows what there is to do; RQ only wakes a worker.

A lost wake-up costs a moment: the ticker finds the row and rings again.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

from core.ports import Clock

log = structlog.get_logger()

JOB = "core.jobs.work"
RUNG_MS = 2_000  # after this long a ring that nobody answered may be repeated
SAME_RING_SECONDS = 0.02  # under load one ring stands for many; the ticker is never far
AWAY_SECONDS = 1.0  # how long Redis is left alone when it did not answer
JOB_SECONDS = 60
HEARTBEAT_SECONDS = 10


class Bell:
    """Wakes workers, lane by lane."""

    def __init__(self, url: str, clock: Clock) -> None:
        """`url` is a redis:// or unix:// URL. Connects at first use."""
        self.redis: Redis = Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=2, health_check_interval=30
        )
        self._url = url
        self._clock = clock
        self._last: dict[str, float] = {}
        self._queues: dict[str, Queue] = {}
        self._starting = Lock()
        self._ringer: Thread | None = None
        self._to_ring: SimpleQueue[str | None] = SimpleQueue()

    def worker_connection(self) -> Redis:
        """A connection that may block for as long as RQ waits for a job."""
        return Redis.from_url(self._url)

    def queue(self, lane: str) -> Queue:
        """The RQ queue of a lane."""
        if lane not in self._queues:
            self._queues[lane] = Queue(f"everreach-{lane}", connection=self.redis)
        return self._queues[lane]

    def ring_soon(self, lanes: Iterable[str]) -> None:
        """Ring from another thread: whoever answers a request need not wait for Redis."""
        with self._starting:
            if self._ringer is None:
                self._ringer = Thread(target=self._ring_on, name="bell", daemon=True)
                self._ringer.start()
        for lane in lanes:
            if not self._just_rung(lane):
                self._to_ring.put(lane)

    def _ring_on(self) -> None:
        while lane := self._to_ring.get():
            self.ring([lane])

    def ring(self, lanes: Iterable[str]) -> None:
        """Have a worker look at these lanes. Rings that nobody has answered yet are one."""
        for lane in lanes:
            if self._just_rung(lane):
                continue
            self._last[lane] = monotonic()
            try:
                self._ring(lane)
            except RedisError as error:
                log.warning("bell_failed", lane=lane, error=type(error).__name__)
                self._last[lane] = monotonic() + AWAY_SECONDS

    def _just_rung(self, lane: str) -> bool:
        return monotonic() - self._last.get(lane, -1) < SAME_RING_SECONDS

    def _ring(self, lane: str) -> None:
        if self.redis.set(_rung(lane), "1", nx=True, px=RUNG_MS):
            self.queue(lane).enqueue(
                JOB, lane, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=60
            )

    def answered(self, lane: str) -> None:
        """From now on a ring of this lane wakes another look."""
        self._last.pop(lane, None)
        self.redis.delete(_rung(lane))

    def hush(self, lane: str, seconds: float) -> None:
        """Let nobody ring this lane for a while: it has just failed."""
        self.redis.set(_rung(lane), "1", px=int(seconds * 1000))

    def ping(self) -> None:
        """Raises redis.exceptions.RedisError if Redis does not answer."""
        self.redis.ping()

    def beat(self, worker: str, lanes: Iterable[str]) -> None:
        """Say that a worker is alive and which lanes it serves."""
        told = json.dumps({"at": self._clock.wall().isoformat(), "lanes": list(lanes)})
        self.redis.set(f"everreach:worker:{worker}", told, ex=HEARTBEAT_SECONDS)

    def close(self) -> None:
        """Give the connections back."""
        if self._ringer:
            self._to_ring.put(None)
            self._ringer.join()
        self.redis.close()

    def heartbeats(self) -> dict[str, datetime]:
        """When each lane was last served by a living worker."""
        latest: dict[str, datetime] = {}
        for key in self.redis.scan_iter("everreach:worker:*"):
            told = json.loads(self.redis.get(key) or "{}")
            for lane in told.get("lanes", ()):
                at = datetime.fromisoformat(told["at"])
                latest[lane] = max(at, latest.get(lane, at))
        return latest


def _rung(lane: str) -> str:
    return f"everreach:rung:{lane}"
