"""Frozen dataclasses that are as quick to make as others.

Python makes a frozen one three times as slowly, and sending a message takes dozens of them. So
these are frozen to mypy, which reads all of this code, and not once more while it runs.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: Any = None, /, *, frozen: bool = False, **options: Any) -> Any:
        """As Python's own; what is frozen has a hash, and its values could be set."""
        return dataclasses.dataclass(cls, **options, unsafe_hash=frozen)


__all__ = ["dataclass"]
