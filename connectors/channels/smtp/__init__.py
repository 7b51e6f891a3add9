"""Email through any mail server that takes mail for others (SMTP, RFC 5321 and RFC 6409).

The server signs (DKIM) and keeps trying. Bounces and answers come back as mails: a mail server
passes them on to our address, and shows a secret with them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.channels.smtp import told
from connectors.channels.smtp.errors import answered
from connectors.channels.smtp.message import MAX_CHARACTERS, request, sender_address
from connectors.channels.smtp.settings import Settings
from connectors.signatures import matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import BadSignature
from core.ports import (
    Capabilities,
    Checked,
    InboundRequest,
    LiveCheck,
    MailRequest,
    MailResponse,
    Outgoing,
    Response,
    Security,
    SendAccepted,
    SendRejected,
    SendResult,
    SendUnclear,
    StatusQuery,
    TemplateDesk,
    Told,
)

# What most servers call a mail that they took: Postfix, Exim, and those who print it alone.
_QUEUED = re.compile(r"(?:queued as |\bid=)([0-9A-Za-z._-]+)", re.IGNORECASE)


class Check:
    """A login, and nothing else."""

    def ask(self, config: Settings, now: datetime) -> MailRequest:
        """A connection without a mail."""
        return MailRequest(
            host=config.host,
            port=config.port,
            security=Security(config.security),
            user=config.user or "",
            password=config.password or "",
        )

    def answer(self, response: Response, config: Settings) -> Checked:
        """Whether it let us in."""
        assert isinstance(response, MailResponse)
        if 200 <= response.code < 300:
            says = f"{config.host} takes mail from this login"
            return Checked(works=True, says=says, numbers=(sender_address(config),))
        words = answered(response.code, response.text).detail.rstrip(".")
        return Checked(works=False, says=f"{config.host} said {response.code} {words}")


class Smtp:
    """The connector."""

    name = "smtp"
    company = "the mail server"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # every server has others
    capabilities: Mapping[Channel, Capabilities] = {
        Channel.EMAIL: Capabilities(
            reports=frozenset({Until.ACCEPTED, Until.REPLIED}), text=MAX_CHARACTERS
        )
    }
    query: StatusQuery | None = None
    check: LiveCheck | None = Check()
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    taken = 204

    def build(self, message: Outgoing, config: Settings) -> MailRequest:
        """A mail. Raises ContentError."""
        return request(message, config)

    def read(self, response: Response) -> SendResult:
        """The server's word: whether the mail is now its own to deliver."""
        assert isinstance(response, MailResponse)
        code, text = response.code, response.text
        if 200 <= code < 300:
            queued = _QUEUED.search(text)
            return SendAccepted(provider_id=queued[1] if queued else "")
        if 400 <= code < 600:
            return SendRejected(failure=answered(code, text))
        return SendUnclear(detail=f"the mail server said {code}")

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless one of the secrets was shown."""
        given = request.headers.get("authorization", "")
        if not matches(given, (f"Bearer {one}" for one in config.inbound_secret)):
            raise BadSignature("Authorization does not show inbound_secret")

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """Always raises BadSignature: a mail server asks for no such proof."""
        raise BadSignature("mail servers do not send challenges")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """A bounce or a person's answer. Raises Malformed."""
        return told.told(request.body)

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Always: mail servers are patient."""
        return "a mail server tries for days, and a mail waits until it is read"


CHANNEL = Smtp()
