"""The door: what it remembers never lets in what the database would refuse."""

from typing import Any

import pytest

from core.bootstrap import Everreach
from core.errors import BadSignature, UnknownAddress
from core.services.door import Came, event_came, take, take_from_known
from core.services.setup import apply
from core.store.inbox import EVENT, waiting
from core.store.turns import Turns
from tests.support import riverside

ADDRESS = "riverside.shop"


@pytest.fixture
def door(app: Everreach) -> Everreach:
    """A shop that is set up, and remembered."""
    apply(app, riverside.setup(), {})
    assert take(app, came(app, webhook_id="first"))
    return app


def came(app: Everreach, **options: Any) -> Came:
    request = riverside.shipped(**options)
    arrived = event_came(app, "shopify", ADDRESS, request)
    assert arrived
    return arrived


def change(app: Everreach, old: str, new: str) -> None:
    text = riverside.setup()
    assert old in text
    apply(app, text.replace(old, new), {})


def test_who_is_remembered_is_let_in(door: Everreach) -> None:
    kept = take_from_known(door, came(door, webhook_id="second"))

    with door.store.write() as tx:
        first, second = waiting(tx, EVENT, 10, Turns())
    assert second.id == kept
    assert second.delivery_id == "second"
    same = ("account_id", "kind", "origin_id", "topic", "url", "body", "received_at")
    assert [getattr(first, name) for name in same] == [
        getattr(second, name) for name in same
    ]
    assert second.headers["x-shopify-topic"] == first.headers["x-shopify-topic"]


def test_who_is_not_remembered_is_looked_up_first(door: Everreach) -> None:
    door.origins.clear()
    assert take_from_known(door, came(door, webhook_id="second")) is None
    assert take(door, came(door, webhook_id="second"))


def test_the_same_delivery_is_kept_once(door: Everreach) -> None:
    assert take_from_known(door, came(door, webhook_id="first")) is None
    assert take(door, came(door, webhook_id="first")) is None


def test_a_forged_request_is_kept_by_nobody(door: Everreach) -> None:
    forged = came(door, webhook_id="second", secret="guess")

    assert take_from_known(door, forged) is None
    with pytest.raises(BadSignature):
        take(door, forged)


def test_a_removed_connection_is_refused_at_once(door: Everreach) -> None:
    change(door, "key: shop,", "key: other,")

    assert take_from_known(door, came(door, webhook_id="second")) is None
    with pytest.raises(UnknownAddress):
        take(door, came(door, webhook_id="second"))


def test_a_withdrawn_secret_is_refused_at_once(door: Everreach) -> None:
    change(door, "client_secret: shop-secret", "client_secret: new-secret")

    assert take_from_known(door, came(door, webhook_id="second")) is None
    with pytest.raises(BadSignature):
        take(door, came(door, webhook_id="second"))
    assert take(door, came(door, webhook_id="second", secret="new-secret"))
    assert take_from_known(door, came(door, webhook_id="third", secret="new-secret"))


def test_another_shop_is_refused_at_once(door: Everreach) -> None:
    change(door, "riverside.myshopify.com", "lakeside.myshopify.com")

    assert take_from_known(door, came(door, webhook_id="second")) is None
    with pytest.raises(BadSignature):
        take(door, came(door, webhook_id="second"))
