"""Servers to measure, load to measure them with, and the figures."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from urllib.parse import urlsplit

ROUNDS = 5
THREADS = 1


def median_of(measure: Callable[[], float]) -> float:
    """The median of several rounds, after one that does not count."""
    measure()
    return statistics.median(measure() for _ in range(ROUNDS))


@contextmanager
def granian(
    target: str, *, factory: bool = False, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A WSGI app on the server that we use, one process, one thread; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "1"]
    options += ["--blocking-threads", str(THREADS), "--log-level", "warning"]
    command = [sys.executable, "-m", "granian", *options, target]
    server = subprocess.Popen(
        command + (["--factory"] if factory else []), env={**os.environ, **(env or {})}
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


Request = tuple[bytes, Mapping[str, str]]


def load(
    url: str, requests: Sequence[Request], clients: int = 2
) -> tuple[float, float]:
    """Post all requests from several processes: requests per second, p99 in seconds."""
    parts = [requests[n::clients] for n in range(clients)]
    began = time.perf_counter()
    with get_context("spawn").Pool(clients) as pool:
        pool.map(_nothing, range(clients))  # start-up does not count
        began = time.perf_counter()
        taken = [
            t for part in pool.starmap(_post, [(url, p) for p in parts]) for t in part
        ]
    rate = len(requests) / (time.perf_counter() - began)
    return rate, sorted(taken)[int(len(taken) * 0.99) - 1]


def _nothing(_: int) -> None:
    """Have the process started."""


def _post(url: str, requests: Sequence[Request]) -> list[float]:
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    taken = []
    for body, headers in requests:
        began = time.perf_counter()
        connection.request("POST", parts.path or "/", body, dict(headers))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        taken.append(time.perf_counter() - began)
    connection.close()
    return taken
