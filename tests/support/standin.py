"""Meta and Twilio on loopback: they take messages, say what they are told to and remember.

One `StandIn` plays both. It answers as their documentation says, and posts signed receipts
from itself, again and again until somebody takes them, as the real ones do.
"""

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests

from tests.support import riverside

AGAIN_SECONDS = 0.1  # between two tries to hand over a receipt
PATIENCE_SECONDS = 60


class Answers(StrEnum):
    """What the one who sent a message hears."""

    YES = auto()
    NOTHING = auto()  # the message is taken, and the connection stays silent
    HANG_UP = auto()  # the message is taken, and the connection is closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a provider does with a message."""

    reports: tuple[str, ...] = ()  # what it tells of the message, in this order
    code: int | None = None  # why, where it tells of a failure
    refuses: int | None = None  # does not take it, with this code
    busy: int = 0  # so many times it first says that it is too busy
    answers: Answers = Answers.YES
    tells_first: bool = False  # reports before it answers
    tells_reference: bool = True  # reports carry our reference, not only their id


DELIVERS = Behaviour(reports=("sent", "delivered"))
IS_READ = Behaviour(reports=("sent", "delivered", "read"))
IS_SILENT = Behaviour()
FAILS = Behaviour(reports=("failed",), code=131026)
TAKES_AND_HANGS = Behaviour(answers=Answers.NOTHING)
TAKES_AND_HANGS_UP = Behaviour(answers=Answers.HANG_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as it came in."""

    channel: str
    reference: str
    to: str
    order: str
    at: datetime
    id: str
    callback: str
    taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A receipt, signed."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is in a request to send."""

    reference: str
    to: str
    text: str
    callback: str


_CHARGED = {
    "pricing": {"pricing_model": "PMP", "type": "regular", "category": "utility"}
}


class Meta:
    """The Cloud API. `webhooks` says where each phone number's app posts."""

    channel = "whatsapp"
    path: ClassVar = re.compile(r"/v\d+\.\d/(?P<number>\d+)/messages")

    def __init__(self, webhooks: Mapping[str, str]) -> None:
        self._webhooks = webhooks

    def knows(self, authorization: str) -> bool:
        return authorization == f"Bearer {riverside.ACCESS_TOKEN}"

    def read(self, path: str, body: bytes) -> Message:
        told = json.loads(body)
        found = self.path.fullmatch(path)
        assert found
        return Message(
            reference=told["biz_opaque_callback_data"],
            to=told["to"],
            text=json.dumps(told["template"]),
            callback=self._webhooks[found["number"]],
        )

    def yes(self, sent: Sent) -> tuple[int, Any]:
        contact = {"input": sent.to, "wa_id": sent.to.removeprefix("+")}
        message = {"id": sent.id, "message_status": "accepted"}
        told = {"contacts": [contact], "messages": [message]}
        return 200, {"messaging_product": "whatsapp", **told}

    def no(self, code: int) -> tuple[int, Any]:
        data = {"messaging_product": "whatsapp", "details": "As the test wishes."}
        error = {"message": f"(#{code})", "type": "OAuthException", "code": code}
        return 400, {"error": {**error, "error_data": data}}

    def too_busy(self) -> tuple[int, Any]:
        return 429, self.no(130429)[1]

    def receipts(
        self, told: Sequence[tuple[Sent, str]], like: Behaviour
    ) -> Iterator[Post]:
        """All in one batch."""
        now = int(time.time())
        statuses = [
            _CHARGED
            | riverside.meta_status(
                status,
                sent.reference if like.tells_reference else None,
                wamid=sent.id,
                at=now,
                code=like.code if status == "failed" else None,
            )
            for sent, status in told
        ]
        body = riverside.meta_body(*statuses)
        headers = riverside.meta_headers(body)
        yield Post(url=told[0][0].callback, body=body, headers=headers)


class Twilio:
    """Programmable Messaging."""

    channel = "sms"
    path: ClassVar = re.compile(r"/2010-04-01/Accounts/AC\d+/Messages\.json")

    def knows(self, authorization: str) -> bool:
        login = f"{riverside.ACCOUNT_SID}:{riverside.AUTH_TOKEN}".encode()
        return authorization == f"Basic {base64.b64encode(login).decode()}"

    def read(self, path: str, body: bytes) -> Message:
        form = dict(parse_qsl(body.decode()))
        callback = form["StatusCallback"].partition("#")[0]
        reference = parse_qs(urlsplit(callback).query)["ref"][0]
        return Message(
            reference=reference, to=form["To"], text=form["Body"], callback=callback
        )

    def yes(self, sent: Sent) -> tuple[int, Any]:
        message = {"sid": sent.id, "account_sid": riverside.ACCOUNT_SID, "to": sent.to}
        return 201, {**message, "status": "queued", "error_code": None}

    def no(self, code: int) -> tuple[int, Any]:
        return 400, {"code": code, "message": "As the test wishes.", "status": 400}

    def too_busy(self) -> tuple[int, Any]:
        return 429, {"code": 20429, "message": "Too Many Requests", "status": 429}

    def receipts(
        self, told: Sequence[tuple[Sent, str]], like: Behaviour
    ) -> Iterator[Post]:
        """One by one: Twilio has no batches."""
        for sent, status in told:
            form = {"MessageSid": sent.id, "MessageStatus": status, "To": sent.to}
            if status in ("failed", "undelivered"):
                form["ErrorCode"] = str(like.code)
            signature = riverside.twilio_signature(sent.callback, form)
            body = urlencode(form).encode()
            kind = "application/x-www-form-urlencoded"
            headers = {"X-Twilio-Signature": signature, "Content-Type": kind}
            yield Post(url=sent.callback, body=body, headers=headers)


Provider = Meta | Twilio


class StandIn:
    """Both providers at one address. They deliver, unless `expect` says otherwise."""

    def __init__(self) -> None:
        self.webhooks: dict[str, str] = {}
        self.wrong: list[Exception] = []
        self._meta, self._twilio = Meta(self.webhooks), Twilio()
        self._turn = threading.Lock()
        self._sent: list[Sent] = []
        self._expected: dict[tuple[str, str], Behaviour] = {}
        self._closing = threading.Event()
        self._telling: list[threading.Thread] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def expect(self, order: str, **behaviours: Behaviour) -> None:
        """What each channel does with the messages about an order."""
        with self._turn:
            self._expected |= {
                (order, channel): how for channel, how in behaviours.items()
            }

    def sent(self, order: str | None = None, channel: str | None = None) -> list[Sent]:
        """The messages that came in, in order."""
        with self._turn:
            return [
                one
                for one in self._sent
                if order in (None, one.order) and channel in (None, one.channel)
            ]

    def channels(self, order: str) -> list[str]:
        """Where the messages about an order came in, in order."""
        return [one.channel for one in self.sent(order)]

    def report(
        self, *told: tuple[Sent, str], like: Behaviour = DELIVERS, times: int = 1
    ) -> None:
        """Tell of messages, in one batch where there is such a thing, and be heard."""
        provider = self._meta if told[0][0].channel == "whatsapp" else self._twilio
        for post in provider.receipts(told, like):
            for _ in range(times):
                self._post(post)

    def assert_nobody_was_written_to_twice(self) -> None:
        """Counted by our reference, and by what the person sees."""
        messages = self.sent()
        references = [one.reference for one in messages]
        seen = [(one.to, one.channel, one.order) for one in messages if one.taken]
        assert _repeated(references) == []
        assert _repeated(seen) == []

    def go_away(self) -> None:
        """Stop listening; connections that are open are closed."""
        self._server.end()

    def come_back(self) -> None:
        """Listen again at the same address."""
        self._server = _Server(("127.0.0.1", self.port), self)
        self._server.start()

    def close(self) -> None:
        """For good. Raises what went wrong in here."""
        self._closing.set()
        self._server.end()
        for thread in self._telling:
            thread.join()
        if self.wrong:
            raise ExceptionGroup("the stand-in stumbled", self.wrong)

    def serve(self, handler: "_Handler") -> None:
        """Answer one request."""
        provider = self._provider(handler.path)
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if provider is None or not provider.knows(handler.headers["Authorization"]):
            return handler.answer(
                401, {"error": f"{handler.path} or its login is wrong"}
            )
        message = provider.read(handler.path, body)
        how, sent = self._remember(provider, message)
        if not sent.taken:
            refusal = provider.no(how.refuses) if how.refuses else provider.too_busy()
            return handler.answer(*refusal)
        if how.tells_first:
            self._tell(provider, sent, how)
        self._answer(handler, how, provider.yes(sent))
        if not how.tells_first:
            self._tell_beside(provider, sent, how)
        return None

    def _provider(self, path: str) -> Provider | None:
        both = (self._meta, self._twilio)
        return next((one for one in both if one.path.fullmatch(path)), None)

    def _remember(self, provider: Provider, message: Message) -> tuple[Behaviour, Sent]:
        found = re.search(r"#\d+", message.text)
        assert found, message.text
        key = (found[0], provider.channel)
        with self._turn:
            how = self._expected.get(key, DELIVERS)
            before = [one for one in self._sent if (one.order, one.channel) == key]
            sent = Sent(
                channel=provider.channel,
                reference=message.reference,
                to=message.to,
                order=found[0],
                at=datetime.now(UTC),
                id=f"{provider.channel}.{self.port}.{len(self._sent)}",
                callback=message.callback,
                taken=how.refuses is None and len(before) >= how.busy,
            )
            self._sent.append(sent)
        return how, sent

    def _answer(
        self, handler: "_Handler", how: Behaviour, yes: tuple[int, Any]
    ) -> None:
        if how.answers is Answers.NOTHING:
            handler.server.ending.wait()
        if how.answers is Answers.YES:
            handler.answer(*yes)
        else:
            handler.close_connection = True

    def _tell_beside(self, provider: Provider, sent: Sent, how: Behaviour) -> None:
        def tell() -> None:
            try:
                self._tell(provider, sent, how)
            except Exception as error:
                self.wrong.append(error)

        thread = threading.Thread(target=tell)
        self._telling.append(thread)
        thread.start()

    def _tell(self, provider: Provider, sent: Sent, how: Behaviour) -> None:
        for status in how.reports:
            for post in provider.receipts([(sent, status)], how):
                self._post(post)

    def _post(self, post: Post) -> None:
        """Until it is taken."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._closing.is_set():
            with suppress(requests.RequestException):
                answer = requests.post(
                    post.url, post.body, headers=dict(post.headers), timeout=5
                )
                if answer.ok:
                    return
            assert time.monotonic() < end, f"nobody took {post.body!r}"
            self._closing.wait(AGAIN_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True
    request_queue_size = (
        128  # the library's 5 would reset some of a batch's connections
    )

    def __init__(self, address: tuple[str, int], standin: StandIn) -> None:
        super().__init__(address, _Handler)
        self.standin = standin
        self.ending = threading.Event()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        if not self._thread.is_alive():
            return
        self.ending.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        try:
            self.server.standin.serve(self)
        except OSError:
            self.close_connection = True  # a worker that was killed in the middle
        except Exception as error:
            self.server.standin.wrong.append(error)
            self.close_connection = True

    def answer(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


def _repeated(things: Sequence[Any]) -> list[Any]:
    return sorted({one for one in things if things.count(one) > 1})
