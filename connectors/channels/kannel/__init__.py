"""SMS through a Kannel of one's own, an open-source gateway between HTTP and SMSCs.

https://www.kannel.org/download/1.4.4/userguide-1.4.4/userguide.html

There is no idempotency key and no id. Our reference travels in the address of its reports.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.channels.kannel.callback import codes, report_url
from connectors.channels.kannel.check import Check
from connectors.channels.kannel.errors import FAILURES, SENTENCES
from connectors.channels.kannel.settings import Settings, headers, sendsms_url
from connectors.channels.kannel.told import MASK, receipt, reply
from connectors.failures import failure, unreadable
from connectors.signatures import matches
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import BadSignature, ContentError
from core.message.content import Text
from core.message.sms import parts_of, unusual
from core.ports import (
    Capabilities,
    Expiry,
    HttpRequest,
    HttpResponse,
    InboundRequest,
    LiveCheck,
    Outgoing,
    Response,
    SendAccepted,
    SendRejected,
    SendResult,
    SendUnclear,
    StatusQuery,
    TemplateDesk,
    Told,
)

MAX_CHARACTERS = 1530  # ten parts, more than anybody reads
MAX_VALIDITY = timedelta(days=7)
_GSM, _UCS2 = "0", "2"
_YES = ("0: ", "3: ", "Sent.")


class Kannel:
    """The connector."""

    name = "kannel"
    company = "Kannel"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}  # its own queue holds what is too fast
    capabilities: Mapping[Channel, Capabilities] = {
        Channel.SMS: Capabilities(
            reports=frozenset(
                {Until.ACCEPTED, Until.SENT, Until.DELIVERED, Until.REPLIED}
            ),
            text=MAX_CHARACTERS,
            expiry=Expiry(
                shortest=timedelta(minutes=1), longest=MAX_VALIDITY, sure=False
            ),
        )
    }
    query: StatusQuery | None = None
    check: LiveCheck | None = Check()
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    # Kannel repeats what was not answered by 200 or 202, if it was told to.
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> HttpRequest:
        """An SMS. Raises ContentError if it is empty or longer than Kannel sends."""
        text = _text(message, config)
        return HttpRequest(
            method="POST",
            url=sendsms_url(config),
            headers={**headers(config), **dict(_about(message, text, config))},
            body=text.encode(errors="replace"),
        )

    def read(self, response: Response) -> SendResult:
        """Kannel's sentence; any other answer is somebody else's, or leaves it in doubt."""
        assert isinstance(response, HttpResponse)
        said = response.body.decode(errors="replace").replace("\0", "")
        if response.status == 202 and said.startswith(_YES):
            return SendAccepted(provider_id=None, parts=_split(said))
        if response.status in (400, 403, 415, 503) and (code := _code(said)):
            return SendRejected(failure=failure(FAILURES, code, said))
        if response.status == 202:
            return SendUnclear(detail="HTTP 202, but not in Kannel's words")
        return unreadable(response)

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless we gave Kannel this address, or the owner did."""
        reference = request.query.get("ref")
        expected = codes(reference, config) if reference else config.reply_token
        if not matches(request.query.get("token", ""), expected):
            raise BadSignature("token is not one that we gave to Kannel")

    def challenge(self, request: InboundRequest, config: Settings) -> None:
        """Nothing: Kannel tells by GET what others post. Raises BadSignature."""
        self.verify(request, config)

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """A delivery report of a kind that we know, or an SMS that came in. Raises Malformed."""
        query = request.query
        fact = receipt(query) if query.get("ref") else reply(request)
        return [fact] if fact else []

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Always: a validity is a wish."""
        return "an SMSC may not heed how long Kannel asks it to try"


CHANNEL = Kannel()


def _about(message: Outgoing, text: str, config: Settings) -> Iterator[tuple[str, str]]:
    yield "X-Kannel-To", message.to
    if config.from_:
        yield "X-Kannel-From", config.from_
    if config.smsc:
        yield "X-Kannel-SMSC", config.smsc
    yield "X-Kannel-Coding", _UCS2 if unusual(text) else _GSM
    minutes = min(message.window, MAX_VALIDITY) // timedelta(minutes=1)
    yield "X-Kannel-Validity", str(max(minutes, 1))
    address = report_url(message.callback_url, message.reference, config)
    yield "X-Kannel-DLR-Mask", MASK
    yield "X-Kannel-DLR-Url", address


def _text(message: Outgoing, config: Settings) -> str:
    content = message.content
    if not isinstance(content, Text) or content.media or content.buttons:
        raise ContentError("content is not a plain text")
    if not content.text.strip():
        raise ContentError("text is empty")
    needed = parts_of(content.text).count
    if needed > config.max_messages:
        raise ContentError(
            f"text takes {needed} SMS, and max_messages allows {config.max_messages}"
        )
    return content.text


def _split(said: str) -> int | None:
    found = re.search(r"Message splits: ([0-9]{1,3})\b", said)
    return int(found[1]) if found else None


def _code(said: str) -> str:
    return next((code for words, code in SENTENCES.items() if words in said), "")
