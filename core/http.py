"""The one HTTP client: perform requests that connectors have built.

Redirects are not followed and the environment's proxies are not used, so that a request goes
where its connector says and nowhere else.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from ipaddress import ip_address
from threading import local
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from core.ports import HttpRequest, HttpResponse, NoResponse

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
MAX_BODY = 1 << 20

Answer = HttpResponse | NoResponse


class HttpClient:
    """Exchanges requests for answers, several at a time over pooled connections."""

    def __init__(self, *, threads: int = 16, loopback_only: bool = False) -> None:
        """With `loopback_only` nothing leaves this machine: the sandbox's safety catch."""
        self._threads = threads
        self._loopback_only = loopback_only
        self._pool: ThreadPoolExecutor | None = None
        self._local = local()

    def exchange(
        self, requests: Sequence[HttpRequest]
    ) -> Iterator[list[tuple[int, Answer]]]:
        """Perform all requests; yields each one's index and answer as they come in.

        What came in while the caller was busy with the last ones comes as one list.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "http")
        pending = {
            self._pool.submit(self.perform, request): index
            for index, request in enumerate(requests)
        }
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            yield [(pending.pop(future), future.result()) for future in done]

    def close(self) -> None:
        """Let the threads go."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def perform(self, request: HttpRequest) -> Answer:
        """Perform one request. Never raises for what the other side does."""
        if self._loopback_only and not is_loopback(request.url):
            detail = "the sandbox sends nothing outside this machine"
            return NoResponse(reached=False, detail=detail)
        try:
            return self._send(request)
        except (requests.RequestException, HTTPError) as error:
            return NoResponse(reached=_may_have_arrived(error), detail=_words(error))

    def _send(self, request: HttpRequest) -> HttpResponse:
        with self._session().request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = response.raw.read(MAX_BODY, decode_content=True)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(status=response.status_code, headers=headers, body=body)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.trust_env = False
            session.mount("https://", HTTPAdapter(pool_maxsize=1, pool_connections=32))
            session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_connections=32))
            self._local.session = session
        session = self._local.session
        assert isinstance(session, requests.Session)
        return session


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by its loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may_have_arrived(error: Exception) -> bool:
    """False only when no connection was made, so that nothing can have been processed."""
    if isinstance(error, (requests.ConnectTimeout, InvalidURL, InvalidSchema)):
        return False
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return not isinstance(cause, _NEVER_CONNECTED)


_NEVER_CONNECTED = (
    NewConnectionError,
    ConnectTimeoutError,
    NameResolutionError,
    SSLError,
)


def _words(error: Exception) -> str:
    # The exception's own text names the URL, which may hold a secret.
    return type(error).__name__
