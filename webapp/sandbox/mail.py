"""A mail server, as the sandbox plays it: takes mail on loopback, and bounces some of it.

https://www.rfc-editor.org/rfc/rfc5321 (SMTP), 4954 (AUTH), 3464 (bounces)
"""

import asyncio
import base64
import binascii
import re
import secrets
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Thread
from typing import Any, Final

from core.cascade.model import Channel
from core.ports import Clock
from webapp.sandbox import journey, outbox, phones, quirks, signing
from webapp.sandbox.cast import BY_ADDRESS, MAIL_DOMAIN, MAIL_USER
from webapp.sandbox.keys import keep
from webapp.sandbox.letters import SERVER, answer, bounce, shown
from webapp.sandbox.outbox import Webhook
from webapp.sandbox.store import WorldFile

_REPORTS = "/receipts/smtp/sandbox.mail"
_MAX_LINE = 1 << 16
_MAX_MAIL = 10 << 20
_RETRIES: Final = (5.0, 60.0, 600.0)  # a mail server is patient
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>(?:\s+(.*))?", re.IGNORECASE)


@dataclass
class _Talk:
    """What was said so far on a connection."""

    known: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew with the next mail."""
        self.sender, self.recipients = None, []


class _Listening:
    """A thread that talks to whoever connects."""

    def __init__(
        self, listener: socket.socket, talk: Callable[..., Coroutine[Any, Any, None]]
    ) -> None:
        self._loop = asyncio.new_event_loop()
        serving = asyncio.start_server(talk, sock=listener, limit=_MAX_LINE)
        self._server = self._loop.run_until_complete(serving)
        self._thread = Thread(target=self._run, name="sandbox-mail", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        self._server.close()
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    def end(self) -> None:
        """Hang up on everybody."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class MailServer:
    """One mail server with one login, and the mailboxes of the world."""

    def __init__(self, file: WorldFile, clock: Clock, keys: Mapping[str, str]) -> None:
        """`keys` are the world's secrets."""
        self._file = file
        self._clock = clock
        self._password = keys["SANDBOX_MAIL_PASSWORD"]
        self._inbound_secret = keys["SANDBOX_MAIL_INBOUND_SECRET"]
        self._port = int(keys["SANDBOX_MAIL_PORT"])
        self._listening: _Listening | None = None

    def start(self) -> None:
        """Listen, at another port if somebody else has taken ours."""
        try:
            listener = socket.create_server(("127.0.0.1", self._port))
        except OSError:
            listener = socket.create_server(("127.0.0.1", 0))
            keep(self._file, "SANDBOX_MAIL_PORT", str(listener.getsockname()[1]))
        self._listening = _Listening(listener, self._talk)

    def stop(self) -> None:
        """Hang up."""
        if self._listening:
            self._listening.end()

    def hear(self, address: str, text: str, answers: str) -> None:
        """Somebody answers a mail, whose Message-ID is `answers`."""
        now = self._clock.now()
        with self._file.transaction() as tx:
            outbox.put(tx, self._webhook(answer(address, text, answers, now)), now)

    # --- The conversation

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        talk = _Talk()
        writer.write(f"220 {SERVER} ESMTP sandbox\r\n".encode())
        try:
            while line := await reader.readline():
                answer = await self._answer(talk, line, reader, writer)
                writer.write(answer.encode() + b"\r\n")
                await writer.drain()
                if answer.startswith("221"):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass  # they are gone, or say more than a line can hold
        finally:
            writer.close()

    async def _answer(
        self, talk: _Talk, line: bytes, reader: StreamReader, writer: StreamWriter
    ) -> str:
        verb, _, rest = line.decode(errors="replace").strip().partition(" ")
        match verb.upper():
            case "EHLO":
                return _CAN
            case "HELO":
                return f"250 {SERVER}"
            case "AUTH":
                return await self._log_in(talk, rest, reader, writer)
            case "DATA":
                return await self._take(talk, reader, writer)
            case _:
                say = _VERBS.get(verb.upper())
                return say(talk, rest) if say else "500 5.5.2 Unknown command"

    async def _log_in(
        self, talk: _Talk, rest: str, reader: StreamReader, writer: StreamWriter
    ) -> str:
        async def ask(question: str) -> str:
            writer.write(f"334 {_coded(question)}\r\n".encode())
            return (await reader.readline()).decode(errors="replace").strip()

        how, _, first = rest.partition(" ")
        try:
            if how.upper() == "PLAIN":
                _, user, password = _plain(first or await ask("")).split("\0")
            elif how.upper() == "LOGIN":
                user = _plain(first or await ask("Username:"))
                password = _plain(await ask("Password:"))
            else:
                return "504 5.5.4 Unknown way to log in"
        except ValueError:
            return "501 5.5.2 That is not base64"
        right = signing.same(user, MAIL_USER) & signing.same(password, self._password)
        talk.known = right
        if not right:
            return "535 5.7.8 Error: authentication failed"
        return "235 2.7.0 Authentication successful"

    async def _take(
        self, talk: _Talk, reader: StreamReader, writer: StreamWriter
    ) -> str:
        if not talk.recipients or talk.sender is None:
            return "503 5.5.1 Who to?"
        writer.write(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        lines: list[bytes] = []
        size = 0
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            size += len(line)
            lines.append(line[1:] if line.startswith(b".") else line)
        sender, recipients = talk.sender, talk.recipients
        talk.forget()
        if size > _MAX_MAIL:
            return "552 5.3.4 Message too big"
        if code := self._refusal(recipients):
            return f"{code} {code // 100}.3.0 Refused"
        return f"250 2.0.0 Ok: queued as {self._deliver(sender, recipients, lines)}"

    # --- What becomes of a mail

    def _refusal(self, to: list[str]) -> int:
        """The reply code by which a recipient's quirk refuses the mail, 0 if none does."""
        with self._file.transaction() as tx:
            known = (quirks.of(tx, address).of("smtp").refuses for address in to)
            return next(filter(None, known), 0)

    def _deliver(self, sender: str, to: list[str], lines: list[bytes]) -> str:
        body, now = b"".join(lines), self._clock.now()
        queued = secrets.token_hex(6).upper()
        mail = message_from_bytes(body, policy=default)
        assert isinstance(mail, EmailMessage)
        with self._file.transaction() as tx:
            for address in to:
                path = journey.by(Channel.EMAIL, phones.kind_of(address), now, now)
                quirk = quirks.of(tx, address).of("smtp")
                if quirk.fails and sender:
                    status = ".".join(str(quirk.fails))  # 522 is 5.2.2: a full mailbox
                    returned = bounce(sender, address, queued, mail, now, status)
                    quirks.post(tx, address, [(now, self._webhook(returned))])
                elif address in BY_ADDRESS:
                    phones.receive(tx, address, shown(mail, queued), path)
                elif sender and path.delivered_at:
                    returned = bounce(sender, address, queued, mail, now)
                    outbox.put(tx, self._webhook(returned), path.delivered_at)
        return queued

    def _webhook(self, mail: bytes) -> Webhook:
        """As a mail server's pipe hands it over."""
        headers = {
            "Authorization": f"Bearer {self._inbound_secret}",
            "Content-Type": "message/rfc822",
            "User-Agent": "curl/8.14.1",
        }
        return Webhook(path=_REPORTS, headers=headers, body=mail, retries=_RETRIES)


_CAN = "\r\n".join(
    (
        f"250-{SERVER}",
        f"250-SIZE {_MAX_MAIL}",
        "250-AUTH PLAIN LOGIN",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250 ENHANCEDSTATUSCODES",
    )
)


def _from(talk: _Talk, rest: str) -> str:
    found = _PATH.fullmatch(rest)
    if not talk.known:
        return "530 5.7.0 Authentication required"
    if talk.sender is not None:
        return "503 5.5.1 One mail at a time"
    if found is None or not rest.upper().startswith("FROM"):
        return "501 5.5.4 Syntax: MAIL FROM:<address>"
    if not found[1].endswith(f"@{MAIL_DOMAIN}"):
        return f"553 5.7.1 <{found[1]}>: Sender address rejected: not owned by user"
    talk.sender = found[1]
    return "250 2.1.0 Ok"


def _to(talk: _Talk, rest: str) -> str:
    found = _PATH.fullmatch(rest)
    if talk.sender is None:
        return "503 5.5.1 Who from?"
    if found is None or not rest.upper().startswith("TO") or "@" not in found[1]:
        return "501 5.1.3 Bad recipient address syntax"
    talk.recipients.append(found[1])
    return "250 2.1.5 Ok"


def _reset(talk: _Talk, rest: str) -> str:
    talk.forget()
    return "250 2.0.0 Ok"


_VERBS: Mapping[str, Callable[[_Talk, str], str]] = {
    "MAIL": _from,
    "RCPT": _to,
    "RSET": _reset,
    "NOOP": lambda talk, rest: "250 2.0.0 Ok",
    "QUIT": lambda talk, rest: "221 2.0.0 Bye",
}


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _plain(text: str) -> str:
    """Raises ValueError."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except binascii.Error as error:
        raise ValueError(text) from error
