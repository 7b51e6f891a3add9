"""What can go wrong, and whose fault it is.

EverreachError
├── SetupError      ours to fix: a setting, a set-up file, a start-up condition
│   └── SetupErrors several of them at once
├── BadSignature    theirs: a request that does not prove who sent it       (HTTP 401)
├── UnknownAddress  theirs: a request to an address that we gave to nobody     (HTTP 404)
├── Malformed       theirs: a proven request that we cannot read            (kept, with the reason)
└── ContentError    a message that cannot be written from what we know      (the step is passed over)
"""

from collections.abc import Sequence
from dataclasses import dataclass


class EverreachError(Exception):
    """Root of every error that Everreach raises on purpose."""


@dataclass(eq=False)  # as an exception must be hashable
class SetupError(EverreachError):
    """Something a person configured is wrong. Names the place, the problem and the fix."""

    path: str
    problem: str
    fix: str = ""

    def __str__(self) -> str:
        """One line: `path: problem. fix`."""
        return f"{self.path}: {self.problem}" + (f". {self.fix}" if self.fix else "")


class SetupErrors(SetupError):
    """All that is wrong with something a person configured. One line each."""

    def __init__(self, problems: Sequence[SetupError]) -> None:
        """`problems` must not be empty."""
        first = problems[0]
        super().__init__(first.path, first.problem, first.fix)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """One line for each problem."""
        return "\n".join(map(str, self.problems))


class BadSignature(EverreachError):
    """An inbound request failed its signature check."""


class UnknownAddress(EverreachError):
    """Nobody may write to us there, or no longer."""


class Malformed(EverreachError):
    """A payload does not have the documented shape. Names the field."""


class ContentError(EverreachError):
    """A message cannot be rendered. Names the field that is missing or wrong."""
