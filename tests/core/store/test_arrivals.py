"""Many arrivals, one statement: each is judged by itself, and a lost connection loses none."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.bootstrap import Everreach
from core.services.setup import apply
from core.store import origins
from core.store.arrivals import Arrivals, Known
from core.store.engine import Store
from core.store.inbox import EVENT, RECEIPT, Arrival, waiting
from core.store.turns import Turns
from tests.conftest import NOON
from tests.support import riverside


@pytest.fixture
def shop(app: Everreach) -> Known:
    """An event of a shop that is set up."""
    apply(app, riverside.setup(), {})
    with app.store.read() as tx:
        origin = origins.connection(tx, "shopify", "riverside.shop")
    assert origin
    arrival = Arrival(
        account_id=origin.account_id,
        kind=EVENT,
        origin_id=origin.id,
        delivery_id="1",
        topic="fulfillments/create",
        url="https://msg.example/hooks/shopify/riverside.shop",
        headers={"x-quoted": 'a "b" {c}, \\d'},
        body=bytes(range(256)),
        received_at=NOON,
    )
    return arrival, origin


@pytest.fixture
def sender(app: Everreach, shop: Known) -> Known:
    """A receipt for the same account, by a sender."""
    with app.store.read() as tx:
        origin = origins.sender(tx, "whatsapp_cloud", "riverside.wa")
    assert origin
    return replace(shop[0], kind=RECEIPT, origin_id=origin.id), origin


def called(known: Known, delivery_id: str) -> Known:
    arrival, origin = known
    return replace(arrival, delivery_id=delivery_id), origin


def stale(known: Known) -> Known:
    arrival, origin = known
    return arrival, replace(origin, row={**origin.row, "secrets": b"withdrawn"})


@pytest.fixture
def arrivals(app: Everreach) -> Iterator[Arrivals]:
    opened = Arrivals(app.store)
    yield opened
    opened.close()


def test_they_are_kept_as_they_came(
    app: Everreach, arrivals: Arrivals, shop: Known
) -> None:
    came = [called(shop, str(number)) for number in range(40)]
    ids = arrivals.keep(came)

    with app.store.write() as tx:
        kept = {one.id: one for one in waiting(tx, EVENT, 100, Turns())}
    for number, (arrival, _) in zip(ids, came, strict=True):
        assert number
        told = kept.pop(number)
        assert {name: getattr(told, name) for name in Arrival.__slots__} == {
            name: getattr(arrival, name) for name in Arrival.__slots__
        }
    assert not kept


def test_each_is_judged_by_itself(
    arrivals: Arrivals, shop: Known, sender: Known
) -> None:
    repeated, withdrawn = called(shop, "2"), stale(called(shop, "3"))
    ids = arrivals.keep(
        [shop, repeated, stale(sender), repeated, withdrawn, called(sender, "2")]
    )

    assert [number is not None for number in ids] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert arrivals.keep([shop, stale(shop), sender])[:2] == [None, None]
    assert arrivals.keep([sender]) == [None]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_loses_none(app: Everreach, shop: Known) -> None:
    assert app.keep_together(shop)
    with app.store.write() as tx:
        tx.execute(text(_THROW_OUT))

    assert app.keep_together(called(shop, "2"))


_THROW_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_a_database_that_is_away_is_told_as_by_everything_else(shop: Known) -> None:
    nowhere = Store("postgresql+psycopg://nobody@/nothing?host=/nowhere")

    with pytest.raises(OperationalError, match=r"psycopg\.OperationalError"):
        Arrivals(nowhere).keep([shop])
    nowhere.close()
