"""Why each thing happened, as one plain sentence from what was stored.

`translate` takes the English sentence with its {placeholders} and gives another language's.
Everything that it can be given stands in `sentences`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from core.cascade.commands import Because
from core.cascade.model import Fact
from core.cascade.sentences import (
    ACCEPTED,
    ANYWAY,
    AS_TEXT,
    CHANNELS,
    NO_REASON,
    NO_TEXT,
    QUIET_AHEAD,
    SAID,
    SENTENCES,
    UNKNOWN,
    WORDS,
    WROTE,
)

Translate = Callable[[str], str]

_DECIDED_BY = {
    Because.PLANNED: "why",
    Because.TRYING: "why",
    Because.HELD: "why",
    Because.FINISHED: "outcome",
    Because.FAILED: "class",
    Because.PASSED_OVER: "obstacle",
    Because.SENDER_PASSED_OVER: "obstacle",
}


def sentence(
    because: str, facts: Mapping[str, Fact], zone: tzinfo, translate: Translate = str
) -> str:
    """The sentence for one note. Times are told in `zone`, unless the note has its own."""
    template = SENTENCES[_key(because, facts)]
    words = _words(facts, translate) | _times(facts, zone, "{place}" in template)
    form = translate(template)
    told = _told(form, words)
    if because != Because.TRYING:
        return told
    if facts.get("anyway"):
        return _extended(ANYWAY, told, words, translate)
    if facts.get("quiet_from"):
        return _extended(QUIET_AHEAD, told, words, translate)
    return told


def reply_sentence(
    channel: str,
    text: str,
    *,
    answer: str | None = None,
    word: str | None = None,
    carrier: str | None = None,
    translate: Translate = str,
) -> str:
    """The sentence for what a person wrote, and what we and the carrier make of it."""
    meant = [("answer", answer), ("carrier", carrier) if carrier else ("word", word)]
    told = [translate(WORDS[kind][means]) for kind, means in meant if means]
    parts = dict(zip(("one", "other"), told, strict=False))
    said = text.strip() or translate(NO_TEXT)
    return translate(WROTE[len(told)]).format(
        channel=CHANNELS[channel], text=said, **parts
    )


def accepted_sentence(channel: str, translate: Translate = str) -> str:
    """The sentence for a provider's yes."""
    return _told(translate(ACCEPTED), {"channel": CHANNELS[channel]})


def text_sentence(ago: timedelta, translate: Translate = str) -> str:
    """The sentence for what goes out as a text because its reader has just written."""
    return translate(AS_TEXT).format(ago=in_words(ago, translate))


def moment(facts: Mapping[str, Fact], zone: tzinfo) -> str:
    """The moment that a note is about: by its own clock, which is named if it is another."""
    return _times(facts, zone, place_is_told=False)["at"]


def half_sentence(said: str, translate: Translate) -> str:
    """What is stored as it was first said, in another language if it is known there."""
    if said in SAID:
        return translate(said)
    for template, form in _FORMS:
        if found := form.fullmatch(said):
            return translate(template).format_map(found.groupdict())
    return said


def _forms() -> Iterator[tuple[str, re.Pattern[str]]]:
    for template in SAID:
        if "{" in template:
            form = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template))
            yield template, re.compile(form, re.DOTALL)


_FORMS = tuple(_forms())


def _key(because: str, facts: Mapping[str, Fact]) -> str:
    fact = _DECIDED_BY.get(Because(because))
    return f"{because}.{facts[fact]}" if fact else str(because)


def _told(form: str, words: Mapping[str, Any]) -> str:
    told = form.format_map(words)
    # `email` is small within a sentence.
    return told[:1].upper() + told[1:] if form.startswith("{channel}") else told


def _extended(
    template: str, told: str, words: Mapping[str, Any], translate: Translate
) -> str:
    return translate(template).format_map({**words, "sentence": told.removesuffix(".")})


def _words(facts: Mapping[str, Fact], translate: Translate) -> dict[str, Any]:
    words: dict[str, Any] = dict(facts)
    for name in ("channel", "after"):
        words[name] = CHANNELS.get(str(facts.get(name)), facts.get(name))
    for name in ("wait", "after_wait", "waited"):
        span = timedelta(seconds=float(facts.get(name) or 0))
        words[name] = in_words(span, translate)
    for name, kind in _KINDS.items():
        known = WORDS[kind].get(str(facts.get(name)))
        words[name] = translate(known) if known else ""
    source = WORDS["zone_source"].get(str(facts.get("zone_source")))
    words["clock"] = translate(source) if source else ""
    for name in ("reason", "source"):
        words[name] = half_sentence(str(facts.get(name) or ""), translate)
    words["known"] = facts.get("known") or translate(UNKNOWN)
    detail = str(facts.get("detail") or "").rstrip(". ")
    words["detail"] = mask_numbers(detail) or translate(NO_REASON)
    return words


_KINDS = {
    "until": "until",
    "after_until": "until",
    "status": "status",
    "purpose": "purpose",
}


def mask_numbers(text: str) -> str:
    """A provider's words without the phone numbers in them."""
    return re.sub(r"\+\d{4,12}(?=\d{3})", lambda found: "•" * len(found[0]), text)


def _times(
    facts: Mapping[str, Fact], zone: tzinfo, place_is_told: bool
) -> dict[str, str]:
    own = str(facts.get("zone") or "")
    clock, place = ZoneInfo(own) if own else zone, own.rpartition("/")[2]
    told = {"place": place.replace("_", " ")}
    if due_at := facts.get("due_at"):
        told["due_at"] = _local(due_at, clock, "%H:%M:%S")
    for name, fact in _TIMES:
        if at := facts.get(fact):
            told[name] = _local(at, clock)
            if not place_is_told and told[name] != _local(at, zone):
                told[name] += f" ({told['place']})"
    return told


_TIMES = (("at", "at"), ("at", "start_at"), ("since", "since"), ("due", "due_at"))


def _local(fact: Fact, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromisoformat(str(fact)).astimezone(zone).strftime(form)


def in_words(duration: timedelta, translate: Translate = str) -> str:
    """`1 h 5 min`, `30 min`, `5 min 9 s`, `0 s`: at most two parts."""
    seconds = round(duration.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((count, unit))
    return " ".join(
        translate(WORDS["unit"][unit]).format(count=count)
        for count, unit in parts[:2] or [(0, "s")]
    )
