"""How a text travels as an SMS, checked against what strangers count."""

import gsm0338
import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from core.message.sms import (
    ALONE,
    BASIC,
    EXTENSION,
    JOINED,
    Encoding,
    Parts,
    parts_of,
    shortest,
    unusual,
)

GSM = st.text(st.sampled_from(sorted(BASIC | EXTENSION)), max_size=700)
# Characters that stand alone: a stranger who knows nothing of joined ones counts them too.
SINGLE = st.text(st.sampled_from("aş€中ж😀𝒳 \n"), min_size=1, max_size=400)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def test_the_alphabet_is_the_one_that_a_stranger_encodes() -> None:
    codec = gsm0338.Codec()

    lengths = {c: len(codec.encode(c)[0]) for c in sorted(BASIC | EXTENSION)}

    assert lengths == {c: 2 if c in EXTENSION else 1 for c in lengths}
    assert (len(BASIC), len(EXTENSION)) == (127, 10)  # the 128th is the escape itself


@given(GSM)
@example("€" * 80)
@example("a" * 152 + "€" + "b" * 10)
def test_gsm_parts_are_those_that_a_stranger_counts(text: str) -> None:
    counted = smsutil.split(text) if text else None
    ours = parts_of(text)

    assert ours.encoding is Encoding.GSM7
    assert ours.count == (len(counted.parts) if counted else 1)
    assert ours.units == (counted.total_bytes if counted else 0)


@given(SINGLE)
def test_unicode_parts_are_those_that_a_stranger_counts(text: str) -> None:
    counted, ours = smsutil.split(text), parts_of(text)

    assert ours.count == len(counted.parts)
    assert (ours.encoding is Encoding.UCS2) == (counted.encoding == "utf_16_be")
    if ours.encoding is Encoding.UCS2:
        assert ours.units == len(text.encode("utf-16-be")) // 2


@given(ANY)
def test_what_is_left_fits_and_no_more(text: str) -> None:
    before = parts_of(text)
    letter = "a" if before.encoding is Encoding.GSM7 else "中"
    filled = parts_of(text + letter * before.left)

    assert (filled.count, filled.left) == (before.count, 0)
    assert parts_of(text + letter * (before.left + 1)).count == before.count + 1


@given(ANY)
def test_parts_are_never_fewer_than_the_units_need(text: str) -> None:
    parts = parts_of(text)

    assert (parts.count == 1) == (parts.units <= ALONE[parts.encoding])
    assert parts.count == 1 or parts.count * JOINED[parts.encoding] >= parts.units


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", Parts(encoding=Encoding.GSM7, count=1, units=0, left=160)),
        ("a" * 160, Parts(encoding=Encoding.GSM7, count=1, units=160, left=0)),
        ("a" * 161, Parts(encoding=Encoding.GSM7, count=2, units=161, left=145)),
        # The two septets of a euro sign stay together: the first part keeps one free.
        (
            "a" * 152 + "€" + "a" * 152,
            Parts(encoding=Encoding.GSM7, count=3, units=306, left=152),
        ),
        ("ş" * 70, Parts(encoding=Encoding.UCS2, count=1, units=70, left=0)),
        ("ş" * 71, Parts(encoding=Encoding.UCS2, count=2, units=71, left=63)),
        # A family of four is one picture of eleven units.
        (
            "ş" * 60 + "👨‍👩‍👧‍👦" + "ş",
            Parts(encoding=Encoding.UCS2, count=2, units=72, left=55),
        ),
    ],
)
def test_limits_are_exact(text: str, parts: Parts) -> None:
    assert parts_of(text) == parts


def test_a_letter_with_more_accents_than_a_part_holds_is_torn_apart() -> None:
    assert parts_of("e" + "\u0301" * 200).count == 3


def test_it_says_what_needs_unicode() -> None:
    assert unusual("Beşiktaş, 5 € – più") == "ş–"


def test_punctuation_is_made_plain_where_that_saves_a_part() -> None:
    long = "“Your parcel” – it’s on its way… " + "a" * 60

    assert shortest(long) == '"Your parcel" - it\'s on its way... ' + "a" * 60


@pytest.mark.parametrize("text", ["“Hello”", "ş" + "…" * 69, "a" * 200])
def test_punctuation_stays_where_nothing_is_saved(text: str) -> None:
    assert shortest(text) == text


@given(ANY)
def test_plain_punctuation_never_costs_a_part(text: str) -> None:
    assert parts_of(shortest(text)).count <= parts_of(text).count
