import json

import pytest

from connectors.platforms.shopify import PLATFORM
from core.errors import BadSignature, Malformed
from core.ports import Contact, Happening, Ignored
from tests.support.riverside import fulfillment, shipped

SUBJECT = "shopify:fulfillment:9223372036854775807"
FIELDS = {
    "order.id": "820982911946154508",
    "order.name": "#1001",
    "tracking.number": "RR100200300",
    "tracking.url": "https://track.example/RR100200300",
    "tracking.company": "Royal Mail",
}
ANNA = Contact(
    phones=("07700 900101",),
    countries=("GB",),
    email="anna@example.com",
    first_name="Anna",
    last_name="Bianchi",
)


@pytest.fixture
def translate(inbound):
    return lambda stem: PLATFORM.translate(inbound(f"platforms/shopify/{stem}"))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("fulfillments_create", "order.shipped"),
        ("fulfillments_update__out_for_delivery", "order.out_for_delivery"),
        ("fulfillments_update__delivered", "order.delivered"),
        ("fulfillments_update__cancelled", "order.shipment_cancelled"),
    ],
)
def test_a_shipment_says_who_gets_what(translate, stem, name):
    expected = Happening(name=name, subject=SUBJECT, contact=ANNA, fields=FIELDS)

    assert translate(stem) == [expected]


def test_what_a_shipment_does_not_say_is_left_out(translate):
    [happening] = translate("fulfillments_create__bare")

    assert happening.contact == Contact()
    assert set(happening.fields) == {"order.id", "order.name"}


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("fulfillment_events_create__out_for_delivery", "order.out_for_delivery"),
        ("fulfillment_events_create__delivered", "order.delivered"),
    ],
)
def test_a_carriers_report_is_about_the_same_shipment(translate, stem, name):
    fields = {"order.id": "820982911946154508"}
    expected = Happening(name=name, subject=SUBJECT, contact=Contact(), fields=fields)

    assert translate(stem) == [expected]


MUG = {"price": "24.95", "quantity": 2, "total_discount": "5.00"}
PEN = {"price": "1.50", "quantity": 1}


@pytest.mark.parametrize(
    ("items", "total"),
    [
        ([MUG], "44.90"),
        ([MUG, PEN], "46.40"),
        ([{**PEN, "total_discount": "9.00"}], "0"),
        ([MUG, {"title": "no price", "quantity": 1}], None),
        ([{**MUG, "price": 24.95}], None),
        ([{**MUG, "price": "NaN"}], None),
        ([{**MUG, "quantity": None}], None),
        ([], None),
    ],
)
def test_a_shipment_says_what_is_in_it_is_worth(items, total):
    [happening] = PLATFORM.translate(shipped(fulfillment(line_items=items)))

    assert happening.fields.get("shipment.total") == total


def test_a_shipment_says_what_its_prices_are_in():
    dkk = {"shop_money": {"amount": "24.95", "currency_code": "DKK"}}
    items = [{**MUG, "price_set": dkk}]
    [happening] = PLATFORM.translate(shipped(fulfillment(line_items=items)))

    assert happening.fields["order.currency"] == "DKK"


def test_a_cancelled_order_cancels_each_of_its_shipments(translate):
    name = "order.shipment_cancelled"
    expected = Happening(name=name, subject=SUBJECT, contact=Contact(), fields={})

    assert translate("orders_cancelled") == [expected]


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("fulfillments_create__pending", "the fulfillment's status is pending"),
        ("fulfillments_create__digital", "nothing in it needs shipping"),
        ("fulfillments_update__in_transit", "shipment status in_transit is not used"),
        (
            "fulfillment_events_create__in_transit",
            "shipment status in_transit is not used",
        ),
        ("orders_create", "topic orders/create is not used"),
    ],
)
def test_what_means_nothing_to_us_says_why(translate, stem, reason):
    assert translate(stem) == Ignored(reason=reason)


def test_the_order_behind_a_shipment_keeps_its_name(inbound):
    body = json.loads(inbound("platforms/shopify/fulfillments_create").body)
    names = {"#1001.12": "#1001", "EN-7.1.2": "EN-7.1", "1001-UK": "1001-UK"}

    for shipment, order in names.items():
        request = inbound(
            "platforms/shopify/fulfillments_create", body={**body, "name": shipment}
        )
        [happening] = PLATFORM.translate(request)
        assert happening.fields["order.name"] == order


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": 9.2e18}, "body.id is not a whole number"),
        ({"id": None}, "body.id is missing"),
        ({"order_id": "820982911946154508"}, "body.order_id is not a whole number"),
        ({"name": ""}, "body.name is empty"),
        ({"destination": "London"}, "body.destination is not an object"),
        ({"destination": {"phone": 7700}}, "body.destination.phone is not text"),
        ({"line_items": [1]}, "body.line_items[0] is not an object"),
    ],
)
def test_the_field_that_is_wrong_is_named(inbound, change, problem):
    path = "platforms/shopify/fulfillments_create"
    body = {**json.loads(inbound(path).body), **change}

    with pytest.raises(Malformed) as caught:
        PLATFORM.translate(inbound(path, body=body))
    assert str(caught.value) == problem


@pytest.mark.parametrize("stem", ["signed", "signed__events_headers"])
def test_both_families_of_headers_are_read(inbound, config, stem):
    request = inbound(f"platforms/shopify/{stem}")

    PLATFORM.verify(request, config("platforms/shopify"))
    assert PLATFORM.topic(request) == "fulfillments/create"
    assert PLATFORM.delivery_id(request) == "b54557e4-0000-4000-8000-000000000001"


def test_a_delivery_for_another_shop_is_refused(inbound, config):
    request = inbound("platforms/shopify/signed")

    with pytest.raises(BadSignature, match="another shop"):
        PLATFORM.verify(
            request, config("platforms/shopify", shop="other-shop.myshopify.com")
        )


def test_a_shops_address_is_the_same_in_capitals(inbound, config):
    shop = "Little-Shop.myshopify.com"
    settings = config("platforms/shopify", shop=shop)

    PLATFORM.verify(inbound("platforms/shopify/signed"), settings)
