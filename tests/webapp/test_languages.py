"""Everything that is said in English is said in the other languages."""

import re
from datetime import UTC

import pytest

from core.cascade.explain import accepted_sentence, half_sentence, sentence
from core.cascade.sentences import SAID
from core.message.phone import NoPhone, find_phone
from core.services import events, replies
from tests.catalogues import (
    OTHERS,
    as_mo,
    as_po,
    brought_up_to_date,
    english,
    mo,
    places,
    po,
    stored,
)
from webapp import cli
from webapp.languages import CATALOGUES, LANGUAGES, translator


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_the_same_places(language: str) -> None:
    said = translator(language)
    wrong = [
        text
        for text in english()
        if said(text) in ("", None) or places(said(text)) != places(text)
    ]
    untranslated = [text for text in english() if " " in text and "{count}" not in text]

    assert wrong == []
    assert [text for text in untranslated if said(text) == text] == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogues_are_up_to_date(language: str) -> None:
    hint = "python -m tests.catalogues"
    assert as_po(brought_up_to_date(stored(language))) == po(language).read_bytes(), (
        hint
    )
    assert as_mo(language) == mo(language).read_bytes(), hint


def test_the_languages_are_those_that_have_a_catalogue() -> None:
    assert {path.name for path in CATALOGUES.iterdir()} == set(OTHERS)
    (option,) = (one for one in cli.messages.params if one.name == "language")
    assert tuple(option.type.choices) == LANGUAGES  # type: ignore[attr-defined]


def _reasons() -> list[str]:
    asked = [
        ([], []),
        (["+4670"], []),
        (["070-174 06 05"], []),
        (["555-555-SHIP"], ["US"]),
        (["39 06 6988 4857"], ["SE"]),
    ]
    found = [find_phone(*one) for one in asked]
    return [one.reason for one in found if isinstance(one, NoPhone)]


@pytest.mark.parametrize(
    "said",
    [
        *_reasons(),
        events.MOVED,
        replies.STOPPED,
        replies.PREFERENCE,
        "they answered “CANCEL\nplease”",
        "code 21610",
    ],
)
def test_what_is_stored_as_it_was_said_is_translated_too(said: str) -> None:
    told = half_sentence(said, translator("it"))

    assert told != said
    assert set(re.findall(r"•+\d+|CANCEL|21610|\bUS\b", told)) == set(
        re.findall(r"•+\d+|CANCEL|21610|\bUS\b", said)
    )


def test_every_form_is_found_by_its_own_words() -> None:
    for text in SAID:
        filled = text.format_map({name: f"<{name}>" for name in places(text)})
        assert half_sentence(filled, lambda one: f"={one}") == f"={filled}"
    assert half_sentence("a form at the desk", translator("it")) == "a form at the desk"


def test_times_are_told_by_their_own_clock_and_its_place_by_its_name() -> None:
    facts = {"at": "2026-11-24T08:00:00+00:00", "why": "full", "channel": "sms"}

    assert " 2026-11-24 08:00:" in sentence("held", facts, UTC)
    there = {**facts, "zone": "Europe/Rome"}
    assert " 2026-11-24 09:00 (Rome):" in sentence("held", there, UTC)


def test_nothing_said_is_not_the_head_of_the_catalogue() -> None:
    facts = {"obstacle": "opted_out", "channel": "sms", "since": "2026-11-24T08:00Z"}
    told = sentence("passed_over", facts, UTC, translator("it"))

    assert "Language" not in told


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_is_told_in_each_language(language: str) -> None:
    facts = {"channel": "sms", "detail": "", "code": "190", "class": "halt"}
    told = sentence("failed", facts, UTC, translator(language))

    assert "SMS" in told
    assert "no reason given" not in told
    assert "{" not in told


def test_a_sentence_begins_with_a_capital_whatever_its_channel() -> None:
    facts = {"channel": "email", "attempt": 0}

    assert sentence("sent", facts, UTC) == "Sent by email."
    assert sentence("late", facts, UTC).startswith("Email arrived late")
    assert accepted_sentence("email") == "Email's provider accepted it."
