"""The rate card: which rate counts, and what comes with Everreach."""

from datetime import date, timedelta
from itertools import permutations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.message.money import Money
from core.message.phone import country_of
from core.message.price import ANY, CATEGORIES, Rate, RateCard, category_of, estimate
from core.message.rates import card_of, shipped

DAY = date(2026, 11, 23)
META = "whatsapp_cloud"


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def sms(price: str = "0.05", since: date = DAY, **key: str) -> Rate:
    return Rate(
        channel=Channel.SMS, since=since, price=usd(price), source="test", **key
    )


# --- Which rate counts -----------------------------------------------------------------------

_NAMES = {"country": ("IT", "SE"), "category": ("utility",), "provider": ("a", "b")}
_RATES = st.builds(
    sms,
    price=st.integers(0, 99).map(lambda cents: f"0.{cents:02}"),
    since=st.integers(-2, 2).map(lambda days: DAY + timedelta(days=days)),
    **{name: st.sampled_from((*known, ANY)) for name, known in _NAMES.items()},
)
_LAYERS = st.lists(_RATES, max_size=12, unique_by=lambda rate: (rate.key, rate.since))
_ASKED = st.fixed_dictionaries(
    {name: st.sampled_from((*known, "")) for name, known in _NAMES.items()}
)


def fits(rate: Rate, asked: dict[str, str]) -> bool:
    names = all(getattr(rate, name) in (ANY, asked[name]) for name in _NAMES)
    return names and rate.since <= DAY


def narrowness(rate: Rate) -> tuple[int, bool, bool, bool, date]:
    named = [it != ANY for it in (rate.provider, rate.country, rate.category)]
    return (sum(named), *named, rate.since)


@given(_LAYERS, _LAYERS, _ASKED)
def test_the_narrowest_rate_of_the_first_layer_that_has_one_counts(
    own: list[Rate], others: list[Rate], asked: dict[str, str]
) -> None:
    found = RateCard(own, others).rate(Channel.SMS, on=DAY, **asked)

    fitting = [r for r in own if fits(r, asked)] or [
        r for r in others if fits(r, asked)
    ]
    assert found == max(fitting, key=narrowness, default=None)


@given(_LAYERS, _ASKED, st.randoms())
def test_the_order_of_the_rows_means_nothing(
    rates: list[Rate], asked: dict[str, str], random: object
) -> None:
    shuffled = [*rates]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    one, other = RateCard(rates), RateCard(shuffled)
    assert one.rate(Channel.SMS, on=DAY, **asked) == other.rate(
        Channel.SMS, on=DAY, **asked
    )


@given(_LAYERS, _LAYERS)
def test_what_is_in_force_is_what_counts_for_something(
    own: list[Rate], others: list[Rate]
) -> None:
    card = RateCard(own, others)
    in_force = list(card.in_force(DAY))

    for rate in (*own, *others):
        _, provider, country, category = rate.key
        counts = card.rate(Channel.SMS, country, category, provider, DAY)
        assert (counts is rate) == any(rate is one for one in in_force)


def test_a_price_of_another_channel_says_nothing() -> None:
    assert RateCard([sms()]).rate(Channel.VIBER, "IT", "utility", "a", DAY) is None


# --- Estimates -------------------------------------------------------------------------------


@given(st.integers(1, 10), st.sampled_from(list(Channel)))
def test_only_an_sms_costs_as_much_as_its_parts(parts: int, channel: Channel) -> None:
    rate = Rate(channel=channel, since=DAY, price=usd("0.075"), source="test")
    times = parts if channel is Channel.SMS else 1

    told = estimate(RateCard([rate]), channel, "IT", "utility", "a", parts, DAY)
    assert told == Money(micros=75_000 * times, currency="USD")


def test_an_sms_of_unknown_length_has_no_estimate() -> None:
    assert estimate(RateCard([sms()]), Channel.SMS, "IT", "", "a", None, DAY) is None


