"""A template message as the Cloud API wants it.

https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
"""

import re
from collections.abc import Iterator
from typing import Any

from core.errors import ContentError
from core.message.content import Parameter, Template
from core.ports import Outgoing


def message_body(message: Outgoing, content: Template) -> dict[str, Any]:
    """The JSON to send. Raises ContentError for what Meta would refuse anyway."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to,
        "type": "template",
        "biz_opaque_callback_data": message.reference,
        "template": {
            "name": content.template,
            "language": {"code": content.language},
            "components": list(_components(content)),
        },
    }


def _components(content: Template) -> Iterator[dict[str, Any]]:
    for kind, parameters in (("header", content.header), ("body", content.body)):
        if parameters:
            values = [_parameter(kind, i, p) for i, p in enumerate(parameters)]
            yield {"type": kind, "parameters": values}
    for index, button in enumerate(content.buttons):
        if button is not None:
            value = _parameter("buttons", index, Parameter(text=button.value))
            about = {"type": "button", "sub_type": "url", "index": str(index)}
            yield {**about, "parameters": [value]}


def _parameter(kind: str, index: int, parameter: Parameter) -> dict[str, str]:
    place = f"{kind}.{parameter.name}" if parameter.name else f"{kind}[{index}]"
    if not parameter.text.strip():
        raise ContentError(f"{place} is empty")
    if re.search(r"[\n\r\t]| {5}", parameter.text):
        problem = "has a line break, a tab or more than 4 spaces in a row"
        raise ContentError(f"{place} {problem}, which WhatsApp refuses")
    name = {"parameter_name": parameter.name} if parameter.name else {}
    return {"type": "text", **name, "text": parameter.text}
