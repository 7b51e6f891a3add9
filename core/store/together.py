"""One commit for everybody who has something to write at the same moment.

Making a commit durable takes longer than all the work in it. So whoever comes while one is
being made waits, and everything that has come by then goes into the next, together.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Lets threads share what one can do for many."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        """`work` does something to items, all or none: one result each, in order."""
        self._work = work
        self._lock = Lock()
        self._waiting: list[_Ticket[Item, Result]] = []
        self._led = False

    def __call__(self, item: Item) -> Result:
        """The result of an item. Raises what `work` raises for it alone.

        If an item fails in company it is tried once more alone, so that nobody fails for
        another: `work` must bear to be repeated.
        """
        ticket: _Ticket[Item, Result] = _Ticket(item)
        with self._lock:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.asleep.acquire()
        if not ticket.results and not ticket.error:  # woken to lead
            self._lead()
        if ticket.error:
            raise ticket.error
        return ticket.results[0]

    def _lead(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        self._settle(batch)
        with self._lock:
            following = self._waiting[:1]
            self._led = bool(following)
        for ticket in batch + following:
            ticket.asleep.release()

    def _settle(self, batch: "list[_Ticket[Item, Result]]") -> None:
        try:
            results = self._work([ticket.item for ticket in batch])
            for ticket, result in zip(batch, results, strict=True):
                ticket.results = [result]
        except Exception:
            for ticket in batch:
                self._settle_alone(ticket)

    def _settle_alone(self, ticket: "_Ticket[Item, Result]") -> None:
        try:
            ticket.results = list(self._work([ticket.item]))
        except Exception as error:
            ticket.error = error


class _Ticket(Generic[Item, Result]):
    """Somebody's item, and what came of it."""

    __slots__ = ("asleep", "error", "item", "results")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.asleep = Lock()  # much lighter than an Event
        self.asleep.acquire()
        self.results: list[Result] = []
        self.error: Exception | None = None
