"""Load for a web server: one process, many connections, each posting one request at a time."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from urllib.parse import urlsplit

CLIENTS = 16

Request = tuple[bytes, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Load:
    """What a server managed: requests per second, and the slowest in a hundred (seconds)."""

    rate: float
    p99: float


def load(url: str, requests: Sequence[Request]) -> Load:
    """Post all requests, in a process of their own. Raises unless each is answered 200."""
    raw = [_raw(url, body, headers) for body, headers in requests]
    with get_context("spawn").Pool(1) as pool:
        seconds, taken = pool.apply(_post_all, (url, raw))
    return Load(len(raw) / seconds, sorted(taken)[int(len(taken) * 0.99) - 1])


def _raw(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def _post_all(url: str, raw: Sequence[bytes]) -> tuple[float, list[float]]:
    return asyncio.run(_share(url, iter(raw)))


async def _share(url: str, raw: Iterator[bytes]) -> tuple[float, list[float]]:
    began = time.perf_counter()
    parts = await asyncio.gather(*(_client(url, raw) for _ in range(CLIENTS)))
    return time.perf_counter() - began, [one for part in parts for one in part]


async def _client(url: str, raw: Iterator[bytes]) -> list[float]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    taken = []
    for request in raw:
        began = time.perf_counter()
        writer.write(request)
        await _read_answer(reader)
        taken.append(time.perf_counter() - began)
    writer.close()
    return taken


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    _, _, length = head.partition(b"content-length: ")
    await reader.readexactly(int(length.partition(b"\r\n")[0]))
