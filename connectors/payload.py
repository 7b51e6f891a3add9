"""Reading JSON that others wrote, naming the place where it is not what they documented.

`parse(body)["entry"]` is the value at `body.entry`; what is absent or null has no fields, no
items and no text, so optional parts need no test on the way down.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from core.errors import Malformed
from core.values import dataclass

_FIRST_YEAR, _LAST_YEAR = 1970, 2999  # far from where dates come to their end


@dataclass(frozen=True, slots=True)
class Json:
    """A value in a document, and its path there."""

    value: Any
    path: str

    @property
    def present(self) -> bool:
        """Whether it is there and not null."""
        return self.value is not None

    def __getitem__(self, name: str) -> "Json":
        """A field of an object. Raises Malformed if this is something else."""
        path = f"{self.path}.{name}"
        match self.value:
            case None:
                return Json(None, path)
            case dict():
                return Json(self.value.get(name), path)
            case _:
                raise self.wrong("an object")

    def each(self) -> Iterator["Json"]:
        """The items of a list. Raises Malformed if this is something else."""
        if not self.present:
            return
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        for index, item in enumerate(self.value):
            yield Json(item, f"{self.path}[{index}]")

    def entries(self) -> Iterator[tuple[str, "Json"]]:
        """The fields of an object. Raises Malformed if this is something else."""
        if not self.present:
            return
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        for name in self.value:
            yield name, self[name]

    def text(self) -> str:
        """A string with something in it. Raises Malformed."""
        if found := self.text_or_empty():
            return found
        raise Malformed(f"{self.path} is {'empty' if self.present else 'missing'}")

    def text_or_empty(self) -> str:
        """A string, `""` if absent. Raises Malformed if it is something else."""
        if not self.present:
            return ""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return storable(self.value)

    def integer(self) -> int:
        """A whole number, exact however long. Raises Malformed."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong("a whole number")
        return self.value

    def unix_time(self) -> datetime:
        """A time given in unix seconds, as a number or as text; aware, UTC. Raises Malformed."""
        text = str(self.value) if isinstance(self.value, int) else self.text()
        if not (text.isascii() and text.isdigit() and len(text) <= 11):
            raise self.wrong("unix seconds")
        return datetime.fromtimestamp(int(text), UTC)

    def time(self) -> datetime:
        """A time given as ISO 8601 with its offset; aware, UTC. Raises Malformed."""
        try:
            at = datetime.fromisoformat(self.text())
        except ValueError:
            raise self.wrong("a time such as 2026-11-24T10:00:00+01:00") from None
        if at.tzinfo is None:
            raise self.wrong("a time with its offset, such as +01:00 or Z")
        if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
            raise self.wrong(f"a time between {_FIRST_YEAR} and {_LAST_YEAR}")
        return at.astimezone(UTC)

    def wrong(self, wanted: str) -> Malformed:
        """The error that this value is not what it should be."""
        problem = f"is not {wanted}" if self.present else "is missing"
        return Malformed(f"{self.path} {problem}")


def parse(body: bytes) -> Json:
    """The document in a body. Raises Malformed."""
    try:
        return Json(json.loads(body), "body")
    except (ValueError, RecursionError):
        raise Malformed("body is not JSON") from None


def storable(text: str) -> str:
    """What a database takes of a text: no NUL, and no half of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()
