"""The Content templates of the sandbox's Twilio account.

https://www.twilio.com/docs/content/using-variables-with-content-api
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.message.content import Button, ButtonKind, Media, MediaKind
from webapp.sandbox.twilio.errors import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a person sees of a message."""

    text: str
    media: Media | None = None
    buttons: tuple[Button, ...] = ()


_TRACK = Button(
    kind=ButtonKind.LINK, text="Track it", value="https://track.example/{{3}}"
)
_YES = Button(kind=ButtonKind.REPLY, text="Yes, I am coming", value="confirm")
_LATER = Button(kind=ButtonKind.REPLY, text="Another time", value="reschedule")
_PICTURE = Media(kind=MediaKind.IMAGE, url="https://shop.example/{{1}}")

TEMPLATES: Mapping[str, Shown] = {
    f"HX{number:032x}": shown
    for number, shown in enumerate(
        (
            Shown(text="Hi {{1}}, {{2}} is on its way.", buttons=(_TRACK,)),
            Shown(text="Hi {{1}}, are you coming {{2}}?", buttons=(_YES, _LATER)),
            Shown(text="Hi {{2}}, this has just come in.", media=_PICTURE),
            Shown(text="Hello {{name}}, your code is {{code}}."),
        ),
        start=1,
    )
}


def shown(sid: str, variables: str) -> Shown:
    """A template with its variables filled in. Raises TwilioError."""
    if sid not in TEMPLATES:
        raise refused(21655, "The ContentSid is Invalid")
    values = _read(variables)
    found = TEMPLATES[sid]
    buttons = (replace(it, value=_fill(it.value, values)) for it in found.buttons)
    media = found.media and replace(found.media, url=_fill(found.media.url, values))
    text = _fill(found.text, values)
    return Shown(text=text, media=media, buttons=tuple(buttons))


def _read(variables: str) -> Mapping[str, str]:
    try:
        values = json.loads(variables or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(map(_is_value, values.values())):
        raise refused(21656, "The ContentVariables Parameter is invalid")
    return values


def _is_value(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _fill(text: str, values: Mapping[str, str]) -> str:
    """A variable that was not given keeps its sample, for which its name stands here."""
    return re.sub(r"\{\{(\w+)\}\}", lambda it: values.get(it[1], it[1]), text)
