"""The languages that people read: gettext catalogues, and whose turn it is.

Everything that can be translated is listed by `tests.catalogues`, which also writes the
catalogues in `locale` anew.
"""

from functools import cache
from gettext import translation
from pathlib import Path
from typing import Any, Final

from flask import has_request_context, request

from core.cascade.explain import Translate

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "de", "it")
CATALOGUES: Final = Path(__file__).parent / "locale"

_IN_ENGLISH: Final = "sandbox"  # whose pages are not translated


@cache
def translator(language: str) -> Translate:
    """From English to a language, sentence by sentence."""
    if language == ENGLISH:
        return str
    return translation("everreach", CATALOGUES, [language]).gettext


def language() -> str:
    """The language of the page that is being made."""
    if not has_request_context() or request.blueprint == _IN_ENGLISH:
        return ENGLISH
    return request.accept_languages.best_match(LANGUAGES) or ENGLISH


def translate(text: str, **words: Any) -> str:
    """A text in the language of the page that is being made, with words in its places."""
    told = translator(language())(text)
    return told.format_map(words) if words else told
