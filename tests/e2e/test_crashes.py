"""`kill -9` at awkward moments: no event is lost and nobody is written to twice."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import database
from tests.support import house as houses
from tests.support.house import CHILDREN, WINDOW, House, Order, until
from tests.support.standin import (
    DELIVERS,
    IS_SILENT,
    TAKES_AND_HANGS,
    Behaviour,
    Sent,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def breakable(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house of these tests' own."""
    with houses.house(tmp_path_factory.mktemp("house"), database(request)) as made:
        yield made


@pytest.fixture
def house(breakable: House) -> Iterator[House]:
    """It is whole at the beginning of each test."""
    breakable.await_ready()
    breakable.turn_page()
    yield breakable
    breakable.providers.assert_nobody_was_written_to_twice()


only_sqlite = pytest.mark.parametrize("breakable", ["sqlite"], indirect=True)


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


@pytest.mark.parametrize("processes", [slice(None), slice(-1, None)], ids=["all", "last"])
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


def test_one_after_the_other_dies_under_load(house: House):
    """What a killed worker had in its hands is at worst told by another channel too."""
    chance = random.Random(7)
    behaviours = [DELIVERS, IS_SILENT, Behaviour(reports=("failed",), code=131026)]
    orders = []
    for victim in chance.sample(sorted(CHILDREN), len(CHILDREN)):
        orders += [
            house.ship("hasty", whatsapp=chance.choice(behaviours)) for _ in range(5)
        ]
        house.kill(victim)
    house.await_finished(*orders, seconds=60)

    for order in orders:
        assert house.message(order).status == "delivered"