@pytest.mark.parametrize(
    ("purpose", "template", "text"),
    [
        (Purpose.AUTHENTICATION, "authentication", "service"),
        (Purpose.TRANSACTIONAL, "utility", "service"),
        (Purpose.SERVICE, "utility", "service"),
        (Purpose.MARKETING, "marketing", "service"),
    ],
)
def test_a_message_is_charged_by_its_purpose(
    purpose: Purpose, template: str, text: str
) -> None:
    assert category_of(purpose, by_template=True) == template
    assert category_of(purpose, by_template=False) == text


# --- What comes with Everreach ---------------------------------------------------------------


def test_every_shipped_rate_has_a_source_and_a_day_and_is_there_once() -> None:
    rates = shipped()

    assert all(rate.source and rate.since.year == 2026 for rate in rates)
    keys = [(rate.key, rate.since) for rate in rates]
    assert len(keys) == len(set(keys))
    known = {*phonenumbers.SUPPORTED_REGIONS, ANY}
    assert {rate.country for rate in rates} <= known
    assert {rate.category for rate in rates} <= {*CATEGORIES, ANY}


@pytest.mark.parametrize(
    ("country", "marketing", "utility"),
    [
        ("IT", "0.0795", "0.0300"),
        ("US", "0.0250", "0.0034"),
        ("SE", "0.0592", "0.0171"),  # the rest of Western Europe
        ("GR", "0.0860", "0.0212"),  # the rest of Central and Eastern Europe
        ("JM", "0.0740", "0.0113"),  # the rest of Latin America, with America's code
        ("IS", "0.0604", "0.0077"),  # none of all these
    ],
)
def test_whatsapp_costs_what_its_market_costs(
    country: str, marketing: str, utility: str
) -> None:
    card = card_of(())
    for category, price in (
        ("marketing", marketing),
        ("utility", utility),
        ("authentication", utility),
        ("service", utility),
    ):
        told = estimate(card, Channel.WHATSAPP, country, category, META, None, DAY)
        assert told == usd(price)


@pytest.mark.parametrize(
    ("country", "category", "provider", "day"),
    [
        ("MY", "utility", META, DAY),  # a market of its own, without a source
        ("IN", "authentication_international", META, DAY),
        ("IT", "utility", "twilio", DAY),  # which adds to Meta's price
        ("IT", "utility", META, date(2026, 9, 30)),
    ],
)
def test_what_no_source_tells_is_unknown(
    country: str, category: str, provider: str, day: date
) -> None:
    card = card_of(())
    told = estimate(card, Channel.WHATSAPP, country, category, provider, None, day)
    assert told is None


def test_email_viber_rcs_and_a_gateway_of_ones_own_are_unknown() -> None:
    card = card_of(())
    for channel in (Channel.EMAIL, Channel.VIBER, Channel.RCS):
        assert card.rate(channel, "DE", "utility", "vonage", DAY) is None
    assert card.rate(Channel.SMS, "DE", "utility", "kannel", DAY) is None


def test_an_account_knows_better() -> None:
    own = {
        "channel": "whatsapp",
        "country": "IT SE",
        "price": "0.01",
        "currency": "EUR",
    }
    card = card_of([own])

    for country, price in (("IT", Money.parse("0.01", "EUR")), ("DE", usd("0.055"))):
        told = estimate(card, Channel.WHATSAPP, country, "utility", META, None, DAY)
        assert told == price


# --- Countries of numbers --------------------------------------------------------------------


@pytest.mark.parametrize("country", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_is_from_its_country(country: str) -> None:
    kinds = (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE,
    )
    examples = (phonenumbers.example_number_for_type(country, kind) for kind in kinds)
    for number in filter(None, examples):
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert country_of(e164) == phonenumbers.region_code_for_number(number)


@pytest.mark.parametrize(
    ("number", "country"), [("+447700900123", "GB"), ("+12345", "US"), ("+9995", "")]
)
def test_a_number_that_does_not_exist_is_from_where_its_code_says(
    number: str, country: str
) -> None:
    assert country_of(number) == country


def test_permutations_of_equal_rates_are_settled_by_their_day() -> None:
    old, new = sms("0.05", DAY - timedelta(days=9)), sms("0.06")
    later = sms("0.07", DAY + timedelta(days=1))
    for rates in permutations((old, new, later)):
        assert RateCard(rates).rate(Channel.SMS, "IT", "", "a", DAY) is new
