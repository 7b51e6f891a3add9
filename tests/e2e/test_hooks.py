"""What comes in over HTTP: taken once, taken from the right one, or refused."""

import json

import pytest

from tests.support import riverside
from tests.support.house import House, Order, until
from webapp.app import MAX_BODY

pytestmark = pytest.mark.parametrize("running", ["sqlite"], indirect=True)

HOOK = "/hooks/shopify/patient.shop"
CHALLENGE = "/receipts/whatsapp_cloud/patient.wa"


def post(house: House, order: Order, headers: dict[str, str]) -> int:
    """Post an order's shipment with these headers. The status."""
    return house.post(HOOK, json.dumps(order.body).encode(), headers).status_code


def signed(order: Order, **options: str) -> dict[str, str]:
    """Shopify's headers for an order's shipment."""
    return riverside.shopify_headers(json.dumps(order.body).encode(), **options)


def test_a_delivery_that_is_repeated_is_one(house: House):
    order = house.order()
    answers = [house.hook(order, webhook_id="once") for _ in range(3)]
    house.await_finished(order)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(house.arrivals("once")) == 1
    assert house.providers.channels(order.name) == ["whatsapp"]


def test_a_second_subscription_sends_nothing_more(house: House):
    order = house.order()
    assert house.hook(order, webhook_id="first").ok
    assert house.hook(order, webhook_id="second").ok
    house.await_finished(order)

    until("both were read", lambda: house.arrivals("second")[0][0] == "done")
    assert "was started before" in house.arrivals("second")[0][1]
    assert house.providers.channels(order.name) == ["whatsapp"]


@pytest.mark.parametrize("prefix", ["X-Shopify-", "Shopify-"])
def test_both_families_of_headers(house: House, prefix: str):
    order = house.order()
    headers = {
        name.replace("X-Shopify-", prefix): value
        for name, value in signed(order, webhook_id=f"family {prefix}").items()
    }
    assert post(house, order, headers) == 200
    house.await_finished(order)

    assert house.message(order).status == "delivered"


@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Shopify-Hmac-Sha256": "AAAA"},
        {"X-Shopify-Hmac-Sha256": "nött ASCII"},
        {"X-Shopify-Hmac-Sha256": ""},
        {"X-Shopify-Shop-Domain": "another.myshopify.com"},
    ],
    ids=["other", "not ascii", "none", "other shop"],
)
def test_a_wrong_signature_is_refused_and_not_kept(house: House, wrong: dict[str, str]):
    order = house.order()
    headers = signed(order, webhook_id="refused") | {
        name: value.encode().decode("latin-1") for name, value in wrong.items()
    }

    assert post(house, order, headers) == 401
    assert house.arrivals("refused") == []


def test_a_changed_body_is_refused(house: House):
    order = house.order()
    body = json.dumps(order.body | {"status": "success "}).encode()

    assert house.post(HOOK, body, signed(order)).status_code == 401


def test_a_topic_that_is_not_used_is_taken_and_recorded(house: House):
    order = house.order()
    answer = house.hook(order, topic="products/update", webhook_id="unused")

    assert answer.status_code == 200
    until("it was read", lambda: house.arrivals("unused")[0][0] != "waiting")
    assert house.arrivals("unused") == [
        ("ignored", "topic products/update is not used")
    ]
    assert house.messages(order) == []


def test_a_body_that_is_no_json_is_kept_with_the_reason(house: House):
    headers = riverside.shopify_headers(b"{", webhook_id="broken")

    assert house.post(HOOK, b"{", headers).status_code == 200
    until("it was read", lambda: house.arrivals("broken")[0][0] == "failed")


def test_a_body_over_the_limit_is_refused(house: House):
    body = b" " * (MAX_BODY + 1)
    headers = riverside.shopify_headers(body, webhook_id="large")

    assert house.post(HOOK, body, headers).status_code == 413
    assert house.arrivals("large") == []


def test_a_body_at_the_limit_is_taken(house: House):
    order = house.order()
    body = json.dumps(order.body).encode().ljust(MAX_BODY)

    assert house.post(HOOK, body, riverside.shopify_headers(body)).status_code == 200
    house.await_finished(order)


@pytest.mark.parametrize(
    "path",
    ["/hooks/shopify/nobody.shop", "/hooks/nothing/patient.shop", "/hooks/shopify/x"],
)
def test_an_address_that_is_nobodys(house: House, path: str):
    assert house.post(path, b"{}", {}).status_code == 404


def test_a_receipt_with_a_wrong_signature_is_refused(house: House):
    body = riverside.meta_body(riverside.meta_status("delivered", "nobody.0"))
    headers = riverside.meta_headers(body + b" ")

    assert house.post(CHALLENGE, body, headers).status_code == 401


def test_metas_challenge_is_echoed(house: House):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    answer = house.get(CHALLENGE, **asked, **{"hub.verify_token": "verify-token"})

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_challenge_with_a_wrong_token_is_refused(house: House):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    answer = house.get(CHALLENGE, **asked, **{"hub.verify_token": "guessed"})

    assert answer.status_code == 403
    assert "1158201444" not in answer.text
