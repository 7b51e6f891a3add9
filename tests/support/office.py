"""A mail server that others wrote (aiosmtpd), which answers as it is told."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN = ("orders", "correct-horse")


@dataclass
class Office:
    """A mail server that answers as it is told."""

    received: list[Envelope] = field(default_factory=list)
    logins: int = 0
    peers: set[Any] = field(default_factory=set)
    recipient: Callable[[str], str] = lambda _: "250 2.1.5 Ok"
    end: str | None = "250 2.0.0 Ok: queued as 1"
    patience: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, to: str, _: Any
    ) -> str:
        answer = self.recipient(to)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(to)
        if answer.startswith("421"):
            server.transport.write(f"{answer}\r\n".encode())
            server.transport.close()
        return answer

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.received.append(envelope)
        self.peers.add(session.peer)
        if self.end is None:
            server.transport.abort()
        while self.end == "hang" and not self.patience.is_set():
            await asyncio.sleep(0.01)
        return self.end or "250 too late"

    def let_in(
        self, server: SMTP, session: Session, envelope: Envelope, how: str, who: Any
    ) -> AuthResult:
        self.logins += 1
        right = LoginPassword(*(word.encode() for word in LOGIN))
        return AuthResult(success=who == right, handled=False)


class Server(Controller):
    """On a port that is free, which aiosmtpd itself does not provide for."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
