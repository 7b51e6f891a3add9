"""Durations as people write them: `45s`, `30m`, `12h`, `2d`, `1h30m`."""

import re

# The end is spelled like this because `$` would let a line break through.
PATTERN = r"^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$(?!\n)"
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def to_seconds(text: str) -> int:
    """The length of a duration that matches PATTERN."""
    parts = re.findall(r"([0-9]+)([dhms])", text)
    return sum(int(count) * _SECONDS[unit] for count, unit in parts)


def to_text(seconds: int) -> str:
    """A length in the fewest words: 5400 is `1h30m`."""
    words = []
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size)
        words += [f"{count}{unit}"] if count else []
    return "".join(words) or "0s"
