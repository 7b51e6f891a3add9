"""The variable parts of a template message as the Cloud API wants them.

https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
"""

import re
from collections.abc import Iterator
from typing import Any

from connectors.channels.whatsapp_cloud.media import attached
from core.cascade.consent import Purpose
from core.errors import ContentError
from core.message.content import ButtonKind, ButtonParameter, Parameter, Template

_UNFIT = re.compile(r"[\n\r\t]| {5}")
_SUB_TYPES = {
    ButtonKind.LINK: "url",
    ButtonKind.REPLY: "quick_reply",
    ButtonKind.CODE: "copy_code",
}


def template_part(content: Template, purpose: Purpose) -> dict[str, Any]:
    """The JSON of a template. Raises ContentError for what Meta would refuse anyway."""
    return {
        "name": content.template,
        "language": {"code": content.language},
        "components": list(_components(content, purpose)),
    }


def _components(content: Template, purpose: Purpose) -> Iterator[dict[str, Any]]:
    if content.media and content.header:
        raise ContentError("header has both a text and media, which WhatsApp refuses")
    if content.media:
        yield {"type": "header", "parameters": [attached(content.media, "header")]}
    for kind, parameters in (("header", content.header), ("body", content.body)):
        if parameters:
            values = [_parameter(kind, i, p) for i, p in enumerate(parameters)]
            yield {"type": kind, "parameters": values}
    for index, button in enumerate(content.buttons):
        if button is not None:
            yield _button(index, button, purpose)


def _button(index: int, button: ButtonParameter, purpose: Purpose) -> dict[str, Any]:
    kind = button.kind
    if kind is ButtonKind.CODE and purpose is Purpose.AUTHENTICATION:
        # The button below a one-time code copies it, and is told as the link that it once was.
        kind = ButtonKind.LINK
    text = _parameter("buttons", index, Parameter(text=button.value))["text"]
    value = {
        ButtonKind.LINK: {"type": "text", "text": text},
        ButtonKind.REPLY: {"type": "payload", "payload": text},
        ButtonKind.CODE: {"type": "coupon_code", "coupon_code": text},
    }[kind]
    about = {"type": "button", "sub_type": _SUB_TYPES[kind], "index": str(index)}
    return {**about, "parameters": [value]}


def _parameter(kind: str, index: int, parameter: Parameter) -> dict[str, str]:
    place = f"{kind}.{parameter.name}" if parameter.name else f"{kind}[{index}]"
    if not parameter.text.strip():
        raise ContentError(f"{place} is empty")
    if _UNFIT.search(parameter.text):
        problem = "has a line break, a tab or more than 4 spaces in a row"
        raise ContentError(f"{place} {problem}, which WhatsApp refuses")
    name = {"parameter_name": parameter.name} if parameter.name else {}
    return {"type": "text", **name, "text": parameter.text}
