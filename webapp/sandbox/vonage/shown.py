"""What a person sees of a message to Vonage: its text, media and buttons.

What is not as documented is told by KeyError, TypeError or ValueError.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.message.content import Button, ButtonKind, Media, MediaKind
from webapp.sandbox.meta_templates import FIRST, slots

_MOST: Final = {"sms": 1000, "whatsapp": 4096, "viber_service": 1000, "rcs": 3072}
_MEDIA: Final = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "file": MediaKind.DOCUMENT,
}
_KINDS: Final = {
    "sms": {"text"},
    "whatsapp": {"text", "template", "custom", *_MEDIA},
    "viber_service": {"text", "image", "file"},
    "rcs": {"text", "custom", *_MEDIA},
}

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is on the screen. `kind` is `template` if it was approved before."""

    kind: str
    text: str
    media: Media | None = None
    buttons: tuple[Button, ...] = ()


def read(body: Body) -> Shown:
    """What the message shows."""
    name, kind = body["channel"], body["message_type"]
    if kind not in _KINDS[name]:
        raise ValueError("message_type")
    if kind in _MEDIA:
        return _media(kind, body)
    if kind == "custom":
        return (_metas if name == "whatsapp" else _googles)(body["custom"])
    if kind == "template":
        template = body["template"]
        return _template(
            template["name"], body["whatsapp"]["locale"], template["parameters"]
        )
    text = body["text"]
    if not text.strip() or len(text) > _MOST[name]:
        raise ValueError("text")
    return Shown(kind=kind, text=text, buttons=(*_action(body), *_suggestions(body)))


def _media(kind: str, body: Body) -> Shown:
    given = body[kind]
    name = given.get("name", "")
    media = Media(kind=_MEDIA[kind], url=given["url"], name=name)
    text = given.get("caption", "")
    return Shown(kind=kind, text=text, media=media, buttons=tuple(_action(body)))


def _action(body: Body) -> Iterator[Button]:
    """Viber's one button."""
    if action := body.get("viber_service", {}).get("action"):
        yield _button(ButtonKind.LINK, action["text"], action["url"], 30)


def _suggestions(body: Body) -> Iterator[Button]:
    given = body.get("suggestions", ())
    if len(given) > 11:
        raise ValueError("suggestions")
    for each in given:
        data = each["postback_data"]
        if each["type"] == "reply":
            yield _button(ButtonKind.REPLY, each["text"], data, 25)
        elif each["type"] == "open_url":
            yield _button(ButtonKind.LINK, each["text"], each["url"], 25)
        else:
            raise ValueError("suggestions.type")


def _button(kind: ButtonKind, text: str, value: str, most: int) -> Button:
    if not 0 < len(text) <= most:
        raise ValueError("button")
    return Button(kind=kind, text=text, value=value)


# --- WhatsApp, as Meta has it ---


def _metas(custom: Body) -> Shown:
    kind = custom["type"]
    return _FORMS[kind](custom[kind])


def _metas_template(template: Body) -> Shown:
    values = [
        one["text"]
        for component in template["components"]
        if component["type"] == "body"
        for one in component["parameters"]
    ]
    return _template(template["name"], template["language"]["code"], values)


def _template(name: str, language: str, values: list[str]) -> Shown:
    text = FIRST.get(name.rpartition(":")[2]) if language == "en" else None
    if text is None or len(values) != len(slots(text)):
        raise ValueError("template")
    filled = re.sub(r"\{\{(\d+)\}\}", lambda slot: values[int(slot[1]) - 1], text)
    return Shown(kind="template", text=filled)


def _interactive(said: Body) -> Shown:
    action = said["action"]
    if said["type"] == "button":
        replies = [one["reply"] for one in action["buttons"]]
        buttons = [
            _button(ButtonKind.REPLY, one["title"], one["id"], 20) for one in replies
        ]
    else:
        link = action["parameters"]
        buttons = [_button(ButtonKind.LINK, link["display_text"], link["url"], 20)]
    if len(buttons) > 3:
        raise ValueError("custom.interactive.action")
    media = _header(said["header"]) if "header" in said else None
    text = said["body"]["text"]
    return Shown(kind="custom", text=text, media=media, buttons=tuple(buttons))


def _header(header: Body) -> Media:
    kind = MediaKind(header["type"])
    about = header[kind.value]
    return Media(kind=kind, url=about["link"], name=about.get("filename", ""))


_FORMS: Final[Mapping[str, Callable[[Body], Shown]]] = {
    "template": _metas_template,
    "interactive": _interactive,
}


# --- RCS, as Google has it ---


def _googles(custom: Body) -> Shown:
    card = custom["contentMessage"]["richCard"]["standaloneCard"]["cardContent"]
    url = card["media"]["contentInfo"]["fileUrl"]
    kind = MediaKind.VIDEO if url.endswith(".mp4") else MediaKind.IMAGE
    return Shown(
        kind="custom",
        text=card["description"],
        media=Media(kind=kind, url=url),
        buttons=tuple(_googles_button(one) for one in card.get("suggestions", ())),
    )


def _googles_button(suggestion: Body) -> Button:
    if reply := suggestion.get("reply"):
        return _button(ButtonKind.REPLY, reply["text"], reply["postbackData"], 25)
    action = suggestion["action"]
    url = action["openUrlAction"]["url"]
    return _button(ButtonKind.LINK, action["text"], url, 25)
