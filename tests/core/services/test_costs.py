"""What messages cost: estimated before, settled after, on both databases."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from core.message.money import Money
from core.services.costs import AGAIN, ASK_AFTER, ASK_ANYWAY
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.services.receipts import read_receipts
from core.services.views import TryView
from tests.support.line import Line
from tests.support.loopback import Providers, meta_error
from tests.support.riverside import meta_status
from webapp.languages import translator

SMS_FIRST = (
    "{channel: whatsapp, sender: wa, until: delivered, wait: 30m}",
    "{channel: sms, sender: sms, until: delivered, wait: 30m}",
)
OWN = (
    "reminders:",
    'rates:\n  - {channel: sms, country: [IT, SE], price: "0.075"}\nreminders:',
)
NOTHING = Money(micros=0, currency="EUR")
SWEDEN = Money(micros=17_100, currency="USD")  # Meta's list price of a utility template


def usd(micros: int) -> Money:
    return Money(micros=micros, currency="USD")


def charged(
    status: str, reference: str, *, category: str = "utility", **more: Any
) -> dict[str, Any]:
    """What Meta tells, with what it charges."""
    kind = "free_customer_service" if category == "free" else "regular"
    pricing = {"pricing_model": "PMP", "type": kind, "category": category}
    return {**meta_status(status, reference, **more), "pricing": pricing}


def cost(one: TryView) -> tuple[Money | None, str | None]:
    return one.price, one.price_source


# --- Before ----------------------------------------------------------------------------------


def test_a_message_that_is_under_way_costs_about_what_the_card_says(line: Line) -> None:
    message = line.ship()

    (tried,) = message.tries
    assert (tried.estimate, tried.category) == (SWEDEN, "utility")
    assert cost(tried) == (None, None)
    assert tried.cost == message.cost == "about 0.0171 USD"


def test_where_no_rate_is_known_the_cost_is_unknown(line: Line) -> None:
    line.set_up(SMS_FIRST)
    message = line.ship()

    assert (message.cost, message.tries[0].estimate) == ("unknown", None)


def test_an_sms_is_estimated_by_its_parts_and_the_accounts_own_rates(
    line: Line,
) -> None:
    line.set_up(SMS_FIRST, OWN, ('sms: "', f'sms: "{"long " * 40}'))
    (tried,) = line.ship().tries

    assert tried.parts == 2
    assert tried.estimate == Money(micros=150_000, currency="EUR")
    assert tried.cost == "about 0.15 EUR"


def test_new_rates_hold_from_the_next_message_on(line: Line) -> None:
    line.set_up(SMS_FIRST, OWN)
    line.ship()
    line.set_up(SMS_FIRST, (OWN[0], OWN[1].replace("0.075", "0.05")))
    second = line.ship_next(2)

    assert second.tries[0].cost == "about 0.05 EUR"
    assert line.about(1).tries[0].cost == "about 0.075 EUR"


def test_what_has_not_left_the_queue_costs_nothing_yet(line: Line) -> None:
    line.hook()
    read_events(line.app)
    assert (line.message.cost, line.path) == ("", [("whatsapp", "queued")])


# --- WhatsApp, by the category that Meta tells -----------------------------------------------


def test_a_template_costs_its_category_once_it_is_delivered(line: Line) -> None:
    (tried,) = line.ship().tries
    line.whatsapp_says(charged("sent", tried.reference, category="marketing"))
    line.work()
    assert line.message.tries[0].price is None

    line.whatsapp_says(
        charged("delivered", tried.reference, category="marketing", at=1795435400)
    )
    line.work()
    (tried,) = line.message.tries
    assert cost(tried) == (usd(59_200), "rates")
    assert tried.category == "marketing"
    assert line.message.cost == "0.0592 USD"


def test_what_meta_does_not_charge_costs_a_known_nothing(line: Line) -> None:
    (tried,) = line.ship().tries
    line.whatsapp_says(charged("delivered", tried.reference, category="free"))
    line.work()

    assert cost(line.message.tries[0]) == (NOTHING, "not_charged")
    assert line.message.cost == "not charged"


def test_a_delivery_without_a_category_stays_unknown(line: Line) -> None:
    (tried,) = line.ship().tries
    line.whatsapp_says(meta_status("delivered", tried.reference))
    line.work()

    assert cost(line.message.tries[0]) == (None, None)
    assert line.message.cost == "about 0.0171 USD"


def test_a_category_without_a_rate_stays_unknown(line: Line) -> None:
    (tried,) = line.ship().tries
    line.whatsapp_says(
        charged("delivered", tried.reference, category="authentication_international")
    )
    line.work()
    assert cost(line.message.tries[0]) == (None, None)


def test_what_failed_is_not_charged_until_it_arrives_after_all(line: Line) -> None:
    (tried,) = line.ship().tries
    line.whatsapp_says(meta_status("failed", tried.reference, code=131026))
    line.work()
    assert cost(line.message.tries[0]) == (NOTHING, "not_charged")

    line.whatsapp_says(charged("delivered", tried.reference, at=1795435400))
    line.work()
    assert cost(line.message.tries[0]) == (SWEDEN, "rates")


def test_what_was_refused_is_not_charged(line: Line, providers: Providers) -> None:
    providers.whatsapp(meta_error(131026), status=400)
    message = line.ship()

    assert cost(message.tries[0]) == (NOTHING, "not_charged")
    assert [one.cost for one in message.tries] == ["not charged", "unknown"]
    assert message.cost == "unknown"


def test_what_never_left_us_is_not_charged(line: Line) -> None:
    line.set_up(SMS_FIRST, OWN)
    line.hook()
    read_events(line.app)
    line.retire("sms")
    send_due(line.app, "sms")

    (first, *_) = line.message.tries
    assert (first.status, first.cost) == ("failed", "not charged")


def test_an_sms_that_fails_before_its_answer_came_may_have_been_charged(
    line: Line,
) -> None:
    line.set_up(SMS_FIRST, OWN)
    line.hook()
    read_events(line.app)
    with line.app.store.write() as tx:
        assert line.claim(tx, channel="sms").taken
    line.twilio_says("failed", line.message.tries[0].reference)
    read_receipts(line.app)

    (first, *_) = line.message.tries
    assert (first.status, first.cost) == ("failed", "unknown")


STORIES: Sequence[Sequence[tuple[str, str, int]]] = (
    (("sent", "utility", 1), ("delivered", "utility", 2), ("read", "utility", 3)),
    (("sent", "utility", 1), ("delivered", "marketing", 2), ("read", "free", 3)),
    (("sent", "marketing", 1), ("failed", "marketing", 2), ("delivered", "utility", 2)),
)


@pytest.mark.parametrize("story", STORIES)
def test_reports_in_any_order_and_twice_settle_the_same(
    line: Line, story: Sequence[tuple[str, str, int]]
) -> None:
    found = set()
    for number, order in enumerate(permutations(story), 1):
        (tried,) = line.ship_next(number).tries
        for status, category, second in (*order, order[0]):
            failed = {"code": 131026} if status == "failed" else {}
            told = charged(
                status,
                tried.reference,
                category=category,
                wamid=f"wamid.{number}",
                at=1795435300 + second,
                **failed,
            )
            line.whatsapp_says(told)
            read_receipts(line.app)
        first = line.about(number).tries[0]
        found.add((*cost(first), first.category))

    assert len(found) == 1


# --- What has to be asked for ----------------------------------------------------------------


def known(price: str | None, **more: Any) -> dict[str, Any]:
    """What Twilio knows of a message."""
    told = {"sid": "SM1", "status": "delivered", "to": "+46701740605"}
    at = "Mon, 23 Nov 2026 12:01:00 +0000"
    rest = {"date_updated": at, "error_code": None, "error_message": None}
    return {**told, **rest, "price": price, "price_unit": "USD", **more}


def delivered_sms(line: Line) -> TryView:
    line.set_up(SMS_FIRST)
    (tried,) = line.ship().tries
    line.twilio_says("delivered", tried.reference)
    line.work()
    return line.message.tries[0]


def test_a_price_is_asked_for_after_the_end(line: Line, providers: Providers) -> None:
    assert delivered_sms(line).cost == "unknown"
    providers.knows(known("-0.0166", num_segments="2"))
    line.later(seconds=ASK_AFTER.total_seconds() - 1)
    assert providers.asked == []

    line.later(seconds=1)
    (tried,) = line.message.tries
    assert cost(tried) == (usd(16_600), "provider")
    assert (tried.parts, line.message.cost) == (2, "0.0166 USD")
    line.later(days=3)
    assert (len(providers.asked), len(providers.calls)) == (1, 1)


def test_it_is_asked_for_again_a_few_times_and_never_sent_again(
    line: Line, providers: Providers
) -> None:
    delivered_sms(line)
    providers.knows(known(None))
    line.later(seconds=ASK_AFTER.total_seconds())
    for asked, wait in enumerate(AGAIN, 1):
        assert len(providers.asked) == asked
        line.later(seconds=wait.total_seconds())
    line.later(days=30)

    assert len(providers.asked) == len(AGAIN) + 1
    assert len(providers.calls) == 1
    assert line.message.cost == "unknown"
    assert line.lanes == []


@pytest.mark.parametrize("answer", [(404, {}), (200, None), (200, {"no": "sense"})])
def test_a_lost_question_is_asked_again(
    line: Line, providers: Providers, answer: tuple[int, dict[str, Any] | None]
) -> None:
    delivered_sms(line)
    status, told = answer
    providers.knows(told, status=status)
    line.later(seconds=ASK_AFTER.total_seconds())
    providers.knows(known("-0.0083"))
    line.later(seconds=AGAIN[0].total_seconds())

    assert line.message.cost == "0.0083 USD"


def test_it_is_asked_for_even_if_the_end_is_never_told(
    line: Line, providers: Providers
) -> None:
    line.set_up((SMS_FIRST[0], "{channel: sms, sender: sms, until: sent, wait: 30m}"))
    (tried,) = line.ship().tries
    line.twilio_says("sent", tried.reference)
    line.work()
    providers.knows(known("-0.0083", status="sent"))
    line.later(seconds=(timedelta(minutes=30) + ASK_ANYWAY).total_seconds())

    assert line.message.cost == "0.0083 USD"


def test_whoever_is_asked_what_became_of_it_may_tell_the_price_too(
    line: Line, providers: Providers
) -> None:
    also = ("{channel: sms, sender: sms, wait: 24h}", "{channel: whatsapp, sender: wa}")
    line.set_up(SMS_FIRST, also)
    line.ship()
    providers.knows(known("-0.0083"))
    line.later(minutes=30)

    assert line.message.cost == "0.0083 USD"
    line.later(days=3)
    assert len(providers.asked) == 1


def test_nobody_is_asked_for_the_price_of_what_was_refused(
    line: Line, providers: Providers
) -> None:
    line.set_up(SMS_FIRST)
    providers.sms({"code": 21211, "message": "Invalid"}, status=400)
    line.ship()
    line.later(days=3)

    assert line.message.tries[0].cost == "not charged"
    assert providers.asked == []


# --- In words --------------------------------------------------------------------------------


def test_what_tries_cost_is_added_up_currency_by_currency(
    line: Line, providers: Providers
) -> None:
    line.set_up(OWN)
    (tried,) = line.ship().tries
    line.later(minutes=30)
    line.whatsapp_says(charged("delivered", tried.reference))
    line.work()

    assert line.message.cost == "0.0171 USD, about 0.075 EUR"
    (german,) = list_messages(line.app, translate=translator("de"))
    assert german.cost == "0,0171 USD, etwa 0,075 EUR"


def test_a_sum_says_what_is_missing_in_it(line: Line) -> None:
    line.ship()
    line.later(minutes=30)

    assert [one.cost for one in line.message.tries] == ["about 0.0171 USD", "unknown"]
    assert line.message.cost == "about 0.0171 USD and something unknown"
