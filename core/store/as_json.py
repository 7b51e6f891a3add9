"""What is kept as JSON."""

import re
from typing import Any

import orjson

UNSTORABLE = re.compile(
    "[\0\ud800-\udfff]"
)  # no database takes NUL, nor half a character


def as_json(value: Any) -> str:
    """A value as JSON; times in ISO 8601. Raises TypeError for what JSON does not know."""
    return orjson.dumps(value).decode()
