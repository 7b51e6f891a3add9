"""What a message of a set-up file says, as it is stored: see `core.message.variants`."""

from collections.abc import Iterator, Mapping
from typing import Any

from core import durations
from core.cascade.model import Channel
from core.message.content import ButtonKind, MediaKind
from core.services.setup.findings import Place

Columns = dict[str, Any]
Group = Mapping[str, Any]

# The keys whose values may use fields, wherever they stand in a message.
_TEXTS = {"text", "subject", "html", "header", "body", "buttons", *MediaKind}
_CHANNELS = {*Channel}
_AS_WRITTEN = ("language", "text", "subject", "unshown")


def content_of(message: Group) -> Columns:
    """A message as columns. It has been checked."""
    content = _said(message)
    if "links_live" in message:
        content["links_live"] = durations.to_seconds(message["links_live"])
    if "languages" in message:
        others = message["languages"]
        content["languages"] = {tag: _said(said) for tag, said in others.items()}
    return content


def texts_of(place: Place, said: Group) -> Iterator[tuple[Place, str, bool]]:
    """Every text that may use fields, with its place and whether it is HTML."""
    for key, value in said.items():
        here = (*place, key)
        if key in _TEXTS:
            for where, text in _leaves(here, value):
                yield where, text, key == "html"
        elif key in _CHANNELS and isinstance(value, str):
            yield here, value, False
        elif isinstance(value, dict):
            yield from texts_of(here, value)


def _leaves(place: Place, value: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in items:
            yield from _leaves((*place, step), item)


def _said(said: Group) -> Columns:
    """What is said in one language."""
    common = {key: said[key] for key in _AS_WRITTEN if key in said}
    here = {
        str(channel): _here(said[channel]) for channel in Channel if channel in said
    }
    return {**common, **_around(said), **here}


def _here(said: str | Group) -> Columns:
    """What is said on one channel."""
    if isinstance(said, str):
        return {"text": said}
    kept = {key: it for key, it in said.items() if key not in _SHAPED}
    shaped = {
        part: _parameters(said[part]) for part in ("header", "body") if part in said
    }
    return {**kept, **shaped, **_around(said)}


_SHAPED = {"header", "body", "buttons", *MediaKind}


def _around(said: Group) -> Columns:
    """The picture and the buttons."""
    media = [_media(kind, said[kind]) for kind in MediaKind if kind in said]
    around: Columns = {"media": media[0]} if media else {}
    if "buttons" in said:
        around["buttons"] = [_button(one) for one in said["buttons"]]
    return around


def _media(kind: str, given: str | Group) -> Columns:
    whole = {"url": given} if isinstance(given, str) else given
    return {"kind": str(kind), "url": whole["url"], "name": whole.get("name", "")}


def _button(given: str | Group | None) -> Columns | None:
    if given is None:
        return None
    whole = {"link": given} if isinstance(given, str) else given
    kind = next(one for one in ButtonKind if one in whole)
    return {"kind": str(kind), "value": whole[kind], "text": whole.get("text", "")}


def _parameters(given: list[str] | dict[str, str]) -> list[Columns]:
    if isinstance(given, dict):
        return [{"text": text, "name": name} for name, text in given.items()]
    return [{"text": text, "name": None} for text in given]
