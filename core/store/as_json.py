"""What is kept as JSON."""

import re
from typing import Any

import orjson

# NUL, which no database takes, and half of a surrogate pair, which has no UTF-8.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def as_json(value: Any) -> str:
    """A value as JSON; times in ISO 8601. Raises TypeError for what JSON does not know."""
    return orjson.dumps(value).decode()
