"""The HTTP client, over real sockets."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

import pytest

from core import http
from core.http import HttpClient, is_loopback
from core.ports import HttpRequest, HttpResponse, NoResponse


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/slow"):
            self.server.patience.wait(5)  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class EchoServer(ThreadingHTTPServer):
    request_queue_size = 128  # the library's 5 would make a batch wait

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that do not wait."""


@pytest.fixture
def server() -> Iterator[str]:
    with EchoServer(("127.0.0.1", 0), Echo) as echo:
        echo.patience = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=echo.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{echo.server_port}"
        echo.patience.set()  # type: ignore[attr-defined]
        echo.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    opened = HttpClient()
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


def test_what_is_there_already_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(http, "sleep", waits.append)
    answers: http.Answers = SimpleQueue()
    for number in range(3):
        answers.put((number, http.KEPT_IN))

    assert [number for number, _ in http.together(answers, 3)] == [0, 1, 2]
    assert not waits


def test_a_provider_that_hangs_does_not_keep_others_from_being_reached(
    client: HttpClient, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CONNECTIONS", 1)
    answers: http.Answers = SimpleQueue()
    elsewhere = server.replace(
        "127.0.0.1", "localhost"
    )  # another host, for all it knows
    client.send([(0, post(f"{server}/slow"))], answers)
    client.send([(1, post(elsewhere))], answers)

    assert answers.get(timeout=2)[0] == 1


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


@contextmanager
def answers_once_and_hangs_up() -> Iterator[tuple[str, list[bytes]]]:
    """A server whose kept connections are dead: it closes when the second request comes."""
    received: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def talk(connection: socket.socket) -> None:
            received.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            received.append(connection.recv(65536))

        def serve() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    with connection:
                        talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", received
        done.set()
        thread.join()


def test_a_kept_connection_that_dies_does_not_make_it_send_twice(
    client: HttpClient,
) -> None:
    with answers_once_and_hangs_up() as (url, received):
        first, second = (
            client.perform(post(url, b"first")),
            client.perform(post(url, b"second")),
        )
        client.close()

    assert isinstance(first, HttpResponse)
    assert isinstance(second, NoResponse)
    assert second.reached
    assert [b.rpartition(b"\r\n")[2] for b in received] == [b"first", b"second"]


def test_a_body_without_end_is_cut_off(
    client: HttpClient, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BODY", 100_000)
    answer = client.perform(post(f"{server}/echo", b"x" * 300_000))

    assert isinstance(answer, HttpResponse)
    assert len(answer.body) == 100_000


def test_a_long_body_comes_whole(client: HttpClient, server: str) -> None:
    answer = client.perform(post(f"{server}/echo", b"x" * 300_000))

    assert isinstance(answer, HttpResponse)
    assert len(answer.body) == 300_000


def test_a_request_without_a_body_has_none(client: HttpClient, server: str) -> None:
    answer = client.perform(post(f"{server}/echo", b""))

    assert isinstance(answer, HttpResponse)
    assert answer.body == b""


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_a_fork_sends_by_a_line_of_its_own(
    client: HttpClient, server: str
) -> None:
    client.perform(post(f"{server}/echo"))
    child = os.fork()
    if child == 0:
        answer = client.perform(post(f"{server}/echo"))
        client.close()
        os._exit(0 if isinstance(answer, HttpResponse) else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert isinstance(client.perform(post(f"{server}/echo")), HttpResponse)


def test_an_answer_that_does_not_come_in_time_may_have_reached_them(
    client: HttpClient, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    answer = client.perform(post(f"{server}/slow"))

    assert isinstance(answer, NoResponse)
    assert answer.reached


def test_what_went_wrong_is_told_without_a_secret(
    client: HttpClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    server: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    headers = {"Authorization": "Bearer hunter22"}
    with hangs_up() as broken:
        urls = [broken, f"{server}/slow", "http://127.0.0.1:1/", "http://[hunter22/"]
        answers = [client.perform(secretly(url, headers)) for url in urls]
    answers.append(client.perform(secretly(server, {"X-Key": "hunter22\n"})))
    told = repr(answers) + caplog.text + "".join(capfd.readouterr())

    assert all(isinstance(answer, NoResponse) for answer in answers)
    assert "hunter22" not in told


def secretly(url: str, headers: dict[str, str]) -> HttpRequest:
    """A request that has a secret everywhere."""
    return HttpRequest(
        method="POST", url=f"{url}?token=hunter22", headers=headers, body=b"hunter22"
    )


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
