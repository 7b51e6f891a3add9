"""Walks through every world within a bound, and holds each change to the promises.

Worlds are visited once, nearest first, so that a broken promise comes with the shortest way to
it. Interleavings, the ways from the start to an end, are counted over the graph of worlds.

What must change nothing is tried in every world: every receipt again, a start again, a timer
that rings early, a receipt about an attempt that does not exist. Since it changes nothing,
any number of repeats at any place is covered, and none is counted.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from core.cascade import machine
from core.cascade.events import Event, Reported, Started, TimedOut
from core.cascade.status import Marks
from tests.explore.promises import Promise, keep, must
from tests.explore.rules import Change
from tests.explore.world import NOON, Bound, Decide, Move, World

# A step is held, sent, given its window once more, and asked about; no timer rings for more.
RINGS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """How much was seen."""

    worlds: int
    changes: int
    interleavings: int


@dataclass(kw_only=True)
class Explorer:
    """One exploration. `decide` and `bound.parks` are where faults are planted."""

    bound: Bound
    decide: Decide = machine.decide
    watch: Callable[[Change], None] = lambda change: None
    _numbers: dict[World, int] = field(default_factory=dict)
    _worlds: list[World] = field(default_factory=list)
    _came: list[tuple[int, str]] = field(default_factory=list)  # from where, by what
    _steady: set[object] = field(default_factory=set)

    def run(self) -> Explored:
        """Visit everything. Raises Broken at the first broken promise."""
        self._number(self.bound.start, 0, "")
        following: list[Sequence[int]] = []
        while len(following) < len(self._worlds):
            following.append(self._visit(len(following)))
        return Explored(
            worlds=len(following),
            changes=sum(map(len, following)),
            interleavings=_count_ways(following),
        )

    def _number(self, world: World, before: int, what: str) -> int:
        """The number of a world, which may be new."""
        number = self._numbers.setdefault(world, len(self._worlds))
        if number == len(self._worlds):
            self._worlds.append(world)
            self._came.append((before, what))
        return number

    def _visit(self, number: int) -> Sequence[int]:
        """The numbers of the worlds that follow."""
        world, following = self._worlds[number], []
        with self._told_how(number, "(and then)"):
            self._stand(world)
        for move in self.bound.moves(world):
            with self._told_how(number, move.what):
                change = happen(world, move, self.decide)
                keep(change)
                self.watch(change)
            following.append(self._number(change.after, number, move.what))
        with self._told_how(number, "(nothing can happen)"):
            must(bool(following) or world.cascade.finished, Promise.MOVES, "it ends")
        return following

    def _stand(self, world: World) -> None:
        key = (world.cascade, world.now)
        if key not in self._steady:
            self._steady.add(key)
            stand(world, self.decide)

    @contextmanager
    def _told_how(self, number: int, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            error.add_note(" > ".join([*self._way(number), what]))
            raise

    def _way(self, number: int) -> list[str]:
        steps = []
        while number:
            number, what = self._came[number]
            steps.append(what)
        return steps[::-1]


def happen(world: World, move: Move, decide: Decide = machine.decide) -> Change:
    """What comes of a move."""
    if not move.event:
        return Change(before=world, after=move.world)
    cascade, commands = decide(move.world.looked_up(), move.event, world.now)
    after = move.world.obeying(cascade, commands).hearing(move.event)
    return Change(before=world, after=after, event=move.event, commands=commands)


def stand(world: World, decide: Decide = machine.decide) -> None:
    """What must change nothing changes nothing; timers alone come to an end."""
    cascade = world.cascade
    if not cascade.begun:
        return
    for promise, event in _repeats(world):
        same = decide(cascade, event, world.now) == (cascade, ())
        must(same, promise, f"nothing new in {event}")
    for _ in range(RINGS * len(cascade.steps) + 1):
        if cascade.deadline_at:
            cascade, _ = decide(cascade, TimedOut(), cascade.deadline_at)
    must(cascade.finished, Promise.MOVES, "timers alone end it")


def _repeats(world: World) -> Iterator[tuple[Promise, Event]]:
    yield Promise.FORWARD, Started()
    nobody = Reported(attempt=len(world.tries), marks=Marks(delivered_at=NOON))
    yield Promise.ANY_ORDER, nobody
    for index, one in enumerate(world.tries):
        for marks in one.heard:
            yield Promise.ANY_ORDER, Reported(attempt=index, marks=marks)
    deadline_at = world.cascade.deadline_at
    if not deadline_at or world.now < deadline_at:
        yield Promise.FORWARD, TimedOut()


def _count_ways(following: Sequence[Sequence[int]]) -> int:
    """The ways from the first to any that is followed by none. There are no circles."""

    @cache
    def ways(number: int) -> int:
        return sum(map(ways, following[number])) or 1

    return ways(0)
