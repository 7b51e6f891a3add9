"""A message as Dexatel takes it.

https://developers.dexatel.com/reference/messages-send
"""

from collections.abc import Iterator
from typing import Any

from connectors.channels.dexatel.capabilities import CAPABILITIES
from connectors.channels.dexatel.settings import Settings
from connectors.channels.dexatel.told import echo
from core.errors import ContentError
from core.message.content import Email, Template, Text
from core.ports import Capabilities, Outgoing


def document(message: Outgoing, config: Settings) -> dict[str, Any]:
    """The request's `data`. Raises ContentError."""
    return {
        "from": config.from_,
        "to": [message.to.removeprefix("+")],
        "channel": message.channel.upper(),
        "payload": echo(message.reference, config.currency),
        **_said(message),
    }


def _said(message: Outgoing) -> dict[str, Any]:
    match message.content:
        case Template() as template:
            return _template(template)
        case Text() as text:
            _check(text, CAPABILITIES[message.channel])
            return dict(_text(text))
        case Email():
            raise ContentError("content is an email")


def _template(template: Template) -> dict[str, Any]:
    """Its variables are in the order in which they appear."""
    if template.media:
        raise ContentError("a template at Dexatel takes no media of ours")
    texts = [one.text for one in (*template.header, *template.body)]
    ends = [button.value for button in template.buttons if button]
    return {"template": template.template, "variables": [*texts, *ends]}


def _check(content: Text, able: Capabilities) -> None:
    if not content.text.strip():
        raise ContentError("text is empty")
    if len(content.text) > able.text:
        raise ContentError(f"text is longer than {able.text} characters")
    if content.media and content.media.kind not in able.media:
        raise ContentError(f"Dexatel takes no {content.media.kind} here")
    if len(content.buttons) > able.most_buttons:
        raise ContentError(f"Dexatel takes at most {able.most_buttons} buttons here")
    if not {button.kind for button in content.buttons} <= able.buttons:
        raise ContentError("Dexatel takes no such button here")


def _text(content: Text) -> Iterator[tuple[str, str]]:
    yield "type", content.media.kind if content.media else "text"
    yield "text", content.text
    if content.media:
        yield "url", content.media.url
    for button in content.buttons:
        yield "button_type", "quick_reply"
        yield "button_text", button.text
