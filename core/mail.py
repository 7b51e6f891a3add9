"""The one mail client: hand mails that connectors have built to their servers.

A mail is handed over once. What breaks before the dot that ends it (RFC 5321, 4.1.1.4) has
certainly sent nothing; what breaks after it may have, and is never repeated.

It stands on smtplib, in a few threads. That is in the standard library, says where a mail broke
off, and has outlived every asynchronous client so far. A mail server takes a handful of
connections from one client anyway, so an event loop would have nothing to gain here.
Certificates are checked, against those that the system trusts or `SSL_CERT_FILE` names.
"""

import os
import re
import smtplib
import socket
import ssl
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from queue import Empty, SimpleQueue
from threading import Lock

from core.loopback import is_loopback_host
from core.ports import Answer, MailRequest, MailResponse, NoResponse, Security

READ_SECONDS = 10.0
# A server may look long at a mail that it has got: it is given all that is left of this.
TOTAL_SECONDS = 25.0
# What has not begun by then is given back. With the above, less than a sender's lease.
BEGIN_SECONDS = 25.0
CONNECTIONS = 8  # to one server
THREADS = 16
MAX_DETAIL = 300

Numbered = tuple[int, Answer]
Answers = SimpleQueue[Numbered]
Waiting = SimpleQueue[tuple[int, MailRequest]]

KEPT_IN = NoResponse(
    reached=False, detail="the sandbox sends nothing outside this machine"
)
IN_THE_CLEAR = NoResponse(
    reached=False, detail="a mail server elsewhere needs an encrypted connection"
)
NO_TIME = NoResponse(reached=False, detail="the mail server was too slow to get to it")

# RFC 6531, 3.5
NO_UNICODE = MailResponse(code=553, text="5.6.7 the server takes no such address")


class MailClient:
    """Hands mails over, many at a time; a connection is kept for all of a batch."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        """With `loopback_only` nothing leaves this machine: the sandbox's safety catch."""
        self._loopback_only = loopback_only
        self._starting = Lock()
        self._threads: tuple[int, ThreadPoolExecutor] | None = None

    def send(
        self, requests: Sequence[tuple[int, MailRequest]], answers: Answers
    ) -> None:
        """Begin to perform requests. Each answer is put where told, with its number."""
        by_server: dict[MailRequest, list[tuple[int, MailRequest]]] = defaultdict(list)
        for index, request in requests:
            if refused := self._refused(request):
                answers.put((index, refused))
            else:
                by_server[_server(request)].append((index, request))
        for waiting in by_server.values():
            batch = _Batch(waiting, answers)
            for _ in range(batch.lines):
                self._pool().submit(batch.work)

    def _refused(self, request: MailRequest) -> NoResponse | None:
        if is_loopback_host(request.host):
            return None
        if self._loopback_only:
            return KEPT_IN
        return IN_THE_CLEAR if request.security is Security.NONE else None

    def close(self) -> None:
        """Wait for what is under way."""
        if self._threads and self._threads[0] == os.getpid():
            self._threads[1].shutdown()
        self._threads = None

    def _pool(self) -> ThreadPoolExecutor:
        with self._starting:
            # Threads do not survive a fork: a child has its own.
            if self._threads is None or self._threads[0] != os.getpid():
                self._threads = os.getpid(), ThreadPoolExecutor(THREADS, "mail")
            return self._threads[1]


def _server(request: MailRequest) -> MailRequest:
    """What requests that may share a connection have in common."""
    return replace(request, sender="", recipient="", message=b"")


class _Batch:
    """What waits for one server, and the connections that work it off."""

    def __init__(
        self, requests: Sequence[tuple[int, MailRequest]], answers: Answers
    ) -> None:
        self._waiting: Waiting = SimpleQueue()
        for request in requests:
            self._waiting.put(request)
        self._answers = answers
        self._begin_until = time.monotonic() + BEGIN_SECONDS
        self._turn = Lock()
        self.lines = min(len(requests), CONNECTIONS)

    def work(self) -> None:
        """Open a connection and hand over mails until none is left."""
        line: _Line | None = None
        while one := self._next():
            index, request = one
            line = line or _Line()
            self._answers.put((index, line.answer(request, self._begin_until)))
            if line.refused:
                self._leave(line.refused)
                break
        if line:
            line.close()

    def _next(self) -> tuple[int, MailRequest] | None:
        try:
            return self._waiting.get_nowait()
        except Empty:
            return None

    def _leave(self, refused: Answer) -> None:
        """The server would not have us: if nobody else got in, all hear the same.

        Dozens of wrong logins or time-outs in a row would help nobody.
        """
        with self._turn:
            self.lines -= 1
            while not self.lines and (one := self._next()):
                self._answers.put((one[0], refused))


