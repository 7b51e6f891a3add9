"""Telephone numbers as platforms give them, and E.164 as providers want them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from core.values import dataclass


@dataclass(frozen=True, slots=True)
class NoPhone:
    """There is no number that we may trust, and why."""

    reason: str


def find_phone(phones: Iterable[str], countries: Iterable[str]) -> str | NoPhone:
    """The first number that is certain, as E.164.

    `phones` are free text, best first; `countries` are ISO 3166 codes to read them by, best
    first. A number with its country code needs no country.
    """
    first: NoPhone | None = None
    places = [country.upper() for country in countries if country]
    for phone in phones:
        if not phone.strip():
            continue
        found = _read(phone.strip(), places)
        if isinstance(found, str):
            return found
        first = first or found
    return first or NoPhone("no phone number")


def country_zone(e164: str) -> str:
    """The time zone of a number's country, `""` if it has several.

    Not by area code: people keep their number when they move.
    """
    return _one_zone(_country_within(e164))


def country_of(e164: str) -> str:
    """The country of a number, `""` if there is none to it.

    Most calling codes belong to one country, and then the rest of the number is not read.
    """
    for end in (2, 3, 4):
        if places := phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(e164[1:end])):
            return places[0] if len(places) == 1 else _country_within(e164) or places[0]
    return ""


def _country_within(e164: str) -> str:
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164, None)) or ""


@cache
def _one_zone(country: str) -> str:
    zones = [zone for place, zone in _zones() if place == country]
    return zones[0] if len({_offsets(zone) for zone in zones}) == 1 else ""


@cache
def _zones() -> tuple[tuple[str, str], ...]:
    """Every country's zones, its main one first.

    https://data.iana.org/time-zones/tzdb/zone.tab: country, coordinates, zone, comment.
    """
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line[:1] != "#")
    return tuple((row[0], row[2]) for row in rows)


def _offsets(zone: str) -> tuple[timedelta | None, ...]:
    # Today's rules hold in all later years, so one of them tells zones apart.
    first = datetime(2035, 1, 1, 12, tzinfo=ZoneInfo(zone))
    return tuple((first + timedelta(days=day)).utcoffset() for day in range(365))


def _read(phone: str, countries: list[str]) -> str | NoPhone:
    if phone.startswith(("+", "00")):
        number = _valid("+" + phone.removeprefix("+").removeprefix("00"), None)
        return number or NoPhone(f"{mask(phone)} is not a phone number")
    if not countries:
        return NoPhone(
            f"{mask(phone)} has no country code and there is no country to go by"
        )
    # The best evidence decides alone: a number that does not fit the shipping country but
    # happens to fit another would reach a stranger.
    here = _valid(phone, countries[0])
    abroad = _valid(f"+{phone}", None)
    if abroad and abroad != here and (not here or _is_landline(here)):
        return NoPhone(
            f"{mask(phone)} is ambiguous: no mobile number in {countries[0]}, but it would be "
            f"a number abroad if a + is missing"
        )
    return here or NoPhone(f"{mask(phone)} is not a phone number in {countries[0]}")


def _valid(text: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_landline(e164: str) -> bool:
    kind = phonenumbers.number_type(phonenumbers.parse(e164, None))
    return kind == PhoneNumberType.FIXED_LINE


def mask(phone: str) -> str:
    """All but the last three characters hidden."""
    return "•" * max(len(phone) - 3, 0) + phone[-3:]
