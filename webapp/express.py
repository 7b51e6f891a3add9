"""An express lane in front of Flask, for what comes most: a webhook from somebody we know.

It takes a request that is signed by the connection or sender at its address, and that has not
come in before: verify, commit, 200. Flask's own work would take longer than all of that. It
turns nobody away: everything else goes on to Flask, whose routes say what is wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

from core.bootstrap import Everreach
from core.ports import InboundRequest
from core.services.door import event_came, receipt_came, take_from_known

MAX_BODY = 4 << 20  # Meta's batches reach 3 MB

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]

_NO_BODY = [("Content-Length", "0")]
_LANES = {"hooks": ("events", event_came), "receipts": ("receipts", receipt_came)}


class Express:
    """A WSGI app around another."""

    def __init__(self, app: Everreach, flask: Wsgi) -> None:
        """`flask` has the last word."""
        self._app, self._flask = app, flask

    def answer(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """A WSGI app."""
        taken = environ["REQUEST_METHOD"] == "POST" and self._take(environ)
        if not taken:
            return self._flask(environ, start)
        start(f"{taken} {HTTPStatus(taken).phrase}", _NO_BODY if taken != 204 else [])
        return ()

    def _take(self, environ: Environ) -> int | None:
        """Commit a request: the status that says so. None if Flask must look at it."""
        parts = environ["PATH_INFO"].split("/")
        length = environ.get("CONTENT_LENGTH") or ""
        if len(parts) != 4 or parts[1] not in _LANES or not _fits(length):
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)  # for Flask, as if nobody had read it
        lane, arrived = _LANES[parts[1]]
        request = inbound_request(self._app, environ, body)
        came = arrived(self._app, parts[2], parts[3], request)
        if came is None or take_from_known(self._app, came) is None:
            return None
        self._app.bell.ring_soon([lane])
        return came.taken


def _fits(length: str) -> bool:
    return length.isascii() and length.isdigit() and int(length) <= MAX_BODY


def inbound_request(
    app: Everreach, environ: Mapping[str, Any], body: bytes
) -> InboundRequest:
    """A request as connectors read it."""
    # Signatures cover the public address, which a proxy in front of us may hide.
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    query = environ.get("QUERY_STRING")
    url = app.settings.public_url + path
    return InboundRequest(
        method=environ["REQUEST_METHOD"],
        url=f"{url}?{query}" if query else url,
        headers=_headers(environ),
        body=body,
        received_at=app.clock.now(),
    )


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        name: value for key, value in environ.items() if (name := _header_name(key))
    }
    for name in ("content-type", "content-length"):
        if headers.get(name) == "":  # as WSGI may say that there is none
            del headers[name]
    return headers


@lru_cache(maxsize=256)
def _header_name(key: str) -> str | None:
    """The header that is under this key of an environ. None if it is something else."""
    if key.startswith("HTTP_"):
        return key[5:].replace("_", "-").lower()
    return {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}.get(key)