class _Line:
    """A connection to a server: opened when it is needed, and again if it was lost.

    `refused` is the reason why it could not be opened, once that happened.
    """

    def __init__(self) -> None:
        self._client: smtplib.SMTP | None = None
        self._until = 0.0
        self._ended = False  # the dot may have left
        self.refused: Answer | None = None

    def answer(self, request: MailRequest, begin_until: float) -> Answer:
        """Perform one request. Never raises for what the other side does."""
        now = time.monotonic()
        if now > begin_until:
            return NO_TIME
        self._until, self._ended = now + TOTAL_SECONDS, False
        try:
            client = self._ready(request)
            return self._hand_over(client, request)
        except Exception as error:
            # Whatever went wrong, somebody waits for an answer.
            answer = _told(error, reached=self._ended)
            self.refused = None if self._client else answer
            self._drop()
            return answer

    def _ready(self, request: MailRequest) -> smtplib.SMTP:
        """A connection on which nothing is left of an earlier mail."""
        if self._client is None or not self._still_there(self._client):
            self._drop()
            self._client = _connect(request)
        return self._client

    def _still_there(self, client: smtplib.SMTP) -> bool:
        with suppress(smtplib.SMTPException, OSError):
            return self._hurry(client).rset()[0] == 250
        return False

    def _hand_over(self, client: smtplib.SMTP, request: MailRequest) -> MailResponse:
        if not request.message:
            return _response(*self._hurry(client).noop())
        unicode = [] if request.recipient.isascii() else ["SMTPUTF8"]
        if unicode and not client.has_extn(unicode[0]):
            return NO_UNICODE
        steps = (
            (client.mail, (request.sender, unicode), 250),
            (client.rcpt, (request.recipient,), 250),
            (client.docmd, ("DATA",), 354),
        )
        for say, words, wanted in steps:
            self._hurry(client)
            code, text = say(*words)
            if code not in (wanted, wanted + 1):  # 251: it will be passed on
                return _response(code, text)
        return self._write(client, request.message)

    def _write(self, client: smtplib.SMTP, message: bytes) -> MailResponse:
        self._hurry(client, TOTAL_SECONDS).send(_dotted(message))
        self._ended = True
        self._hurry(client, TOTAL_SECONDS).send(b".\r\n")
        return _response(*client.getreply())

    def _hurry(
        self, client: smtplib.SMTP, seconds: float = READ_SECONDS
    ) -> smtplib.SMTP:
        """The client, with so long for what comes next. Raises TimeoutError."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        if client.sock:
            client.sock.settimeout(min(seconds, left))
        return client

    def _drop(self) -> None:
        if self._client:
            self._client.close()
        self._client = None

    def close(self) -> None:
        """Say goodbye, if anybody is there."""
        if self._client:
            with suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self._drop()


def _connect(request: MailRequest) -> smtplib.SMTP:
    """Raises SMTPException, OSError."""
    client = _dial(request)
    try:
        # The dot leaves by itself, and shall not wait for what came before it to arrive.
        assert client.sock
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if request.security is Security.STARTTLS:
            client.starttls(context=ssl.create_default_context())
        if request.user:
            _log_in(client, request)
        client.ehlo_or_helo_if_needed()
    except Exception:
        client.close()
        raise
    return client


def _log_in(client: smtplib.SMTP, request: MailRequest) -> None:
    """Raises SMTPException, without the password: some servers repeat what they refuse."""
    try:
        client.login(request.user, request.password)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        for secret in _as_said(request):
            words = words.replace(secret, "…")
        raise smtplib.SMTPResponseException(error.smtp_code, words) from None


def _as_said(request: MailRequest) -> Iterator[str]:
    """A password as PLAIN and LOGIN say it (RFC 4616), and as it is."""
    both = f"\0{request.user}\0{request.password}"
    yield from (b64encode(one.encode()).decode() for one in (both, request.password))
    yield request.password


def _dial(request: MailRequest) -> smtplib.SMTP:
    where = (request.host, request.port, _our_name(), READ_SECONDS)
    if request.security is Security.TLS:
        host, port, name, seconds = where
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, name, timeout=seconds, context=context)
    return smtplib.SMTP(*where)


@cache  # a name server may take its time
def _our_name() -> str:
    """What a client calls itself: its full name, else an address (RFC 5321, 4.1.4)."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


def _dotted(message: bytes) -> bytes:
    """As it travels: whole lines, none of them a dot alone (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message.rstrip(b"\r\n")) + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


def _told(error: Exception, *, reached: bool) -> Answer:
    """What an error says. After the dot only a proper reply is one."""
    match error:
        case smtplib.SMTPResponseException(smtp_code=code) if not reached and code > 0:
            return _response(code, error.smtp_error)
        case smtplib.SMTPException() | OSError():
            detail = str(error)
        case _:
            detail = type(error).__name__
    return NoResponse(reached=reached, detail=detail[:MAX_DETAIL])


def _response(code: int, text: bytes | str) -> MailResponse:
    """A server's reply. Raises SMTPServerDisconnected if it is none."""
    if code < 0:  # as smtplib has it
        raise smtplib.SMTPServerDisconnected("the answer is not one of a mail server")
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return MailResponse(code=code, text=words)
