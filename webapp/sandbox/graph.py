"""What Meta's Graph API makes of a request to send: a message, or one of its errors.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.message.content import Button, ButtonKind, Media, MediaKind

_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")
_MEDIA: Final = frozenset(map(str, MediaKind))
_LONGEST_TEXT, _LONGEST_BESIDE, _LONGEST_TITLE = 4096, 1024, 20


class GraphError(Exception):
    """Meta says no."""

    def __init__(
        self, status: int, code: int, title: str, details: str = "", subcode: int = 0
    ) -> None:
        """`status` is the HTTP status, `code` what matters."""
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        self.subcode = subcode

    def body(self, trace: str) -> dict[str, Any]:
        """The documented shape of an error. `trace` is Meta's own id of the request."""
        about = {"messaging_product": "whatsapp", "details": self.details}
        # The management API words what the messaging API has in `error_data`.
        words = {"error_subcode": self.subcode, "error_user_msg": self.details}
        return {
            "error": {
                "message": f"(#{self.code}) {self.title}",
                "type": "OAuthException",
                "code": self.code,
                **({"error_data": about} if self.details and not self.subcode else {}),
                **(words if self.subcode else {}),
                "fbtrace_id": trace,
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a message shows."""

    text: str
    media: Media | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message that Meta is asked to send. `fingerprint` stays if it is repeated.

    A template's `content` is still to be filled in; any other is in `shown`.
    """

    to: str
    given_to: str
    reference: str
    content: Mapping[str, Any]
    shown: Shown | None
    fingerprint: str

    @property
    def is_template(self) -> bool:
        """Whether it may go to anybody at any time."""
        return self.shown is None


def read(body: bytes) -> Request:
    """The message in a request. Raises GraphError."""
    payload = parse(body)
    if payload.get("messaging_product") != "whatsapp":
        raise GraphError(400, 100, "The parameter messaging_product is required.")
    to = str(payload.get("to", ""))
    if not _NUMBER.fullmatch(to):
        raise wrong("to is not a phone number")
    kind = str(payload.get("type", "text"))
    if kind not in {"template", "text", "interactive", *_MEDIA}:
        raise GraphError(400, 131051, "Unsupported message type", f"type {kind}")
    content = payload.get(kind)
    if not isinstance(content, dict):
        raise missing(kind)
    return Request(
        to="+" + to.removeprefix("+"),
        given_to=to,
        reference=str(payload.get("biz_opaque_callback_data", "")),
        content=content,
        shown=None if kind == "template" else _shown(kind, content),
        fingerprint=json.dumps([to, content], sort_keys=True),
    )


def parse(body: bytes) -> Mapping[str, Any]:
    """The object in a request. Raises GraphError."""
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise GraphError(400, 100, "Invalid parameter", "the body is not JSON")
    return payload


def wrong(details: str) -> GraphError:
    """A value that Meta does not take."""
    return GraphError(400, 131009, "Parameter value is not valid", details)


def missing(details: str) -> GraphError:
    """A value that Meta misses."""
    return GraphError(400, 131008, "Required parameter is missing", details)


def media(kind: str, given: Any) -> Media:
    """Media as a message or a header has it. Raises GraphError."""
    link = given.get("link") if isinstance(given, dict) else None
    if not isinstance(link, str):
        raise missing(f"{kind}: id or link")
    if not link.startswith(("http://", "https://")):
        raise wrong(f"{kind}.link is not a URI")
    name = str(given.get("filename", ""))
    return Media(kind=MediaKind(kind), url=link, name=name)


def _shown(kind: str, content: Mapping[str, Any]) -> Shown:
    try:
        if kind == "text":
            return Shown(text=_text("text.body", content.get("body"), _LONGEST_TEXT))
        if kind in _MEDIA:
            caption = content.get("caption")
            told = caption and _text(f"{kind}.caption", caption, _LONGEST_BESIDE)
            return Shown(text=told or "", media=media(kind, content))
        return _interactive(content)
    except (KeyError, TypeError, AttributeError):
        raise GraphError(400, 100, "Invalid parameter", kind) from None


def _interactive(content: Mapping[str, Any]) -> Shown:
    header = content.get("header")
    above = media(header["type"], header[header["type"]]) if header else None
    buttons = {"button": _replies, "cta_url": _link}.get(str(content.get("type")))
    if buttons is None:
        raise wrong("interactive.type")
    text = _text("interactive.body.text", content["body"]["text"], _LONGEST_BESIDE)
    return Shown(text=text, media=above, buttons=buttons(content["action"]))


def _replies(action: Mapping[str, Any]) -> tuple[Button, ...]:
    replies = [one["reply"] for one in action["buttons"]]
    if not 1 <= len(replies) <= 3:
        raise wrong("interactive.action.buttons: min 1, max 3")
    for what in ("id", "title"):
        if len({reply[what] for reply in replies}) < len(replies):
            raise wrong(f"interactive.action.buttons: {what} is not unique")
    return tuple(
        Button(
            kind=ButtonKind.REPLY,
            text=_text("title", reply["title"], _LONGEST_TITLE),
            value=_text("id", reply["id"], 256),
        )
        for reply in replies
    )


def _link(action: Mapping[str, Any]) -> tuple[Button, ...]:
    given = action["parameters"]
    text = _text("display_text", given["display_text"], _LONGEST_TITLE)
    if not given["url"].startswith(("http://", "https://")):
        raise wrong("interactive.action.parameters.url is not a URI")
    return (Button(kind=ButtonKind.LINK, text=text, value=given["url"]),)


def _text(place: str, given: Any, longest: int) -> str:
    if not given:
        raise missing(place)
    if not isinstance(given, str) or len(given) > longest:
        raise wrong(f"{place} must be text of at most {longest} characters")
    return given
