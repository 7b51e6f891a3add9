"""The HTTP client, over real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core import http
from core.http import HttpClient, is_loopback
from core.ports import HttpRequest, HttpResponse, NoResponse


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            self.server.patience.wait(5)  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as echo:
        echo.patience = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=echo.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{echo.server_port}"
        echo.patience.set()  # type: ignore[attr-defined]
        echo.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    opened = HttpClient(threads=4)
    yield opened
    opened.close()


def post(url: str, body: bytes = b"hello") -> HttpRequest:
    return HttpRequest(method="POST", url=url, body=body)


def test_an_answer_is_a_value(client: HttpClient, server: str) -> None:
    answer = client.perform(post(f"{server}/echo"))

    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["content-length"] == "5"


def test_answers_come_with_the_index_of_their_request(
    client: HttpClient, server: str
) -> None:
    requests = [post(f"{server}/echo", str(n).encode()) for n in range(20)]
    answers = dict(one for group in client.exchange(requests) for one in group)

    bodies = {n: answer.body for n, answer in answers.items()}  # type: ignore[union-attr]
    assert bodies == {n: str(n).encode() for n in range(20)}


def test_a_slow_one_does_not_hold_up_the_others(
    client: HttpClient, server: str
) -> None:
    requests = [post(f"{server}/slow"), post(f"{server}/echo")]
    first = next(client.exchange(requests))

    assert [index for index, _ in first] == [1]


def test_a_redirect_is_an_answer(client: HttpClient, server: str) -> None:
    answer = client.perform(post(f"{server}/moved"))

    assert isinstance(answer, HttpResponse)
    assert answer.status == 302


def test_a_refused_connection_certainly_reached_nobody(client: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = client.perform(post(f"http://127.0.0.1:{unused.getsockname()[1]}/"))

    assert isinstance(answer, NoResponse)
    assert not answer.reached


@contextmanager
def hangs_up() -> Iterator[str]:
    """A server that takes the request and closes without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_a_connection_that_breaks_may_have_reached_them(client: HttpClient) -> None:
    with hangs_up() as url:
        answer = client.perform(post(url))

    assert isinstance(answer, NoResponse)
    assert answer.reached


def test_an_answer_that_does_not_come_in_time_may_have_reached_them(
    client: HttpClient, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    answer = client.perform(post(f"{server}/slow"))

    assert isinstance(answer, NoResponse)
    assert answer.reached


def test_what_went_wrong_is_told_without_the_address(client: HttpClient) -> None:
    with hangs_up() as url:
        answer = client.perform(post(f"{url}?token=secret"))

    assert isinstance(answer, NoResponse)
    assert "secret" not in answer.detail


def test_the_sandbox_sends_nothing_outside_this_machine() -> None:
    client = HttpClient(loopback_only=True)
    answer = client.perform(post("https://graph.facebook.com/v25.0/100/messages"))

    assert isinstance(answer, NoResponse)
    assert not answer.reached
    assert "sandbox" in answer.detail


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/", True),
        ("http://[::1]/", True),
        ("http://127.0.0.1.example/", False),
        ("http://localhost@graph.facebook.com/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(url: str, local: bool) -> None:
    assert is_loopback(url) is local
