"""A provider that accepts everything at once: the other end of every measurement."""

import json
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

_numbers = count()


def accept(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """A bare WSGI app in Meta's shape."""
    environ["wsgi.input"].read()
    body = json.dumps({"messages": [{"id": f"wamid.{next(_numbers)}"}]}).encode()
    start(
        "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]
