"""From what a reminder says to what one person gets on one channel."""

from collections.abc import Mapping
from typing import Any

from core.cascade.model import Channel
from core.errors import ContentError
from core.message.content import (
    ButtonKind,
    ButtonParameter,
    Content,
    Email,
    Parameter,
    Template,
    Text,
)
from core.message.template import render


def compose(
    stored: Mapping[str, Any], channel: Channel, fields: Mapping[str, str]
) -> Content:
    """Fill in one channel's content. `stored` is its part of a reminder's definition.

    Raises ContentError naming what is missing.
    """
    if not stored:
        raise ContentError(f"this message says nothing for {channel}")
    if channel is Channel.WHATSAPP:
        return _template(stored, fields)
    return Text(text=render(stored["text"], fields))


def _template(stored: Mapping[str, Any], fields: Mapping[str, str]) -> Template:
    return Template(
        template=stored["template"],
        language=stored["language"],
        header=_parameters(stored["header"], fields),
        body=_parameters(stored["body"], fields),
        buttons=tuple(
            text and _link(render(text, fields)) for text in stored["buttons"]
        ),
    )


def _link(end: str) -> ButtonParameter:
    return ButtonParameter(kind=ButtonKind.LINK, value=end)


def _parameters(
    stored: list[Mapping[str, Any]], fields: Mapping[str, str]
) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(text=render(one["text"], fields), name=one["name"]) for one in stored
    )


def in_short(content: Content) -> str:
    """What a person got, for the timeline: the text, or the template and its values."""
    if isinstance(content, Text | Email):
        return content.text
    values = " · ".join(one.text for one in (*content.header, *content.body))
    return f"{content.template}: {values}" if values else content.template
