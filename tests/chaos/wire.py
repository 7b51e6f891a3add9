"""Just enough HTTP/1.1 for thousands of small requests on one thread."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 5.0  # as long as Shopify waits for an answer
AGAIN_SECONDS = 0.3  # until the next try

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One that came in."""

    method: str
    path: str
    authorization: str
    body: bytes


Answer = tuple[int, Any]  # status, and what is said in JSON
Answerer = Callable[[Request], Awaitable[Answer | None]]  # None hangs up


class Server:
    """Answers requests on a socket."""

    def __init__(self, listening: socket, answer: Answerer) -> None:
        self._listening, self._answer = listening, answer
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listening)

    async def close(self) -> None:
        self._server.close()
        for writer in list(self._open):
            await _close(writer)
        await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            while (answer := await self._answer(await _request(reader))) is not None:
                writer.write(_written(*answer))
                await writer.drain()
        self._open.discard(writer)
        await _close(writer)


class Client:
    """Posts to one address over a few connections that are kept alive."""

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._turn = asyncio.Semaphore(connections)
        self._idle: list[Stream] = []

    async def tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post until it is answered with a 200, or a 204 where that is how one says so."""
        while await self.post(url, body, headers) not in (200, 204):
            await asyncio.sleep(AGAIN_SECONDS)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status, or 0 where no answer came."""
        async with self._turn:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await self._post(url, body, headers)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                return 0

    async def close(self) -> None:
        while self._idle:
            await _close(self._idle.pop()[1])

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        stream = await self._stream()
        done = False
        try:
            stream[1].write(self._head(url, body, headers) + body)
            status, done = await _status(stream[0])
        finally:
            if done:
                self._idle.append(stream)
            else:
                await _close(stream[1])
        return status

    async def _stream(self) -> Stream:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            await _close(writer)
        return await asyncio.open_connection(self._host, self._port)

    def _head(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        told = {"Host": f"{self._host}:{self._port}", "Content-Length": len(body)}
        lines = [f"{name}: {value}" for name, value in (told | dict(headers)).items()]
        return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    body = await reader.readexactly(int(_header(head, "content-length") or 0))
    method, path, _ = head.split(" ", 2)
    known = _header(head, "authorization")
    return Request(method=method, path=path, authorization=known, body=body)


async def _status(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, length = int(head.split(" ", 2)[1]), _header(head, "content-length")
    await reader.readexactly(int(length or 0))
    return status, bool(length) or status == HTTPStatus.NO_CONTENT


def _header(head: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", head, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


def _written(status: int, told: Any) -> bytes:
    body = json.dumps(told)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, asyncio.CancelledError):
        await writer.wait_closed()
