"""A template with its parameters filled in, or the error that they do not fit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.message.content import Button, ButtonKind, Media
from webapp.sandbox import graph
from webapp.sandbox.graph import GraphError, Shown
from webapp.sandbox.meta_templates import Kept, fill, slots

Given = Sequence[Mapping[str, Any]]


def rendered(kept: Kept | None, given: Mapping[str, Any], now: datetime) -> Shown:
    """What a template shows with what was given for it. Raises GraphError."""
    name, language = name_of(given)
    if kept is None or kept.status(now) in ("PENDING", "REJECTED"):
        title = "Template name does not exist in the translation"
        details = f"template name ({name}) does not exist in {language}"
        raise GraphError(404, 132001, title, details)
    try:
        return _rendered(kept, given.get("components") or [])
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GraphError(400, 100, "Invalid parameter", "components") from None


def name_of(given: Mapping[str, Any]) -> tuple[str, str]:
    """A template's name and language in a request."""
    language = given.get("language")
    code = str(language.get("code")) if isinstance(language, dict) else ""
    return str(given.get("name")), code


def _rendered(kept: Kept, given: Given) -> Shown:
    header, footer = kept.part("HEADER"), kept.part("FOOTER")
    above = _parameters(given, "header")
    lines = [
        "" if header.get("format") in _MEDIA else _filled("header", header, above),
        _filled("body", kept.part("BODY"), _parameters(given, "body")),
        footer.get("text", ""),
    ]
    return Shown(
        text="\n".join(filter(None, lines)),
        media=_media(header, above),
        buttons=tuple(_buttons(kept.part("BUTTONS").get("buttons", []), given)),
    )


_MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
_CODE = "{{1}} is your verification code."


def _parameters(given: Given, part: str) -> Given:
    found = [one["parameters"] for one in given if one["type"].lower() == part]
    return [parameter for parameters in found for parameter in parameters]


def _filled(part: str, component: Mapping[str, Any], given: Given) -> str:
    text = component.get("text", _CODE if component else "")
    wanted = slots(text)
    if len(given) != len(wanted):
        title = "Number of parameters does not match the expected number of params"
        details = (
            f"{part}: number of localizable_params ({len(given)}) does not match "
            f"the expected number of params ({len(wanted)})"
        )
        raise GraphError(400, 132000, title, details)
    texts = [str(one["text"]).strip() for one in given]
    if "" in texts:
        raise graph.missing(part)
    names = [str(one.get("parameter_name", at)) for at, one in enumerate(given, 1)]
    if set(names) != set(wanted):
        raise GraphError(400, 100, "Invalid parameter", "Parameter name is missing")
    return fill(text, dict(zip(names, texts, strict=True)))


def _media(header: Mapping[str, Any], given: Given) -> Media | None:
    if header.get("format") not in _MEDIA:
        return None
    kind = header["format"].lower()
    if len(given) != 1 or given[0]["type"] != kind:
        title, details = "Parameter format does not match", f"header: expected {kind}"
        raise GraphError(400, 132012, title, details)
    return graph.media(kind, given[0][kind])


def _buttons(buttons: Given, given: Given) -> list[Button]:
    values = {
        int(one["index"]): one["parameters"][0]
        for one in given
        if one["type"].lower() == "button"
    }
    if any(index >= len(buttons) for index in values):
        raise GraphError(400, 132018, "Template parameters are wrong", "button index")
    return [_button(at, one, values.get(at)) for at, one in enumerate(buttons)]


def _button(
    index: int, button: Mapping[str, Any], given: Mapping[str, Any] | None
) -> Button:
    text = button.get("text", "Copy code")
    match button["type"]:
        case "QUICK_REPLY":
            payload = given["payload"] if given else text
            return Button(kind=ButtonKind.REPLY, text=text, value=payload)
        case "URL":
            value = _value(index, bool(slots(button["url"])), given, "text")
            url = fill(button["url"], {"1": value})
            return Button(kind=ButtonKind.LINK, text=text, value=url)
        case "OTP":
            value = _value(index, True, given, "text")
        case _:
            value = _value(index, True, given, "coupon_code")
    return Button(kind=ButtonKind.CODE, text=text, value=value)


def _value(index: int, wanted: bool, given: Mapping[str, Any] | None, name: str) -> str:
    if wanted and given is None:
        raise graph.missing(f"buttons: Button at index {index} requires a parameter")
    if given and not wanted:
        details = f"Button at index {index} takes no parameter"
        raise GraphError(400, 132018, "Template parameters are wrong", details)
    return str(given[name]) if given else ""
