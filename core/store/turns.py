"""Whose turn it is, where more of them wait than fit into one batch."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Numbered(Protocol):
    """Somebody who waits."""

    @property
    def id(self) -> int:
        """Turns go in this order."""
        ...


T = TypeVar("T", bound=Numbered)


class Turns:
    """Goes round and round in each lane, in this process; where it begins does not matter."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def take(
        self, lane: str, look: Callable[[int, int], Sequence[T]], most: int
    ) -> Sequence[T]:
        """The next ones. `look` finds those with an id above one, so many of them at most."""
        last = self._last.get(lane, 0)
        found = look(last, most) or (look(0, most) if last else [])
        self._last[lane] = found[-1].id if len(found) == most else 0
        return found
