"""What Dexatel asks of a message that it is to send.

https://developers.dexatel.com/reference/messages-send
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from core.cascade.model import Channel
from core.message.content import Button, ButtonKind, Media, MediaKind
from webapp.sandbox.cast import SHOP_NAME
from webapp.sandbox.phones import Sent

SENDER: Final = "Riverside"
CHANNELS: Final = (Channel.SMS, Channel.VIBER, Channel.WHATSAPP)
TEMPLATES: Final = {
    "5f0c3a52-6b6e-4a4f-9d51-1f3f0c7d2a10": "Hi {{1}}, your order {{2}} is on its way: {{3}}"
}

_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
_HOLE = re.compile(r"\{\{(\d+)\}\}")

Answer = tuple[int, dict[str, Any]]
Order = Mapping[str, Any]


class DexatelError(Exception):
    """Dexatel says no."""

    def __init__(self, status: int, code: int | None, message: str) -> None:
        """`status` is the HTTP status; `code` is left out where there is none."""
        super().__init__(message)
        known = {"code": code} if code else {}
        self.answer: Answer = (
            status,
            {"errors": [{"status": status, "message": message, **known}]},
        )


def read(body: bytes) -> Order:
    """A request's data. Raises DexatelError."""
    try:
        document = json.loads(body)
    except ValueError:
        raise DexatelError(400, 1005, "Invalid JSON body") from None
    order = document.get("data") if isinstance(document, dict) else None
    if not isinstance(order, dict):
        raise DexatelError(400, 1007, "Request data is missing")
    _check_ends(order)
    _check_content(order)
    return {"payload": "", **order}


def _check_ends(order: Order) -> None:
    sender, to = order.get("from"), order.get("to")
    if not sender:
        raise DexatelError(400, 1503, "Message sender is missing")
    if sender != SENDER:
        raise DexatelError(400, 1505, "Message sender is not found")
    if not isinstance(to, list) or not to:
        raise DexatelError(400, 1506, "Message recipients are missing")
    if len(to) > 1:  # ten, really; Everreach sends to one
        raise DexatelError(400, 1507, "Message recipients are too many")
    if not _DIGITS.fullmatch(str(to[0])):
        raise DexatelError(400, 1523, "Invalid recipient number(s)")
    if order.get("channel") not in {one.upper() for one in CHANNELS}:
        raise DexatelError(400, 1515, "Invalid channel")
    if len(str(order.get("payload", ""))) > 500:
        raise DexatelError(400, 1705, "Invalid payload")


def _check_content(order: Order) -> None:
    if "template" in order:
        _check_template(order)
        return
    kind = order.get("type")
    if kind not in ("text", *MediaKind):
        raise DexatelError(400, 1534, "'data.type' is required")
    if kind == "text" and not str(order.get("text", "")).strip():
        raise DexatelError(400, 1508, "'data.text' is required")
    if len(str(order.get("text", ""))) > 1000:
        raise DexatelError(400, 1510, "Message text is too long")
    if kind != "text" and not str(order.get("url", "")).startswith("https://"):
        raise DexatelError(400, 1532, "'data.url' is required")
    if order["channel"] == "SMS" and kind != "text":
        raise DexatelError(
            400, 1518, "Image messages are not supported for sms channel"
        )


def _check_template(order: Order) -> None:
    try:
        text = TEMPLATES.get(str(UUID(str(order["template"]))))
    except ValueError:
        raise DexatelError(400, 1512, "Invalid template id") from None
    if text is None:
        raise DexatelError(400, 1513, "Template is not found")
    if len(order.get("variables") or []) != len(_HOLE.findall(text)):
        raise DexatelError(400, 1514, "Template variables are missing")


def shown(order: Order) -> Sent:
    """What the person will see."""
    if "template" in order:
        values = order["variables"]
        template = TEMPLATES[str(UUID(order["template"]))]
        text = _HOLE.sub(lambda hole: str(values[int(hole[1]) - 1]), template)
    else:
        text = str(order.get("text", ""))
    url, label = order.get("url"), order.get("button_text")
    button = Button(kind=ButtonKind.REPLY, text=str(label), value=str(label))
    return Sent(
        id=str(uuid4()),
        provider="dexatel",
        channel=order["channel"].lower(),
        text=text,
        from_name=SHOP_NAME,
        media=Media(kind=MediaKind(order["type"]), url=url) if url else None,
        buttons=(button,) if label else (),
    )
