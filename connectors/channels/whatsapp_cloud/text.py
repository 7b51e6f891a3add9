"""A text of our own, with media or buttons, as the Cloud API wants it.

Only within 24 hours of a person's own message. See
https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages
"""

from typing import Any

from connectors.channels.whatsapp_cloud.media import attached, linked
from core.errors import ContentError
from core.message.content import Button, ButtonKind, Text

LONGEST_TEXT = 4096
MOST_BUTTONS = 3
_LONGEST_BESIDE = 1024  # a text beside media or above buttons
_LONGEST_TITLE = 20
_LONGEST_PAYLOAD = 256


def text_part(content: Text) -> dict[str, Any]:
    """The type of message, and the JSON of it. Raises ContentError naming what is wrong."""
    if content.buttons:
        return {"type": "interactive", "interactive": _interactive(content)}
    if content.media:
        kind = str(content.media.kind)
        text = _checked(content.text, _LONGEST_BESIDE, may_be_empty=True)
        caption = {"caption": text} if text else {}
        return {"type": kind, kind: {**linked(content.media, "media"), **caption}}
    body = _checked(content.text, LONGEST_TEXT)
    return {"type": "text", "text": {"body": body, "preview_url": False}}


def _interactive(content: Text) -> dict[str, Any]:
    header = {"header": attached(content.media, "media")} if content.media else {}
    body = {"text": _checked(content.text, _LONGEST_BESIDE)}
    return {**_action(content.buttons), **header, "body": body}


def _action(buttons: tuple[Button, ...]) -> dict[str, Any]:
    kinds = {button.kind for button in buttons}
    for index, button in enumerate(buttons):
        _check_button(f"buttons[{index}]", button)
    if kinds == {ButtonKind.LINK}:
        return _link(buttons)
    if ButtonKind.LINK in kinds:
        raise ContentError("buttons has links and replies, which WhatsApp keeps apart")
    return _replies(buttons)


def _link(buttons: tuple[Button, ...]) -> dict[str, Any]:
    if len(buttons) > 1:
        raise ContentError("buttons[1] is a second link, and WhatsApp shows only one")
    (button,) = buttons
    if not button.value.startswith(("https://", "http://")):
        raise ContentError("buttons[0] has no address that it could open")
    parameters = {"display_text": button.text, "url": button.value}
    return {"type": "cta_url", "action": {"name": "cta_url", "parameters": parameters}}


def _replies(buttons: tuple[Button, ...]) -> dict[str, Any]:
    if len(buttons) > MOST_BUTTONS:
        raise ContentError(f"buttons[{MOST_BUTTONS}] is one too many for WhatsApp")
    for what, values in (
        ("text", [button.text for button in buttons]),
        ("payload", [button.value for button in buttons]),
    ):
        if len(set(values)) < len(values):
            raise ContentError(f"buttons has the same {what} twice")
    replies = [
        {"type": "reply", "reply": {"id": one.value, "title": one.text}}
        for one in buttons
    ]
    return {"type": "button", "action": {"buttons": replies}}


def _check_button(place: str, button: Button) -> None:
    if button.kind is ButtonKind.CODE:
        raise ContentError(f"{place} copies a code, which only a template can")
    if not 0 < len(button.text.strip()) <= _LONGEST_TITLE:
        problem = f"must have a text of up to {_LONGEST_TITLE} characters"
        raise ContentError(f"{place} {problem}")
    fits = 0 < len(button.value.strip()) <= _LONGEST_PAYLOAD
    if button.kind is ButtonKind.REPLY and not fits:
        problem = f"must have a payload of up to {_LONGEST_PAYLOAD} characters"
        raise ContentError(f"{place} {problem}")


def _checked(text: str, longest: int, *, may_be_empty: bool = False) -> str:
    if not text.strip() and not may_be_empty:
        raise ContentError("text is empty")
    if len(text) > longest:
        problem = f"text has {len(text)} characters, and WhatsApp takes {longest} here"
        raise ContentError(problem)
    return text
