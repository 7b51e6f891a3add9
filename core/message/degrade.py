"""What a channel cannot show, said in its text."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from core.cascade.status import Until
from core.errors import ContentError
from core.message.content import Button, ButtonKind, Media, MediaKind, Text


class Able(Protocol):
    """What a provider can do on a channel; see `core.ports.Capabilities`."""

    @property
    def reports(self) -> frozenset[Until]:
        """What it tells of a message."""
        ...

    @property
    def text(self) -> int:
        """How many characters a text may have, 0 if only templates are sent."""
        ...

    @property
    def templates(self) -> bool:
        """Whether it sends templates."""
        ...

    @property
    def media(self) -> frozenset[MediaKind]:
        """What can be attached."""
        ...

    @property
    def buttons(self) -> frozenset[ButtonKind]:
        """Which buttons a text may have."""
        ...

    @property
    def most_buttons(self) -> int:
        """How many."""
        ...


def degraded(
    whole: Text, able: Able, language: str, *, links: bool = True, bare: bool = False
) -> Text:
    """The text as it can be sent there, in `language`; what cannot be shown stands below it.

    With `bare` nothing but text is. A picture is a link then, or nothing without `links`.
    Raises ContentError where it is too much: nothing is left out silently.
    """
    if not whole.text.strip():
        raise ContentError("its text is empty")
    media = whole.media if whole.media and whole.media.kind in able.media else None
    kept = tuple(one for one in whole.buttons if one.kind in able.buttons)
    shown = Text(text=whole.text) if bare else replace(whole, media=media, buttons=kept)
    if len(shown.buttons) > able.most_buttons:
        problem = f"it has {len(kept)} buttons, and {able.most_buttons} can be shown"
        raise ContentError(problem)
    lost = [one for one in whole.buttons if one not in shown.buttons]
    picture = whole.media if links and not shown.media else None
    lines = [*_lines(whole.text, picture, lost), _hint(lost, able, language)]
    text = "\n".join(filter(None, [whole.text, *lines]))
    return within(replace(shown, text=text), able)


def within(text: Text, able: Able) -> Text:
    """The same text. Raises ContentError if it is longer than the provider takes."""
    if not able.text:
        raise ContentError("only templates can be sent here")
    if len(text.text) > able.text:
        length = f"it has {len(text.text)} characters"
        raise ContentError(f"{length}, and at most {able.text} can be sent here")
    return text


def _lines(text: str, media: Media | None, buttons: list[Button]) -> Iterator[str]:
    """What stands below a text, unless it is said in it."""
    words = {word.strip(_PUNCTUATION) for word in text.split()}
    if media and media.url not in words:
        yield _labelled(media.name, media.url)
    for one in buttons:
        if one.kind is not ButtonKind.REPLY and one.value not in words:
            yield _labelled(one.text, one.value)


_PUNCTUATION = ".,;:!?()\"'“”"


def _labelled(label: str, value: str) -> str:
    return f"{label}: {value}" if label else value


def _hint(buttons: list[Button], able: Able, language: str) -> str:
    """What to answer, where one can."""
    words = [one.text for one in buttons if one.kind is ButtonKind.REPLY]
    if not words or Until.REPLIED not in able.reports:
        return ""
    told = HINTS.get(language.partition("_")[0], HINTS["en"])
    return f"{told}: {' / '.join(words)}"


# How to ask for an answer, by ISO 639 code.
HINTS: Mapping[str, str] = {
    "en": "Reply",
    "it": "Rispondi",
    "de": "Antworten mit",
    "fr": "Répondre",
    "es": "Responder",
    "pt": "Responder",
    "nl": "Antwoord",
    "sv": "Svara",
    "no": "Svar",
    "nb": "Svar",
    "da": "Svar",
    "fi": "Vastaa",
    "pl": "Odpowiedz",
    "tr": "Yanıtla",
    "el": "Απάντηση",
    "ru": "Ответить",
    "uk": "Відповісти",
    "ar": "الرد",
    "he": "להשיב",
    "hi": "उत्तर दें",
}
