"""What Meta's Graph API makes of a request to send: a message, or one of its errors.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# The business's approved templates, by name and language.
TEMPLATES: Final = {
    ("order_shipped", "en"): (
        "Hi {{1}}, your order {{2}} is on its way. Follow it here: {{3}}"
    ),
    ("order_out_for_delivery", "en"): (
        "Hi {{1}}, your order {{2}} is out for delivery and arrives today."
    ),
    ("order_delivered", "en"): (
        "Hi {{1}}, your order {{2}} has been delivered. Enjoy it!"
    ),
}

_SLOT = re.compile(r"\{\{(\d+)\}\}")
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")


class GraphError(Exception):
    """Meta says no."""

    def __init__(self, status: int, code: int, title: str, details: str = "") -> None:
        """`status` is the HTTP status, `code` what matters."""
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.details = details

    def body(self, trace: str) -> dict[str, Any]:
        """The documented shape of an error. `trace` is Meta's own id of the request."""
        about = {"messaging_product": "whatsapp", "details": self.details}
        return {
            "error": {
                "message": f"(#{self.code}) {self.title}",
                "type": "OAuthException",
                "code": self.code,
                **({"error_data": about} if self.details else {}),
                "fbtrace_id": trace,
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message that Meta is asked to send. `fingerprint` stays if it is repeated."""

    to: str
    given_to: str
    reference: str
    text: str
    is_template: bool
    fingerprint: str


def read(body: bytes) -> Request:
    """The message in a request. Raises GraphError."""
    payload = _parse(body)
    if payload.get("messaging_product") != "whatsapp":
        raise GraphError(400, 100, "The parameter messaging_product is required.")
    to = str(payload.get("to", ""))
    if not _NUMBER.fullmatch(to):
        raise GraphError(
            400, 131009, "Parameter value is not valid", "to is not a phone number"
        )
    kind = payload.get("type", "text")
    return Request(
        to="+" + to.removeprefix("+"),
        given_to=to,
        reference=str(payload.get("biz_opaque_callback_data", "")),
        text=_text(payload, kind),
        is_template=kind == "template",
        fingerprint=json.dumps([to, payload.get(str(kind))], sort_keys=True),
    )


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise GraphError(400, 100, "Invalid parameter", "the body is not JSON")
    return payload


def _text(payload: Mapping[str, Any], kind: object) -> str:
    content = payload.get(str(kind))
    if kind not in {"template", "text"}:
        raise GraphError(400, 131051, "Unsupported message type", f"type {kind}")
    if not isinstance(content, dict):
        raise GraphError(400, 131008, "Required parameter is missing", f"{kind}")
    return _rendered(content) if kind == "template" else str(content.get("body", ""))


def _rendered(template: Mapping[str, Any]) -> str:
    name = str(template.get("name"))
    language = template.get("language")
    code = str(language.get("code")) if isinstance(language, dict) else ""
    text = TEMPLATES.get((name, code))
    if text is None:
        title = "Template name does not exist in the translation"
        details = f"template name ({name}) does not exist in {code}"
        raise GraphError(404, 132001, title, details)
    values = _values(template)
    body = values.pop("body", [])
    _count("body", body, len(set(_SLOT.findall(text))))
    for part, given in values.items():
        _count(part, given, 0)
    return _SLOT.sub(lambda slot: body[int(slot[1]) - 1], text)


def _count(part: str, given: list[str], expected: int) -> None:
    if len(given) != expected:
        title = "Number of parameters does not match the expected number of params"
        details = (
            f"{part}: number of localizable_params ({len(given)}) does not match "
            f"the expected number of params ({expected})"
        )
        raise GraphError(400, 132000, title, details)
    if "" in given:
        raise GraphError(400, 131008, "Required parameter is missing", part)


def _values(template: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters' texts by the template's parts."""
    values: dict[str, list[str]] = {}
    try:
        for component in template.get("components") or []:
            texts = [str(one["text"]).strip() for one in component["parameters"]]
            values.setdefault(str(component["type"]).lower(), []).extend(texts)
    except (KeyError, TypeError, AttributeError):
        raise GraphError(400, 100, "Invalid parameter", "components") from None
    return values
