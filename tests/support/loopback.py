"""Providers on loopback that answer as they are told: the other end of the HTTP client."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Told = dict[str, Any] | Callable[[int], dict[str, Any]] | None


def accepted(number: int) -> dict[str, Any]:
    """Meta takes the message."""
    return {
        "messaging_product": "whatsapp",
        "messages": [{"id": f"wamid.{number}"}],
    }


def queued(number: int) -> dict[str, Any]:
    """Twilio takes the message."""
    return {"sid": f"SM{number}", "status": "queued"}


ACCEPTED = accepted(1)


def meta_error(code: int) -> dict[str, Any]:
    """Meta does not."""
    return {"error": {"code": code, "message": "Not this time"}}


class Providers(ThreadingHTTPServer):
    """Meta and Twilio at one address.

    `calls` holds the bodies that were posted, `posted` their paths, `asked` the paths of
    questions. An answer that is a function is given the number of the call.
    """

    daemon_threads = False
    request_queue_size = 128  # the library's 5 would make a batch wait

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.calls: list[bytes] = []
        self.posted: list[str] = []
        self.asked: list[str] = []
        self._answers: dict[tuple[str, str], tuple[int, Told]] = {}
        self._lock = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Accept everything, know nothing, and forget what came in."""
        for seen in (self.calls, self.posted, self.asked, self._answers):
            seen.clear()
        self.whatsapp(accepted)
        self.sms(queued)
        self.knows({}, status=404)

    def whatsapp(self, told: Told, status: int = 200, *, number: str = "") -> None:
        """What Meta answers from now on, to all or to one of our numbers.

        None: it takes the request and hangs up.
        """
        self._answers["POST", f"/v25.0/{number}"] = (status, told)

    def keeps(self, told: Told, status: int = 200, *, number: str) -> None:
        """What Meta answers from now on when it is asked for something of ours."""
        self._answers["GET", f"/v25.0/{number}"] = (status, told)

    def sms(self, told: Told, status: int = 201) -> None:
        """What Twilio answers from now on."""
        self._answers["POST", "/2010-04-01/"] = (status, told)

    def knows(self, told: Told, status: int = 200) -> None:
        """What Twilio answers from now on when it is asked about a message."""
        self._answers["GET", "/2010-04-01/"] = (status, told)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """What is answered to this request, which is remembered."""
        with self._lock:
            seen = self.posted if method == "POST" else self.asked
            seen.append(path)
            if method == "POST":
                self.calls.append(body)
            number = len(seen)
        known = [key for key in self._answers if _is_for(key, method, path)]
        status, told = self._answers[max(known, key=lambda key: len(key[1]))]
        return status, told(number) if callable(told) else told


def _is_for(key: tuple[str, str], method: str, path: str) -> bool:
    return key[0] == method and path.startswith(key[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Providers

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        status, told = self.server.answer(self.command, self.path, body)
        if told is None:
            self.close_connection = True
            return
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def providers() -> Iterator[Providers]:
    """Providers that accept everything, until they are told otherwise."""
    with Providers() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
