"""Which numbers we trust."""

import pytest

from core.message.phone import NoPhone, find_phone, mask


@pytest.mark.parametrize(
    ("text", "countries", "e164"),
    [
        ("+46701740605", [], "+46701740605"),
        ("0046 70 174 06 05", [], "+46701740605"),
        ("070-174 06 05", ["SE"], "+46701740605"),
        ("(202) 555-0123", ["US"], "+12025550123"),
        ("46701740605", ["SE"], "+46701740605"),
        ("+46 70 174 06 05", ["IT"], "+46701740605"),
        ("070-174 06 05", ["se"], "+46701740605"),
    ],
)
def test_a_certain_number_becomes_e164(
    text: str, countries: list[str], e164: str
) -> None:
    assert find_phone([text], countries) == e164


@pytest.mark.parametrize(
    ("text", "countries", "reason"),
    [
        ("555-555-SHIP", ["US"], "not a phone number in US"),
        ("070-174 06 05", [], "no country to go by"),
        ("46701740605", ["DE"], "ambiguous"),
        ("+4670", [], "not a phone number"),
        ("070-174 06 05 ext. 9", ["SE"], "not a phone number in SE"),
    ],
)
def test_an_uncertain_number_is_a_reason(
    text: str, countries: list[str], reason: str
) -> None:
    found = find_phone([text], countries)

    assert isinstance(found, NoPhone)
    assert reason in found.reason


def test_the_first_certain_number_wins() -> None:
    assert find_phone(["12", "", "+46701740605"], ["SE"]) == "+46701740605"


def test_the_first_problem_is_told() -> None:
    assert find_phone([" ", "12"], ["SE"]) == NoPhone("12 is not a phone number in SE")


def test_no_number_is_a_reason() -> None:
    assert find_phone([], ["SE"]) == NoPhone("no phone number")


def test_a_number_is_masked_to_its_last_three() -> None:
    assert mask("+46701740605") == "•••••••••605"
