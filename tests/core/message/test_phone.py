"""Which numbers we trust."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from core.message.phone import NoPhone, country_zone, find_phone, mask


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


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("SE", "Europe/Stockholm"),
        ("DE", "Europe/Berlin"),  # Büsingen's clocks show the same
        ("JM", "America/Jamaica"),  # +1, but not the United States
        ("US", ""),  # an area code says where the number is from, not the person
        ("ES", ""),  # the Canaries have another clock
        ("001", ""),  # of no country
    ],
)
def test_a_number_has_a_zone_if_its_country_has_one(country: str, zone: str) -> None:
    number = (
        phonenumbers.example_number_for_non_geo_entity(800)
        if country == "001"
        else phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    )
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)

    assert country_zone(e164) == zone
