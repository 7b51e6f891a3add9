"""The one HTTP client: perform requests that connectors have built.

A POST is made once. It is not repeated on a kept connection that turns out to be dead (some
clients do that in silence, and it would be a second message), redirects are not followed, and
the environment's proxies are not used, so that a request goes where its connector says and
nowhere else.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, sleep
from urllib.parse import urlsplit

import aiohttp

from core.loopback import is_loopback_host
from core.ports import Answer, HttpRequest, HttpResponse, NoResponse

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 30.0
MAX_BODY = 1 << 20
CONNECTIONS = 128  # to one provider
PAUSE, LINGER = 0.001, 0.01  # seconds; less than it takes to save answers one by one

Numbered = tuple[int, Answer]
Answers = SimpleQueue[Numbered]


class HttpClient:
    """Exchanges requests for answers, many at a time over pooled connections."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        """With `loopback_only` nothing leaves this machine: the sandbox's safety catch."""
        self._loopback_only = loopback_only
        self._starting = Lock()
        self._line: _Line | None = None

    def exchange(self, requests: Sequence[HttpRequest]) -> Iterator[list[Numbered]]:
        """Perform all requests; yields each one's index and answer as they come in.

        What comes in together comes as one list, and so does what came in while the caller was
        busy with the last ones. Never raises for what the other side does.
        """
        answers: Answers = SimpleQueue()
        self.send(list(enumerate(requests)), answers)
        return gathered(len(requests), answers)

    def send(
        self, requests: Sequence[tuple[int, HttpRequest]], answers: Answers
    ) -> None:
        """Begin to perform requests. Each answer is put where told, with its number."""
        outgoing = []
        for index, request in requests:
            if self._loopback_only and not is_loopback(request.url):
                answers.put((index, KEPT_IN))
            else:
                outgoing.append((index, request))
        if outgoing:
            self._connected().send(outgoing, answers)

    def perform(self, request: HttpRequest) -> Answer:
        """Perform one request."""
        ((_, answer),) = next(self.exchange([request]))
        return answer

    def close(self) -> None:
        """Let the connections go."""
        if self._line and self._line.is_ours:
            self._line.close()
        self._line = None

    def _connected(self) -> "_Line":
        with self._starting:
            # Threads do not survive a fork: a child opens a line of its own.
            if self._line is None or not self._line.is_ours:
                self._line = _Line()
            return self._line


KEPT_IN = NoResponse(
    reached=False, detail="the sandbox sends nothing outside this machine"
)


class _Line:
    """An event loop on a thread of this process, and the connections that it keeps."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(_open_session(), self._loop)
        self._session = opening.result()

    @property
    def is_ours(self) -> bool:
        return self._process == os.getpid()

    def send(
        self, requests: Sequence[tuple[int, HttpRequest]], answers: Answers
    ) -> None:
        self._loop.call_soon_threadsafe(self._begin, requests, answers)

    def close(self) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        closing.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def _begin(
        self, requests: Sequence[tuple[int, HttpRequest]], answers: Answers
    ) -> None:
        for index, request in requests:
            task = self._loop.create_task(self._put(index, request, answers))
            self._tasks.add(task)  # the loop alone would let it be collected
            task.add_done_callback(self._tasks.discard)

    async def _put(self, index: int, request: HttpRequest, answers: Answers) -> None:
        answers.put((index, await self._answer(request)))

    async def _answer(self, request: HttpRequest) -> Answer:
        try:
            return await self._send(request)
        except Exception as error:
            # Whatever went wrong, somebody waits for an answer. The exception's own text
            # names the URL, which may hold a secret.
            return NoResponse(
                reached=not isinstance(error, _NEVER_CONNECTED),
                detail=type(error).__name__,
            )

    async def _send(self, request: HttpRequest) -> HttpResponse:
        async with self._session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            body = await _body(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(status=response.status, headers=headers, body=body)


# Raised before the first byte of a request leaves, so that nothing can have been processed.
_NEVER_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


async def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # No limit for all: a provider that hangs must not keep others from being reached.
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(
            total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
        ),
    )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MAX_BODY:
            break
    return bytes(body[:MAX_BODY])


def gathered(missing: int, answers: Answers) -> Iterator[list[Numbered]]:
    """So many answers, as they come in.

    What comes in together comes as one list, and so does what came in while the caller was
    busy with the last ones.
    """
    while missing:
        group = together(answers, missing)
        missing -= len(group)
        yield group


def together(answers: Answers, most: int, until: float | None = None) -> list[Numbered]:
    """The next answer, and those that follow it closely: saving many costs little more.

    Nothing if there is no answer until then, a time of `time.monotonic`.
    """
    patience = None if until is None else max(until - monotonic(), 0.0)
    try:
        group = [answers.get(timeout=patience)]
    except Empty:
        return []
    group += _at_hand(answers)
    linger_until = monotonic() + LINGER
    while len(group) < most and monotonic() < linger_until:
        sleep(PAUSE)  # waiting for each would wake this thread for each
        group += _at_hand(answers)
    return group


def _at_hand(answers: Answers) -> Iterator[Numbered]:
    while True:
        try:
            yield answers.get_nowait()
        except Empty:
            return


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by its loopback address."""
    return is_loopback_host(urlsplit(url).hostname or "")
