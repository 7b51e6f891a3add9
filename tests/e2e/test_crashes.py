"""`kill -9` at awkward moments: no event is lost and nobody is written to twice."""

import random
import shutil
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.house import CHILDREN, House, Order, until
from tests.support.standin import (
    DELIVERS,
    FAILS,
    IS_SILENT,
    TAKES_AND_HANGS,
    Sent,
)

only_sqlite = pytest.mark.parametrize("running", ["sqlite"], indirect=True)


def await_sent(house: House, order: Order, channel: str = "whatsapp") -> Sent:
    """The message about an order, once it came in at the provider."""
    messages = until(
        f"{channel} about {order.name}",
        lambda: house.providers.sent(order.name, channel),
        30,
    )
    return messages[0]


def assert_sms_once(house: House, order: Order) -> None:
    """The fallback was made, and only once."""
    house.await_finished(order)
    house.await_quiet()
    assert house.providers.channels(order.name) == ["whatsapp", "sms"]


def test_everything_dies_right_after_events_were_acknowledged(house: House):
    orders = [house.ship("hasty") for _ in range(10)]
    house.kill_everything()
    house.start()
    house.await_finished(*orders)

    for order in orders:
        assert house.message(order).status == "delivered"


def test_everything_dies_and_stays_dead_past_the_window(house: House):
    order = house.ship("hasty", whatsapp=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    house.kill_everything()
    deadline_at = house.message(order).deadline_at
    until("the window has ended", lambda: house.app.clock.now() > deadline_at)
    assert house.providers.channels(order.name) == ["whatsapp"]

    house.start()
    assert_sms_once(house, order)


def test_the_workers_die_while_a_message_waits(house: House):
    order = house.ship("hasty", whatsapp=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    house.kill("worker-inbox")
    house.kill("worker-send")

    assert_sms_once(house, order)


def test_the_sender_dies_before_it_hears_the_answer(house: House):
    """What it sent is not known, is not sent again, and a receipt settles it."""
    order = house.ship("patient", whatsapp=TAKES_AND_HANGS)
    sent = await_sent(house, order)
    house.kill("worker-send")
    house.run_out_lease(sent.reference)
    house.await_path(order, ("whatsapp", "unknown"))

    house.providers.report((sent, "delivered"))
    house.await_path(order, ("whatsapp", "delivered"))
    house.await_quiet()
    assert house.providers.sent(order.name) == [sent]


def test_the_sender_dies_and_the_window_ends(house: House):
    order = house.ship("hasty", whatsapp=TAKES_AND_HANGS)
    sent = await_sent(house, order)
    house.kill("worker-send")

    assert_sms_once(house, order)
    assert house.path(order) == [("whatsapp", "timed_out"), ("sms", "delivered")]
    house.run_out_lease(sent.reference)
    until("its worker is missed", lambda: _lines(house, order).count("unknown"))
    assert house.providers.channels(order.name) == ["whatsapp", "sms"]


def _lines(house: House, order: Order) -> list[str]:
    return [line.because for line in house.message(order).timeline]


@pytest.mark.parametrize(
    "processes", [slice(None), slice(-1, None)], ids=["all", "last"]
)
def test_the_web_server_dies_and_receipts_come_later(house: House, processes: slice):
    order = house.ship("patient", whatsapp=IS_SILENT)
    sent = await_sent(house, order)
    house.kill("web", processes)

    house.providers.report((sent, "sent"), (sent, "delivered"))
    house.await_path(order, ("whatsapp", "delivered"))
    following = house.ship("patient")
    house.await_path(following, ("whatsapp", "delivered"))


def test_the_inbox_worker_dies_with_events_in_its_hands(house: House):
    orders = [house.ship("patient") for _ in range(5)]
    house.kill("worker-inbox")
    orders += [house.ship("patient") for _ in range(5)]
    house.await_finished(*orders)

    for order in orders:
        assert house.path(order) == [("whatsapp", "delivered")]


def test_valkey_dies_and_loses_everything(house: House):
    waiting = house.ship("hasty", whatsapp=IS_SILENT)
    house.await_path(waiting, ("whatsapp", "accepted"))
    house.kill("valkey")
    shutil.rmtree(Path(house.env["EVERREACH_HOME"]) / "valkey" / "appendonlydir")
    order = house.ship("patient")

    assert_sms_once(house, waiting)
    house.await_path(order, ("whatsapp", "delivered"))


@only_sqlite
def test_nothing_outlives_the_supervisor(house: House):
    order = house.ship("hasty", whatsapp=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    house.kill_supervisor()
    house.start()

    assert_sms_once(house, order)


@only_sqlite
def test_a_provider_is_away_for_a_moment(house: House):
    order = house.order("patient")
    house.providers.go_away()
    house.tell(order)
    house.await_path(order, ("whatsapp", "failed"), ("whatsapp", "queued"))
    house.providers.come_back()

    house.await_path(order, ("whatsapp", "failed"), ("whatsapp", "delivered"))


def test_a_restart_in_good_order_leaves_nothing_in_doubt(house: House):
    orders = [house.ship("patient") for _ in range(10)]
    house.stop()
    house.start()

    for order in orders:
        house.await_path(order, ("whatsapp", "delivered"))


@pytest.mark.parametrize("running", ["postgresql"], indirect=True)
def test_the_database_dies(house: House, postgres: servers.Postgres):
    waiting = house.ship("hasty", whatsapp=IS_SILENT)
    house.await_path(waiting, ("whatsapp", "accepted"))
    postgres.stop(immediately=True)
    order = house.order("patient")
    assert house.hook(order).status_code == 500
    postgres.start()
    house.tell(order)

    assert_sms_once(house, waiting)
    house.await_path(order, ("whatsapp", "delivered"))
    house.make_whole()  # what it had to say of that is not a complaint


def test_one_after_the_other_dies_under_load(house: House):
    """What a killed worker had in its hands may never have left it."""
    chance = random.Random(7)
    behaviours = [DELIVERS, IS_SILENT, FAILS]
    orders = {}
    for victim in chance.sample(sorted(CHILDREN), len(CHILDREN)):
        for _ in range(5):
            whatsapp = chance.choice(behaviours)
            orders[house.ship("hasty", whatsapp=whatsapp)] = whatsapp
        house.kill(victim)
    house.await_finished(*orders, seconds=60)

    for order, whatsapp in orders.items():
        delivered = {"sms"} | ({"whatsapp"} if whatsapp is DELIVERS else set())
        if delivered.intersection(house.providers.channels(order.name)):
            until(
                f"{order.name} is delivered",
                lambda order=order: house.message(order).status == "delivered",
            )
        else:
            assert house.message(order).status == "not_delivered"
