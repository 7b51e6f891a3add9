"""Requests that are under way, and what is done with their answers.

A provider may take half a minute to answer, or to be given up. Only its own channel waits for
that: what outlasts its turn is left to a thread, and the worker goes on with the others.
"""

from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Any, Generic, TypeVar

import structlog

from core.ports import Answer, Request
from core.wire import Numbered, Wire, together

log = structlog.get_logger()

PATIENCE_SECONDS = 0.5  # with providers that have not answered, then the others go on

T = TypeVar("T")


class Away(Generic[T]):
    """Requests on their way, each for something; `save` is given that and the answers to it."""

    def __init__(
        self, wire: Wire, save: Callable[[Sequence[tuple[T, Answer]]], None]
    ) -> None:
        """For one thread at a time, whose patience begins now."""
        self._patience = monotonic() + PATIENCE_SECONDS
        self._wire = wire
        self._save = save
        self._answers: SimpleQueue[Numbered] = SimpleQueue()
        self._missing: dict[int, T] = {}
        self._numbers = count()

    @property
    def missing(self) -> int:
        """How many answers have not been saved yet."""
        return len(self._missing)

    def send(self, leaving: Sequence[tuple[T, Request]]) -> None:
        """Begin to perform requests."""
        numbers = [next(self._numbers) for _ in leaving]
        requests = [request for _, request in leaving]
        self._wire.send(list(zip(numbers, requests, strict=True)), self._answers)
        things = [one for one, _ in leaving]
        self._missing.update(zip(numbers, things, strict=True))

    def save_answers(self, but: int = 0) -> None:
        """Save answers as they come in, until no more than `but` are missing.

        No longer than patience lasts.
        """
        while self.missing > but and self._save_next(but, self._patience):
            pass

    def save_late_ones(self) -> None:
        """Save all that are missing as they come in, however long that takes."""
        while self.missing:
            self._save_next(0, None)

    def _save_next(self, but: int, until: float | None) -> bool:
        answers = together(self._answers, self.missing - but, until)
        self._save([(self._missing.pop(at), answer) for at, answer in answers])
        return bool(answers)


class Late:
    """What a worker has left under way, lane by lane."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: dict[Thread, tuple[str, Away[Any]]] = {}

    def missing(self, lane: str) -> int:
        """How many answers to what was left in a lane have not been saved yet."""
        with self._lock:
            return sum(away.missing for at, away in self._left.values() if at == lane)

    def finish(self, lane: str, away: Away[Any]) -> None:
        """Save what is answered while patience lasts. The rest is saved by a thread."""
        try:
            away.save_answers()
        finally:
            if away.missing:
                self._leave(lane, away)

    def close(self) -> None:
        """Wait for all that was left."""
        with self._lock:
            threads = list(self._left)
        for thread in threads:
            thread.join()

    def _leave(self, lane: str, away: Away[Any]) -> None:
        thread = Thread(target=self._wait, args=(lane, away), name=f"late-{lane}")
        with self._lock:
            self._left[thread] = (lane, away)
        thread.start()

    def _wait(self, lane: str, away: Away[Any]) -> None:
        while away.missing:
            try:
                away.save_late_ones()
            except Exception:  # those that come after shall be saved all the same
                log.exception("lane_failed", lane=lane)
        with self._lock:
            del self._left[current_thread()]
