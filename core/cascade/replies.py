"""What a person's reply means: an answer to what we asked, a word about being written to.

Only a whole message is taken for a word, whatever its case, accents and punctuation: "please
do not stop" must not stop anything.
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from core.cascade import words
from core.cascade.words import Words
from core.values import dataclass


class StopWord(StrEnum):
    """A word about being written to at all."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Answer(StrEnum):
    """An answer about the occasion."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a reply means. Both may be set: CANCEL is an answer, and a carrier's STOP."""

    answer: Answer | None
    word: StopWord | None


def read_reply(text: str, carrier: StopWord | None = None) -> Meaning:
    """What a reply means to us, and `carrier`'s word where a carrier has acted on it."""
    return Meaning(answer=_ANSWERS.get(_plain(text)), word=carrier or meaning(text))


def meaning(text: str) -> StopWord | None:
    """The word that a whole message is, in any of the languages."""
    return _STOP_WORDS.get(_plain(text))


# Letters that differ only by a stroke or a dot, which no decomposition takes away.
_PLAINER = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "æ": "ae"})


def _plain(text: str) -> str:
    """A text without case, accents, punctuation, pictures and surplus spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    kept = (_letter(character) for character in decomposed.translate(_PLAINER))
    return " ".join("".join(kept).split())


def _letter(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Mn", "Me", "Cf"):
        return ""
    return character if kind[0] in "LNM" else " "


Meant = TypeVar("Meant")


def _by_word(lists: Mapping[Meant, Words]) -> dict[str, Meant]:
    return {
        _plain(word): meant
        for meant, languages in lists.items()
        for listed in languages.values()
        for word in listed.split(",")
    }


_STOP_WORDS = _by_word(
    {
        StopWord.HELP: words.HELP,
        StopWord.START: words.START,
        StopWord.STOP: words.STOP,
    }
)
_ANSWERS = _by_word(
    {
        Answer.CONFIRM: words.CONFIRM,
        Answer.CANCEL: words.CANCEL,
        Answer.RESCHEDULE: words.RESCHEDULE,
    }
)
