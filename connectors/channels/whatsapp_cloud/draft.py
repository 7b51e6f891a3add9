"""A template to be approved, as Meta wants its parts.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
"""

import re
from collections.abc import Iterator
from typing import Any

from core.errors import ContentError
from core.message.approval import TemplateCategory, TemplateDraft
from core.message.content import Button, ButtonKind

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LONGEST = {"header": 60, "body": 1024, "footer": 60}
_LONGEST_BUTTON = 25
_MOST_BUTTONS = 10


def parameter_format(draft: TemplateDraft) -> dict[str, str]:
    """Whether the variables have names or numbers."""
    if not _SLOT.search(draft.body):
        return {}
    return {"parameter_format": "named" if _is_named(draft) else "positional"}


def components(draft: TemplateDraft) -> Iterator[dict[str, Any]]:
    """The parts of a template. Raises ContentError naming what is wrong."""
    if not _NAME.fullmatch(draft.name):
        raise ContentError("name may have small letters, digits and _ only")
    if draft.category is TemplateCategory.AUTHENTICATION:
        yield from _code(draft)
        return
    for part in ("header", "body", "footer"):
        if len(getattr(draft, part)) > _LONGEST[part]:
            raise ContentError(f"{part} has more than {_LONGEST[part]} characters")
    if draft.header:
        yield _header(draft)
    yield _body(draft)
    if draft.footer:
        yield {"type": "FOOTER", "text": draft.footer}
    if draft.buttons:
        yield {"type": "BUTTONS", "buttons": _buttons(draft.buttons)}


def _code(draft: TemplateDraft) -> Iterator[dict[str, Any]]:
    """Meta writes these itself, in every language; there is only a button to copy the code."""
    if draft.body or draft.header or draft.footer or draft.buttons:
        raise ContentError(
            "body is Meta's own in an authentication template: leave it out"
        )
    yield {"type": "BODY", "add_security_recommendation": True}
    yield {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}


def _header(draft: TemplateDraft) -> dict[str, Any]:
    slots = _SLOT.findall(draft.header)
    if len(slots) > 1:
        raise ContentError("header may have one variable only")
    if bool(slots) != bool(draft.header_example):
        raise ContentError(
            "header needs an example for its variable, and only for that"
        )
    part = {"type": "HEADER", "format": "TEXT", "text": draft.header}
    if not slots:
        return part
    if slots[0].isdigit():
        return {**part, "example": {"header_text": [draft.header_example]}}
    named = {"param_name": slots[0], "example": draft.header_example}
    return {**part, "example": {"header_text_named_params": [named]}}


def _body(draft: TemplateDraft) -> dict[str, Any]:
    if not draft.body.strip():
        raise ContentError("body is empty")
    part = {"type": "BODY", "text": draft.body}
    slots = list(dict.fromkeys(_SLOT.findall(draft.body)))
    if _is_named(draft):
        return {**part, "example": {"body_text_named_params": _named(draft, slots)}}
    if slots != [str(number) for number in range(1, len(slots) + 1)]:
        raise ContentError("body must number its variables from {{1}} in order")
    if len(draft.examples) != len(slots) or any(one.name for one in draft.examples):
        raise ContentError(f"examples must be {len(slots)}, one for each variable")
    texts = [one.text for one in draft.examples]
    return {**part, "example": {"body_text": [texts]}} if texts else part


def _named(draft: TemplateDraft, slots: list[str]) -> list[dict[str, str]]:
    given = {one.name: one.text for one in draft.examples}
    if set(given) != set(slots):
        wanted = ", ".join(f"{slot}=…" for slot in slots)
        raise ContentError(f"examples must be one for each variable: {wanted}")
    return [{"param_name": slot, "example": given[slot]} for slot in slots]


def _is_named(draft: TemplateDraft) -> bool:
    return any(not slot.isdigit() for slot in _SLOT.findall(draft.body))


def _buttons(buttons: tuple[Button, ...]) -> list[dict[str, Any]]:
    """Replies first: Meta wants those that answer together."""
    if len(buttons) > _MOST_BUTTONS:
        raise ContentError(f"buttons may be {_MOST_BUTTONS}")
    first = sorted(buttons, key=lambda button: button.kind is not ButtonKind.REPLY)
    return [_button(button) for button in first]


def _button(button: Button) -> dict[str, Any]:
    if not 0 < len(button.text) <= _LONGEST_BUTTON:
        raise ContentError(f"buttons have a text of up to {_LONGEST_BUTTON} characters")
    match button.kind:
        case ButtonKind.REPLY:
            return {"type": "QUICK_REPLY", "text": button.text}
        case ButtonKind.CODE:
            return {"type": "COPY_CODE", "example": button.value}
        case ButtonKind.LINK:
            return _link(button)


def _link(button: Button) -> dict[str, Any]:
    part = {"type": "URL", "text": button.text, "url": button.value}
    slots = _SLOT.findall(button.value)
    if not slots:
        return part
    if slots != ["1"] or not button.value.endswith("{{1}}"):
        raise ContentError("buttons have links whose one variable {{1}} is at the end")
    return {**part, "example": [button.value.replace("{{1}}", "example")]}
