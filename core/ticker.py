"""Looks for work that is due, and rings. Harmless in many processes at once."""

from collections.abc import Sequence
from threading import Event, Thread, main_thread

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.bootstrap import Everreach
from core.store.work import lanes_with_work

log = structlog.get_logger()

TICK_SECONDS = 0.05
BEAT_EVERY = 20  # ticks
PAUSE_SECONDS = 1.0  # after a failure


class Ticker:
    """A thread beside a worker: rings the lanes that have work and says it is alive."""

    def __init__(self, app: Everreach, worker: str, lanes: Sequence[str]) -> None:
        """`lanes` are those that the worker serves; all lanes are looked at."""
        self._app, self._worker, self._lanes = app, worker, lanes
        self._stop = Event()
        self._thread = Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        ticks = 0
        while not self._stop.wait(TICK_SECONDS):
            try:
                if ticks % BEAT_EVERY == 0 and main_thread().is_alive():
                    self._app.bell.beat(self._worker, self._lanes)
                self._look()
            except (SQLAlchemyError, RedisError) as error:
                # The database or Redis is away; they come back, and so does this thread.
                log.warning("tick_failed", error=type(error).__name__)
                self._stop.wait(PAUSE_SECONDS)
            except Exception:
                log.exception("tick_failed")
                self._stop.wait(PAUSE_SECONDS)
            ticks += 1

    def _look(self) -> None:
        clock = self._app.clock
        with self._app.store.read() as tx:
            lanes = lanes_with_work(tx, clock.now(), clock.wall())
        self._app.bell.ring(lanes)
