"""Providers on loopback that answer as they are told: the other end of the HTTP client."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCEPTED = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]}
QUEUED = {"sid": "SM1", "status": "queued"}


class Providers(ThreadingHTTPServer):
    """Meta and Twilio at one address. `calls` holds the bodies that came in."""

    daemon_threads = False
    request_queue_size = 128  # the library's 5 would make a batch wait

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.calls: list[bytes] = []
        self._answers: dict[str, tuple[int, Any]] = {}
        self.begin_anew()

    def begin_anew(self) -> None:
        """Accept everything, and forget what came in."""
        self.calls.clear()
        self.whatsapp(ACCEPTED)
        self.sms(QUEUED, status=201)

    def whatsapp(self, told: Any, status: int = 200) -> None:
        """What Meta answers from now on; None: it takes the request and hangs up."""
        self._answers["/v25.0/"] = (status, told)

    def sms(self, told: Any, status: int = 201) -> None:
        """What Twilio answers from now on."""
        self._answers["/2010-04-01/"] = (status, told)

    def answer(self, path: str) -> tuple[int, Any]:
        return next(
            answer for start, answer in self._answers.items() if path.startswith(start)
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Providers

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(body)
        status, told = self.server.answer(self.path)
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
