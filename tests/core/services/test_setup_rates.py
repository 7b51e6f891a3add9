"""What a set-up file says of prices."""

from datetime import date

import pytest

from connectors.registry import load_registry
from core.bootstrap import Everreach
from core.cascade.model import Channel
from core.errors import SetupError, SetupErrors
from core.message.money import Money
from core.message.price import estimate
from core.message.rates import card_of
from core.services.rates import list_rates
from core.services.setup import apply
from core.services.setup.read import read
from tests.support.riverside import setup

REGISTRY = load_registry()
SMS = 'channel: sms, price: "0.075"'


def with_rates(*rates: str) -> str:
    return setup() + "rates:\n" + "".join(f"  - {{{rate}}}\n" for rate in rates)


def test_a_price_is_in_the_accounts_currency_for_everything_that_it_does_not_name() -> (
    None
):
    stored = read(with_rates(SMS), {}, REGISTRY).account["rates"]

    assert stored == [{"channel": "sms", "price": "0.075", "currency": "EUR"}]
    told = estimate(
        card_of(stored), Channel.SMS, "IT", "utility", "kannel", 2, date(2000, 1, 1)
    )
    assert told == Money(micros=150_000, currency="EUR")


def test_a_price_may_be_for_some_countries_a_category_a_provider_and_from_a_day() -> (
    None
):
    rate = (
        'channel: whatsapp, country: [IT, SE], category: utility, price: "0.02", '
        "provider: whatsapp_cloud, from: 2026-12-01, currency: USD"
    )
    card = card_of(read(with_rates(rate), {}, REGISTRY).account["rates"])

    def told(country: str, category: str, day: date) -> Money | None:
        asked = (Channel.WHATSAPP, country, category, "whatsapp_cloud")
        return estimate(card, *asked, None, day)

    first = date(2026, 12, 1)
    theirs = Money(micros=20_000, currency="USD")
    assert told("IT", "utility", first) == told("SE", "utility", first) == theirs
    assert theirs not in (
        told("IT", "utility", date(2026, 11, 30)),
        told("IT", "marketing", first),
        told("DE", "utility", first),
    )


@pytest.mark.parametrize(
    ("rates", "problem"),
    [
        (
            ["channel: sms, price: 0.075"],
            "rates[0].price: must be text, not 0.075. Put it in quotes",
        ),
        (
            ['channel: sms, price: "-1"'],
            "rates[0].price: '-1' does not look like: a price. "
            'Of a message, of an SMS for each part, in quotes: "0.075"',
        ),
        (["channel: sms"], "rates[0].price: is missing."),
        ([f"{SMS}, country: XX"], "'XX' is not a known country. Write it like IT"),
        ([f"{SMS}, country: [IT, ZZ]"], "rates[0].country[1]: 'ZZ' is not a known"),
        ([f"{SMS}, currency: EURO"], "'EURO' is not a known currency"),
        ([f"{SMS}, category: utilty"], "Did you mean utility?"),
        ([f"{SMS}, provider: twillio"], "Did you mean twilio?"),
        (
            [f"{SMS}, provider: whatsapp_cloud"],
            "rates[0].provider: whatsapp_cloud does not send SMS. It sends WhatsApp",
        ),
        ([f"{SMS}, from: 2026-02-30"], "'2026-02-30' is not a day"),
        ([f"{SMS}, from: tomorrow"], "'tomorrow' does not look like: a day"),
        ([f"{SMS}, amount: 1"], "rates[0].amount: is not a setting"),
        (
            [f"{SMS}, country: [IT, SE]", f"{SMS}, country: SE"],
            "rates[1]: rates[0] is a price of the same from the same day on. "
            "Leave one of them out",
        ),
        ([f"{SMS}, country: [SE, SE]"], "rates[0].country[1]: 'SE' stands here twice"),
    ],
)
def test_what_cannot_be_meant_is_named(rates: list[str], problem: str) -> None:
    with pytest.raises(SetupErrors) as caught:
        read(with_rates(*rates), {}, REGISTRY)
    (line,) = str(caught.value).splitlines()
    assert problem in line


def test_prices_of_the_same_from_different_days_are_fine() -> None:
    rates = [f"{SMS}, from: 2026-01-01", f"{SMS}, from: 2026-07-01", SMS]
    assert len(read(with_rates(*rates), {}, REGISTRY).account["rates"]) == 3


# --- What is in force ------------------------------------------------------------------------


def lines(app: Everreach, **options: str | None) -> list[str]:
    asked = {"account": None, "channel": None, "country": None, **options}
    return [
        f"{' '.join(one.countries)} {one.price and one.price.amount.normalize()} "
        f"{one.source.split(':')[0]}"
        for one in list_rates(app, **asked)
    ]


def test_the_card_in_force_says_its_sources(app: Everreach) -> None:
    apply(app, with_rates(f"{SMS}, country: [IT, GB]"), {})

    assert lines(app, channel="sms", country="GB") == ["GB 0.075 set-up file"]
    assert lines(app, channel="sms", country="DE") == ["DE 0.075 illustrative"]
    assert lines(app, channel="whatsapp", country="MY") == ["MY None Malaysia"]
    iceland = lines(app, country="IS")
    assert iceland == ["* 0.0604 Other", "* 0.0077 Other"]
    assert len(lines(app, channel="whatsapp")) == 37 * 2 + 2  # markets, and two unknown


def test_what_an_account_changes_is_told(app: Everreach) -> None:
    apply(app, with_rates(SMS), {})
    changed = apply(app, with_rates(SMS.replace("75", "8"), f"{SMS}, country: IT"), {})

    (account,) = [one for one in changed.changes if one.what == "account riverside"]
    assert account.detail == "rates[0].price 0.075 → 0.08, rates[1] added"


def test_an_account_that_is_not_there_has_no_card(app: Everreach) -> None:
    with pytest.raises(SetupError, match="there is no account nobody"):
        list_rates(app, account="nobody", channel=None, country=None)
