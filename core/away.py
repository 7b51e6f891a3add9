"""Requests that are under way, and what is done with their answers.

A provider may take half a minute to answer, or to be given up. Only its own channel waits for
that: what outlasts its turn is left to a thread, and the worker goes on with the others.
"""

from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, Generic, TypeVar

import structlog

from core.ports import Answer, Request
from core.wire import Numbered, Wire, together

log = structlog.get_logger()

T = TypeVar("T")


class Away(Generic[T]):
    """Requests on their way, each for something; `save` is given that and the answers to it."""

    def __init__(
        self, wire: Wire, save: Callable[[Sequence[tuple[T, Answer]]], None]
    ) -> None:
        """For one thread at a time."""
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

    def save_answers(self, but: int = 0, until: float | None = None) -> None:
        """Save answers as they come in, until no more than `but` are missing.

        No longer than `until`, a time of `time.monotonic`.
        """
        while self.missing > but:
            answers = together(self._answers, self.missing - but, until)
            if not answers:
                return
            self._save([(self._missing.pop(at), answer) for at, answer in answers])


class Late:
    """What a worker has left under way, lane by lane."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: dict[Thread, tuple[str, Away[Any]]] = {}

    def missing(self, lane: str) -> int:
        """How many answers to what was left in a lane have not been saved yet."""
        with self._lock:
            return sum(away.missing for at, away in self._left.values() if at == lane)

    def leave(self, lane: str, away: Away[Any]) -> None:
        """Save what is still missing as it comes in, if anything is, and do not wait for it."""
        if away.missing:
            thread = Thread(target=self._finish, args=(lane, away), name=f"late-{lane}")
            with self._lock:
                self._left[thread] = (lane, away)
            thread.start()

    def close(self) -> None:
        """Wait for all that was left."""
        with self._lock:
            threads = list(self._left)
        for thread in threads:
            thread.join()

    def _finish(self, lane: str, away: Away[Any]) -> None:
        while away.missing:
            try:
                away.save_answers()
            except Exception:  # those that come after shall be saved all the same
                log.exception("lane_failed", lane=lane)
        with self._lock:
            del self._left[current_thread()]
