"""From a shipped order to a person who knows of it, through real processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.house import WINDOW, House, Order, until
from tests.support.standin import (
    DELIVERS,
    FAILS,
    IS_SILENT,
    TAKES_AND_HANGS_UP,
    Behaviour,
    Sent,
)

AT_ONCE = 10.0  # seconds; a window of two minutes is far from over


def test_what_whatsapp_delivers_needs_no_sms(house: House):
    order = house.ship()
    house.await_finished(order)

    message = house.told(order)
    assert message["status"] == "delivered"
    (sent,) = house.providers.sent(order.name)
    assert (sent.channel, sent.to) == ("whatsapp", order.phone)
    assert sent.reference == message["tries"][0]["reference"]


@pytest.mark.parametrize(
    "whatsapp", [FAILS, Behaviour(refuses=131026)], ids=["fails", "is refused"]
)
def test_who_has_no_whatsapp_gets_an_sms_at_once(house: House, whatsapp: Behaviour):
    order = house.ship(whatsapp=whatsapp)

    house.await_path(order, ("whatsapp", "failed"), ("sms", "delivered"))
    first, second = house.providers.sent(order.name)
    assert (second.at - first.at).total_seconds() < AT_ONCE
    text = until("its text is kept", lambda: house.message(order).tries[1].text)
    assert order.name in text


def test_silence_makes_an_sms_when_the_window_ends_and_not_before(house: House):
    order = house.ship("hasty", whatsapp=IS_SILENT)

    house.await_path(order, ("whatsapp", "timed_out"), ("sms", "delivered"))
    _assert_after_the_window(house, order)


def _assert_after_the_window(house: House, order: Order) -> None:
    (sms,) = house.providers.sent(order.name, "sms")
    waited = sms.at - house.message(order).created_at
    assert timedelta(seconds=WINDOW) <= waited < timedelta(seconds=WINDOW + AT_ONCE)


def test_unread_makes_an_sms_where_reading_is_waited_for(house: House):
    order = house.ship("reader", whatsapp=DELIVERS)

    house.await_path(order, ("whatsapp", "delivered"), ("sms", "delivered"))
    _assert_after_the_window(house, order)


def test_late_delivery_is_recorded_and_ends_it(house: House):
    order = house.ship("hasty", whatsapp=IS_SILENT, sms=IS_SILENT)
    first, _ = _await_sent(house, order, 2)
    house.providers.report((first, "delivered"))

    house.await_path(order, ("whatsapp", "delivered_late"), ("sms", "accepted"))
    house.await_quiet()
    assert house.message(order).status == "delivered"
    assert house.providers.channels(order.name) == ["whatsapp", "sms"]


def _await_sent(house: House, order: Order, number: int) -> list[Sent]:
    until(
        f"{number} messages about {order.name}",
        lambda: len(house.providers.sent(order.name)) >= number,
    )
    return house.providers.sent(order.name)


def test_nobody_can_be_reached(house: House):
    undelivered = Behaviour(reports=("sent", "undelivered"), code=30003)
    order = house.ship(whatsapp=FAILS, sms=undelivered)

    house.await_path(order, ("whatsapp", "failed"), ("sms", "failed"))
    assert house.message(order).status == "not_delivered"


def test_an_answer_that_never_came_is_not_asked_for_again(house: House):
    order = house.ship(whatsapp=TAKES_AND_HANGS_UP)
    house.await_path(order, ("whatsapp", "unknown"))
    (sent,) = house.providers.sent(order.name)

    house.providers.report((sent, "delivered"))
    house.await_path(order, ("whatsapp", "delivered"))
    assert house.providers.sent(order.name) == [sent]


@pytest.mark.parametrize("running", ["sqlite"], indirect=True)
def test_a_busy_provider_is_asked_again_later(house: House):
    order = house.ship(whatsapp=Behaviour(busy=1, reports=("delivered",)))

    house.await_path(order, ("whatsapp", "failed"), ("whatsapp", "delivered"))
    first, second = house.providers.sent(order.name)
    assert second.at - first.at >= timedelta(seconds=5)
    assert second.reference != first.reference


def test_many_at_once(house: House):
    """Answers and receipts of the same messages are saved at the same moments."""
    with house.held_up("worker-send"), ThreadPoolExecutor(4) as pool:
        early = Behaviour(reports=("sent", "delivered"), tells_first=True)
        orders = list(pool.map(lambda _: house.ship(whatsapp=early), range(60)))
        for order in orders:
            house.await_path(order, ("whatsapp", "queued"))
    house.await_finished(*orders)

    assert {house.message(order).status for order in orders} == {"delivered"}


def test_one_order_from_many_sides_at_once(house: House):
    order = house.order()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: house.hook(order, webhook_id=f"{order.name} {n}"), range(8)
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    house.await_quiet()
    house.await_finished(order)

    assert len(house.messages(order)) == 1
    assert house.providers.channels(order.name) == ["whatsapp"]
