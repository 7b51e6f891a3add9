"""The express lane takes what it can vouch for; the rest is Flask's, body and all."""

import hashlib
import json
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from core.bootstrap import Everreach
from core.services.setup import apply
from core.store.inbox import EVENT, waiting
from core.store.turns import Turns
from tests.support import riverside
from webapp.app import build_app

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HOOK = "/hooks/shopify/riverside.shop"
BODY = json.dumps(riverside.fulfillment()).encode()


@pytest.fixture
def client(app: Everreach) -> FlaskClient:
    apply(app, riverside.setup(), {})
    return build_app(app).test_client()


def post(client: FlaskClient, webhook_id: str, path: str = HOOK) -> tuple[int, bool]:
    """The status, and whether it was Flask who answered."""
    headers = riverside.shopify_headers(BODY, webhook_id=webhook_id)
    answer = client.post(path, data=BODY, headers=headers)
    return answer.status_code, "Content-Security-Policy" in answer.headers


def test_the_first_goes_by_flask_and_the_next_by_express(
    client: FlaskClient, app: Everreach
) -> None:
    assert post(client, "first") == (200, True)
    assert post(client, "second") == (200, False)

    with app.store.write() as tx:
        first, second = waiting(tx, EVENT, 10, Turns())
    assert (first.url, first.body) == (second.url, second.body)
    its_own = {"x-shopify-webhook-id": "second", "x-shopify-event-id": "e-second"}
    assert {**first.headers, **its_own} == second.headers


def test_flask_says_what_is_wrong(client: FlaskClient) -> None:
    post(client, "first")

    assert post(client, "first") == (200, True)
    assert client.post(HOOK, data=BODY).status_code == 401
    assert post(client, "second", HOOK + ".no") == (404, True)
    assert post(client, "second", HOOK.replace("shopify", "nobody")) == (404, True)
    assert post(client, "second", HOOK + "/more") == (404, True)
    assert client.get(HOOK).status_code == 405


TWILIO = "/receipts/twilio/riverside.sms"


@pytest.mark.parametrize("kind", [FORM, JSON])
def test_what_a_proxy_passes_on_is_signed_for_our_public_address(
    client: FlaskClient, kind: str
) -> None:
    def passed_on(address: str, sid: str) -> int:
        form = {"MessageSid": sid, "MessageStatus": "sent"}
        path, body, signed = f"{TWILIO}?ref=att_1", urlencode(form), form
        if kind == JSON:
            body, signed = json.dumps(form), {}
            path += f"&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        signature = riverside.twilio_signature(address + path, signed)
        answer = client.post(
            path,
            base_url="http://10.0.0.5:8000",
            data=body,
            content_type=kind,
            headers={
                "X-Forwarded-Host": "evil.example",
                "X-Twilio-Signature": signature,
            },
        )
        return answer.status_code

    # The first is Flask's, the second comes by express.
    assert passed_on("https://msg.example", "SM1") == 204
    assert passed_on("https://msg.example:443", "SM2") == 204
    assert passed_on("http://10.0.0.5:8000", "SM3") == 401
    assert passed_on("https://evil.example", "SM4") == 401


def test_a_removed_connection_is_gone_at_once(
    client: FlaskClient, app: Everreach
) -> None:
    post(client, "first")
    apply(app, riverside.setup().replace("key: shop,", "key: other,"), {})

    assert post(client, "second") == (404, True)
