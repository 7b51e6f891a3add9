"""A preview in the terminal: `everreach preview`."""

from collections.abc import Iterator

from core.cascade.sentences import CHANNELS
from core.message.compose import Composed
from core.message.content import ButtonKind, Email, Media, Template, Text
from core.message.sms import Encoding
from core.services.lengths import length_of
from core.services.previews import Preview

_SIGNS = {ButtonKind.LINK: "↗", ButtonKind.REPLY: "↩", ButtonKind.CODE: "⧉"}
_ALPHABETS = {Encoding.GSM7: "GSM 7-bit", Encoding.UCS2: "Unicode"}


def told(preview: Preview) -> str:
    """One channel: its name, what it says, and how long that is."""
    window = " (within 24 hours of the person's own)" if preview.open_window else ""
    by = f" by {preview.provider}" if preview.provider else ""
    lines = [f"{CHANNELS[preview.channel]}{by}{window}"]
    if preview.composed:
        lines += [f"    {line}" for line in _lines(preview.composed)]
    else:
        lines.append(f"    cannot go out: {preview.problem}")
    return "\n".join([*lines, ""])


def _lines(composed: Composed) -> Iterator[str]:
    match composed.content:
        case Template() as template:
            yield from _template(template)
        case Email() as email:
            yield f"Subject: {email.subject}"
            yield from email.text.splitlines()
            if email.html:
                yield f"and {len(email.html)} characters of HTML"
        case Text() as text:
            yield from _media(text.media)
            yield from text.text.splitlines()
            for button in text.buttons:
                sign = _SIGNS[button.kind]
                yield f"[{button.text}] {sign} {button.value}"
    yield from _length(composed)


def _template(template: Template) -> Iterator[str]:
    language = f" in {template.language}" if template.language else ""
    yield f"the template {template.template}{language}"
    yield from _media(template.media)
    for part, values in (("header", template.header), ("body", template.body)):
        for number, value in enumerate(values, start=1):
            yield f"{part} {value.name or number}: {value.text}"
    for number, button in enumerate(template.buttons, start=1):
        if button:
            yield f"button {number}: {_SIGNS[button.kind]} {button.value}"


def _media(media: Media | None) -> Iterator[str]:
    if media:
        yield f"({media.kind}) {media.name} {media.url}".replace("  ", " ")


def _length(composed: Composed) -> Iterator[str]:
    if parts := composed.parts:
        length = length_of(parts.count, composed.unusual)
        alphabet, units = _ALPHABETS[parts.encoding], parts.units
        yield f"→ {length}: {units} units of {alphabet}, {parts.left} left"
