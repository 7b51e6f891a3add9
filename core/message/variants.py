"""Which of a message's words one person gets on one channel.

A message as it is stored: what it says everywhere, below a channel's name what it says there
instead, and below `languages` the same again. What is said in the person's language comes
first, even where another language has words for the channel.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from core.message.reader import tags
from core.values import dataclass

Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What is said in one language: `here` on the channel alone, `anywhere` on all of them."""

    language: str
    here: Said
    anywhere: Said


@dataclass(frozen=True)
class Variant:
    """A message for one person on one channel: the layer that counts most comes first."""

    layers: tuple[Layer, ...]

    def here(self, key: str) -> Any:
        """What is said on this channel alone, or None."""
        return self._here.get(key)

    def anywhere(self, key: str) -> Any:
        """What is said on all channels, or None."""
        return self._anywhere.get(key)

    def said(self, key: str) -> Any:
        """What is said, in the person's language rather than for the channel; or None."""
        return self._said.get(key)

    @cached_property
    def template(self) -> str:
        """The template with its language, which a provider may refuse by itself, or `""`."""
        if not self.here("template"):
            return ""
        parts = (self.here("template"), self.here("language"))
        return "/".join(filter(None, parts))

    @cached_property
    def _here(self) -> Said:
        return _laid(one.here for one in self.layers)

    @cached_property
    def _anywhere(self) -> Said:
        return _laid(one.anywhere for one in self.layers)

    @cached_property
    def _said(self) -> Said:
        return _laid({**one.anywhere, **one.here} for one in self.layers)

    def rank(self, key: str) -> int:
        """The place of the layer that says something, the number of layers if none does."""
        for index, layer in enumerate(self.layers):
            if key in layer.here or key in layer.anywhere:
                return index
        return len(self.layers)

    def language(self, key: str) -> str:
        """The language that something is said in, `""` if that is not told."""
        at = self.rank(key)
        return self.layers[at].language if at < len(self.layers) else ""


def variant(content: Said, channel: str, locale: str) -> Variant:
    """A stored message for a person who reads `locale` (as `it` or `pt_BR`)."""
    if getattr(content, "__hash__", None):  # it is the same for thousands
        return _variant(content, channel, locale)
    return Variant(tuple(_layers(content, channel, locale)))


@lru_cache(maxsize=1024)
def _variant(content: Any, channel: str, locale: str) -> Variant:
    return Variant(tuple(_layers(content, channel, locale)))


def template_of(content: Said, channel: str, locale: str) -> str:
    """The template with its language, which a provider may refuse by itself, or `""`."""
    return variant(content, channel, locale).template


def _laid(layers: Iterable[Said]) -> Said:
    """One above the other: what the first one says counts."""
    return {key: said for one in reversed([*layers]) for key, said in one.items()}


def _layers(content: Said, channel: str, locale: str) -> Iterator[Layer]:
    others: Mapping[str, Said] = content.get("languages", {})
    for tag in tags(locale):
        if tag in others:
            yield _layer(others[tag], channel, tag)
    yield _layer(content, channel, content.get("language", ""))


def _layer(said: Said, channel: str, language: str) -> Layer:
    return Layer(language=language, here=said.get(channel, {}), anywhere=said)
