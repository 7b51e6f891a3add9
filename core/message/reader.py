"""For whom a text is: in which language, by which clock."""

import re
from dataclasses import field, replace
from functools import lru_cache
from typing import Self

from core.message.links import Shortener, sample
from core.values import dataclass

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:_(?P<script>[a-z]{4}))?(?:_(?P<region>[a-z]{2}|[0-9]{3}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A person's language as `it` or `pt_BR` (`""` if unknown), time zone and currency.

    `currency` is what an amount is in where nothing else is said; `shortener` makes the short
    links of this person's message.
    """

    locale: str = ""
    zone: str = "UTC"
    currency: str = ""
    shortener: Shortener = field(default_factory=sample, compare=False)

    def reading(self, language: str) -> Self:
        """The same person, reading a text in `language`.

        Who speaks it keeps the habits of their own country.
        """
        own, read = (next(iter(tags(one)), "") for one in (self.locale, language))
        same = own.partition("_")[0] == read.partition("_")[0]
        return self if same or not read else replace(self, locale=read)


@lru_cache(maxsize=1024)
def tags(locale: str) -> tuple[str, ...]:
    """How a language is called, the exact name first: `pt-br` is `pt_BR`, then `pt`.

    Nothing for what is no name of a language.
    """
    found = _TAG.fullmatch(locale.partition(".")[0].replace("-", "_").lower())
    if not found:
        return ()
    language, script, region = found.group("language", "script", "region")
    parts = [script and script.title(), region and region.upper()]
    exact = "_".join(filter(None, [language, *parts]))
    written = [f"{language}_{script.title()}"] if script and region else []
    return tuple(dict.fromkeys([exact, *written, language]))
