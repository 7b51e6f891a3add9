"""What a message may do with a field: amounts, dates and names as the reader writes them.

Spaces that must not break, and curly apostrophes, are plain ones here: one of them would make
a whole SMS Unicode.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency
from jinja2 import pass_context
from jinja2.runtime import Context

from core.errors import ContentError
from core.message.reader import Reader, tags

READER, CURRENCY = " reader", " currency"  # no field has such a name
STYLES = ("short", "medium", "long", "full")
_UNBROKEN = str.maketrans({**dict.fromkeys("\u00a0\u2009\u202f", " "), "’": "'"})
_MOST = 10**12


@pass_context
def money(context: Context, value: object, currency: str = "") -> str:
    """An amount such as `49.90` with its currency: the one given, or the event's."""
    code = str(currency or context[CURRENCY]).upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise ContentError(
            "the currency of an amount is not known; say it: money('EUR')"
        )
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ContentError("money is for amounts such as 49.90") from None
    if not amount.is_finite() or abs(amount) > _MOST:
        raise ContentError("money is for amounts such as 49.90")
    told = format_currency(amount, code, locale=_locale(_reader(context)))
    # https://unicode.org/reports/tr35/tr35-numbers.html#Currencies: letters stand apart.
    return re.sub(r"(?<=[A-Z])(?=[0-9])", " ", _plain(told))


@pass_context
def short(context: Context, value: object) -> str:
    """A web address as a short one of our own, which tells whether it was opened."""
    return _reader(context).shortener.shorten(str(value))


@pass_context
def short_code(context: Context, value: object) -> str:
    """Only the end of that short address: a template's button has its beginning."""
    return _reader(context).shortener.code(str(value))


@pass_context
def date_(context: Context, value: object, style: str = "long") -> str:
    """The day: `24 November 2026`."""
    day, reader = _day(context, value), _reader(context)
    return _plain(format_date(day, _style(style), locale=_locale(reader)))


@pass_context
def weekday(context: Context, value: object) -> str:
    """The day of the week: `Tuesday`."""
    day, reader = _day(context, value), _reader(context)
    return _plain(format_date(day, "EEEE", locale=_locale(reader)))


@pass_context
def time(context: Context, value: object, style: str = "short") -> str:
    """The time of day: `10:00`."""
    at, reader = _moment(context, value), _reader(context)
    return _plain(format_time(at, _style(style), at.tzinfo, locale=_locale(reader)))


@pass_context
def datetime_(context: Context, value: object, style: str = "medium") -> str:
    """The day and the time of day: `24 Nov 2026, 10:00`."""
    at, reader = _moment(context, value), _reader(context)
    day = _style(style)
    told = format_datetime(at, _pattern(day, reader), at.tzinfo, locale=_locale(reader))
    return _plain(told)


def name(value: object, which: str = "all") -> str:
    """A name as people write it; typed in one case only, it gets its capitals.

    `name('first')` is its first word.
    """
    words = str(value).split()
    if which not in ("all", "first"):
        raise ContentError("name is 'first' or 'all'")
    text = " ".join(words[:1] if which == "first" else words)
    return text.title() if text.isupper() or text.islower() else text


FILTERS: Mapping[str, Callable[..., Any]] = {
    "money": money,
    "date": date_,
    "time": time,
    "datetime": datetime_,
    "weekday": weekday,
    "name": name,
    "short": short,
    "short_code": short_code,
}


def _reader(context: Context) -> Reader:
    reader: Reader = context[READER]
    return reader


def _moment(context: Context, value: object) -> datetime:
    text = str(value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ContentError(
            "dates and times are for fields that hold a moment"
        ) from None
    if len(text) <= len("2026-11-24"):
        raise ContentError(f"{text} is a day without a time")
    zone = ZoneInfo(_reader(context).zone)
    return at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)


def _day(context: Context, value: object) -> date:
    try:
        return date.fromisoformat(str(value))  # a day without a time is one everywhere
    except ValueError:
        return _moment(context, value).date()


def _style(style: str) -> Any:
    if style not in STYLES:
        raise ContentError(f"{style!r} is not a style; there are: {', '.join(STYLES)}")
    return style


def _pattern(style: str, reader: Reader) -> str:
    """A date in some style, and always a short time: nobody needs the seconds."""
    locale = _locale(reader)
    joined = str(locale.datetime_formats[style])
    day, clock = locale.date_formats[style], locale.time_formats["short"]
    return joined.replace("{0}", clock.pattern).replace("{1}", day.pattern)


@lru_cache(maxsize=256)
def _known(locale: str) -> Locale:
    for tag in tags(locale):
        try:
            return Locale.parse(tag)
        except UnknownLocaleError:
            continue
    return Locale("en")


def _locale(reader: Reader) -> Locale:
    return _known(reader.locale)


def _plain(text: str) -> str:
    return text.translate(_UNBROKEN)
