"""What is wrong with a set-up file, all of it, each with its place."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from core.errors import SetupError, SetupErrors

Place = tuple[str | int, ...]

SECTIONS = ("account", "connections", "senders", "messages", "reminders", "rates")
_LONGEST_SHOWN = 60
_SHORT = 3


class Findings:
    """Problems and warnings, in the order of the file."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._problems: list[tuple[Place, SetupError]] = []

    @property
    def places(self) -> list[Place]:
        """Where the problems are."""
        return [place for place, _ in self._problems]

    def problem(self, place: Place, problem: str, fix: str = "") -> None:
        """Note something that is wrong, unless it is noted already."""
        self.add(place, SetupError(spell(place), problem, fix))

    def add(self, place: Place, error: SetupError) -> None:
        """Note an error about something at or below a place, unless it is noted already."""
        if str(error) not in (str(noted) for _, noted in self._problems):
            self._problems.append((place, error))

    def unknown(
        self, place: Place, value: Any, kind: str, known: Iterable[str]
    ) -> None:
        """Note a name that does not exist, with the ones that do."""
        self.problem(
            place, f"{show(value)} is not a known {kind}", choices(value, known)
        )

    def warn(self, place: Place, warning: str) -> None:
        """Note something that is allowed and may be a mistake."""
        line = f"{spell(place)}: {warning}"
        if line not in self.warnings:
            self.warnings.append(line)

    def is_clean(self, place: Place) -> bool:
        """Whether nothing at or below a place is wrong."""
        return not any(other[: len(place)] == place for other in self.places)

    def check(self) -> None:
        """Raises SetupErrors if there are problems."""
        if self._problems:
            ordered = sorted(self._problems, key=lambda found: _file_order(found[0]))
            raise SetupErrors([problem for _, problem in ordered])


def spell(place: Place) -> str:
    """A place as people write it: `reminders[0].steps[1].until`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".") or "the file"


def show(value: Any) -> str:
    """A value as it may stand in a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str() if len(value) > _LONGEST_SHOWN:
            return repr(value[:_LONGEST_SHOWN] + "…")
        case list():
            return "a list"
        case dict():
            return "a group of settings"
        case _:
            return repr(value)


def choices(value: Any, known: Iterable[str]) -> str:
    """What may have been meant, and what there is."""
    names = list(known)
    listed = f"Known: {', '.join(names)}" if names else "There is none yet"
    return " ".join(filter(None, (did_you_mean(value, names), listed)))


def did_you_mean(value: Any, known: Sequence[str]) -> str:
    """The closest known name as a question, `""` if none is close."""
    by_lower = {name.lower(): name for name in known}
    word = str(value).lower()
    # Every code of three letters is close to many others.
    likeness = 0.6 if len(word) > _SHORT else 1.0
    close = difflib.get_close_matches(word, by_lower, n=1, cutoff=likeness)
    return f"Did you mean {by_lower[close[0]]}?" if close else ""


def _file_order(place: Place) -> tuple[int, int]:
    if not place or place[0] not in SECTIONS:
        return (-1, 0)
    index = place[1] if len(place) > 1 else -1
    return (SECTIONS.index(str(place[0])), index if isinstance(index, int) else -1)
