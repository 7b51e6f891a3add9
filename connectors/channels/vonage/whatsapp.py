"""WhatsApp messages in Vonage's words, and in Meta's where Vonage has none (`custom`).

https://developer.vonage.com/messages/concepts/working-with-whatsapp-interactive-messages
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.channels.vonage.capabilities import plain, short
from core.cascade.model import Channel
from core.errors import ContentError
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Content,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)

Body = dict[str, Any]

_MAX_BESIDE = 1024  # characters of a text with a picture or with buttons
_MAX_LABEL = 20


def content(said: Content) -> Body:
    """What a template or a text says. Raises ContentError."""
    if isinstance(said, Template):
        return _template(said)
    text = plain(Channel.WHATSAPP, said)
    if text.buttons:
        return _custom("interactive", _interactive(text))
    if text.media:
        return _media(text, text.media)
    return {"message_type": "text", "text": text.text}


# --- Templates ---


def _template(said: Template) -> Body:
    """Vonage's own form has room for a body with numbered parameters, and for no more."""
    components = list(_components(said))
    named = any(parameter.name for parameter in said.body)
    if named or any(one["type"] != "body" for one in components):
        return _custom("template", _metas_template(said, components))
    values = [parameter.text for parameter in said.body]
    return {
        "message_type": "template",
        "template": {"name": said.template, "parameters": values},
        "whatsapp": {"policy": "deterministic", "locale": said.language},
    }


def _metas_template(said: Template, components: Sequence[Body]) -> Body:
    namespace, _, name = said.template.rpartition(":")
    return {
        **({"namespace": namespace} if namespace else {}),
        "name": name,
        "language": {"policy": "deterministic", "code": said.language},
        "components": list(components),
    }


def _components(said: Template) -> Iterator[Body]:
    if said.media:
        yield {"type": "header", "parameters": [_shown(said.media)]}
    for kind, given in (("header", said.header), ("body", said.body)):
        if given:
            values = [_parameter(f"{kind}[{i}]", one) for i, one in enumerate(given)]
            yield {"type": kind, "parameters": values}
    for index, button in enumerate(said.buttons):
        if button:
            kind, value = _button_parameter(f"buttons[{index}]", button)
            about = {"type": "button", "sub_type": kind, "index": str(index)}
            yield {**about, "parameters": [value]}


def _parameter(place: str, parameter: Parameter) -> Body:
    name = {"parameter_name": parameter.name} if parameter.name else {}
    return {"type": "text", **name, "text": _one_line(place, parameter.text)}


def _button_parameter(place: str, button: ButtonParameter) -> tuple[str, Body]:
    value = _one_line(place, button.value)
    match button.kind:
        case ButtonKind.LINK:
            return "url", {"type": "text", "text": value}
        case ButtonKind.REPLY:
            return "quick_reply", {"type": "payload", "payload": value}
        case ButtonKind.CODE:
            return "copy_code", {"type": "coupon_code", "coupon_code": value}


def _one_line(place: str, text: str) -> str:
    if not text.strip():
        raise ContentError(f"{place} is empty")
    if re.search(r"[\n\r\t]| {5}", text):
        problem = "has a line break, a tab or more than 4 spaces in a row"
        raise ContentError(f"{place} {problem}, which WhatsApp refuses")
    return text


# --- Texts ---


def _media(said: Text, media: Media) -> Body:
    caption = short(said.text, _MAX_BESIDE, "text beside a picture")
    about = {"url": media.url, "caption": caption}
    if media.kind is not MediaKind.DOCUMENT:
        return {"message_type": media.kind.value, media.kind.value: about}
    name = {"name": media.name} if media.name else {}
    return {"message_type": "file", "file": {**about, **name}}


def _interactive(said: Text) -> Body:
    kind, action = _action(said.buttons)
    text = short(said.text, _MAX_BESIDE, "text above buttons")
    header = {"header": _shown(said.media)} if said.media else {}
    return {"type": kind, **header, "body": {"text": text}, "action": action}


def _action(buttons: Sequence[Button]) -> tuple[str, Body]:
    labels = [short(one.text, _MAX_LABEL, "button") for one in buttons]
    if all(one.kind is ButtonKind.REPLY for one in buttons):
        replies = [
            {"type": "reply", "reply": {"id": one.value, "title": label}}
            for one, label in zip(buttons, labels, strict=True)
        ]
        return "button", {"buttons": replies}
    if len(buttons) > 1:
        raise ContentError("WhatsApp shows replies or one link below a text, not both")
    link = {"display_text": labels[0], "url": buttons[0].value}
    return "cta_url", {"name": "cta_url", "parameters": link}


# --- Both ---


def _custom(kind: str, said: Body) -> Body:
    return {"message_type": "custom", "custom": {"type": kind, kind: said}}


def _shown(media: Media) -> Body:
    """As Meta names it."""
    kind = media.kind.value
    name = {"filename": media.name} if media.name else {}
    named = name if media.kind is MediaKind.DOCUMENT else {}
    return {"type": kind, kind: {"link": media.url, **named}}
