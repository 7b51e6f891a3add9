"""The shop: its orders, and the webhooks that their parcels cause."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from uuid import UUID

import pytest

from webapp.sandbox.world import OrderView


def orders(outside) -> list[OrderView]:
    return list(outside.world.snapshot().orders)


def act(outside, order: OrderView) -> None:
    outside.world.act(order.id, order.action)


def move_on(outside, order_id: str) -> None:
    (order,) = (order for order in orders(outside) if order.id == order_id)
    act(outside, order)


def test_opens_with_eight_orders_for_the_whole_cast(outside):
    stock = orders(outside)
    assert len(stock) == 8
    assert len({order.phone for order in stock}) == 6
    assert {(order.state, order.next_action) for order in stock} == {("new", "Ship")}
    assert len({order.name for order in stock}) == 8


def test_a_parcel_goes_all_the_way(outside):
    order_id = orders(outside)[0].id
    for _ in range(3):
        move_on(outside, order_id)
    posts = outside.skip(seconds=1)
    bodies = [json.loads(post.body) for post in posts]
    assert [post.headers["x-shopify-topic"] for post in posts] == [
        "fulfillments/create",
        "fulfillments/update",
        "fulfillments/update",
    ]
    statuses = [(body["status"], body["shipment_status"]) for body in bodies]
    assert statuses == [
        ("success", None),
        ("success", "out_for_delivery"),
        ("success", "delivered"),
    ]
    assert len({body["id"] for body in bodies}) == 1
    (order,) = (order for order in orders(outside) if order.id == order_id)
    assert (order.state, order.next_action, order.action) == ("delivered", None, None)


def test_webhooks_are_signed_and_carry_every_header(outside):
    act(outside, orders(outside)[0])
    act(outside, orders(outside)[1])
    posts = outside.skip(seconds=1)
    secret = outside.secrets["SANDBOX_SHOPIFY_SECRET"].encode()
    for post in posts:
        digest = hmac.new(secret, post.body, hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        headers = post.headers
        assert post.path == "/hooks/shopify/sandbox.shop?"
        assert headers["x-shopify-hmac-sha256"] == signature
        assert headers["x-shopify-shop-domain"] == "riverside.myshopify.com"
        assert headers["x-shopify-api-version"] == "2026-10"
        assert UUID(headers["x-shopify-event-id"])
        assert datetime.fromisoformat(headers["x-shopify-triggered-at"]).tzinfo
    assert len({post.headers["x-shopify-webhook-id"] for post in posts}) == 2


def test_the_body_has_the_documented_shape(outside):
    order = orders(outside)[0]
    act(outside, order)
    (post,) = outside.skip(seconds=1)
    body = json.loads(post.body)
    assert body["order_id"] == int(order.id)
    assert min(body["id"], body["order_id"], body["line_items"][0]["id"]) > 2**53
    assert body["name"] == f"{order.name}.1"
    assert body["tracking_urls"] == [body["tracking_url"]]
    assert body["destination"]["country_code"] == "SE"
    assert body["destination"]["name"] == order.customer
    assert body["line_items"][0]["title"] == order.item
    assert datetime.fromisoformat(body["created_at"]).utcoffset()


def test_pressing_twice_ships_once(outside):
    order = orders(outside)[0]
    act(outside, order)
    act(outside, order)
    outside.world.act(order.id, "teleport")
    outside.world.act("999", "ship")
    assert len(outside.skip(seconds=1)) == 1


def test_there_is_always_something_to_ship(outside):
    first = orders(outside)
    move_on(outside, first[0].id)
    move_on(outside, first[0].id)
    move_on(outside, first[0].id)
    for order in first[1:]:
        act(outside, order)
    later = orders(outside)
    assert [order.state for order in later] == ["shipped"] * 7 + ["new"] * 6
    assert len({order.name for order in later}) == 13


def test_a_restock_switches_the_phone_off_again(outside):
    for order in orders(outside)[1:]:
        act(outside, order)
    number = next(
        p.number for p in outside.world.snapshot().phones if p.kind == "switched_off"
    )
    outside.sms(number)
    outside.skip(hours=1)
    assert is_on(outside)
    move_on(outside, orders(outside)[0].id)
    assert not is_on(outside)


def is_on(outside) -> bool:
    phones = outside.world.snapshot().phones
    return next(p.on for p in phones if p.kind == "switched_off")


@pytest.mark.parametrize("kind", ["reachable", "switched_off"])
def test_starting_over(outside, kind):
    before = orders(outside)
    number = next(p.number for p in outside.world.snapshot().phones if p.kind == kind)
    outside.sms(number)
    outside.skip(hours=1)
    outside.world.reset()
    after = orders(outside)
    assert len(after) == 8
    assert not {order.id for order in after} & {order.id for order in before}
    assert not {order.name for order in after} & {order.name for order in before}
    assert all(not phone.messages for phone in outside.world.snapshot().phones)
    assert not is_on(outside)
