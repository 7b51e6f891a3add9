"""A provider that sends nothing: it prints what would have been sent. For trying things."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import BadSignature
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Content,
    Email,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.ports import (
    Capabilities,
    InboundRequest,
    LiveCheck,
    Outgoing,
    PrintRequest,
    Response,
    SendAccepted,
    SendResult,
    StatusQuery,
    TemplateDesk,
    Told,
)
from core.values import dataclass

MAX_CHARACTERS = 100_000
MAX_BUTTONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """There is nothing to set."""


class Log:
    """The connector."""

    name = "log"
    company = "the terminal"
    Config: type[Any] = Settings
    limits: Mapping[Channel, Limits] = {}
    capabilities: Mapping[Channel, Capabilities] = dict.fromkeys(
        Channel,
        Capabilities(
            reports=frozenset({Until.ACCEPTED}),
            text=MAX_CHARACTERS,
            templates=True,
            media=frozenset(MediaKind),
            buttons=frozenset(ButtonKind),
            most_buttons=MAX_BUTTONS,
        ),
    )
    query: StatusQuery | None = None
    check: LiveCheck | None = None
    templates: TemplateDesk | None = None
    tolerance: timedelta | None = None
    taken = 200

    def build(self, message: Outgoing, config: Settings) -> PrintRequest:
        """One block, for a reader."""
        first = f"── {message.channel} to {message.to} ({message.reference})"
        body = (f"│ {line}" for part in _said(message.content) for line in part)
        return PrintRequest(text="\n".join((first, *body, "──")))

    def read(self, response: Response) -> SendResult:
        """It is on the terminal."""
        return SendAccepted(provider_id="")

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Always raises BadSignature: nothing comes back from a terminal."""
        raise BadSignature("nothing comes back from a terminal")

    def challenge(self, request: InboundRequest, config: Settings) -> str:
        """Always raises BadSignature."""
        raise BadSignature("nothing comes back from a terminal")

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """Nothing."""
        return ()

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Never: it is there at once."""
        return ""


CHANNEL = Log()


def _said(content: Content) -> Iterator[list[str]]:
    match content:
        case Text():
            yield from _media(content.media)
            yield _lines(content.text)
            yield [_button(one) for one in content.buttons]
        case Email():
            yield _lines(f"Subject: {content.subject}")
            yield ["", *_lines(content.text)]
            if content.html:
                yield ["", "HTML:", *_lines(content.html)]
        case Template():
            yield _lines(f"template {content.template} ({content.language})")
            yield from _media(content.media)
            yield [_parameter("header", one) for one in content.header]
            yield [_parameter("body", one) for one in content.body]
            yield [_end(one) for one in content.buttons if one]


def _lines(text: str) -> list[str]:
    """Without what would move the cursor or change the colours of a terminal."""
    return ["".join(c for c in one if c.isprintable()) for one in text.splitlines()]


def _media(media: Media | None) -> Iterator[list[str]]:
    if media:
        yield _lines(f"{media.kind}: {media.url} {media.name}".rstrip())


def _button(button: Button) -> str:
    return " ".join(_lines(f"[{button.text}] {button.kind}: {button.value}"))


def _parameter(part: str, one: Parameter) -> str:
    return " ".join(_lines(f"{part} {one.name or ''}".rstrip() + f": {one.text}"))


def _end(one: ButtonParameter) -> str:
    return " ".join(_lines(f"button {one.kind}: {one.value}"))
