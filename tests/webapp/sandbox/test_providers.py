"""The providers' answers, errors and signatures, checked by code of the test's own."""

import base64
import hashlib
import hmac
import json

import pytest
import requests

from webapp.sandbox.cast import CUSTOMERS

NUMBER = CUSTOMERS[0].number
VALUES = ("Astrid", "#1001", "https://track.example/1")


def test_meta_accepts(outside):
    answer = outside.whatsapp(NUMBER, *VALUES)
    assert answer.status_code == 200
    body = answer.json()
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": NUMBER, "wa_id": NUMBER[1:]}]
    (message,) = body["messages"]
    assert message["id"].startswith("wamid.")
    assert message["message_status"] == "accepted"


def test_meta_signs_what_it_sends_and_gives_our_reference_back(outside):
    wamid = outside.whatsapp(NUMBER, *VALUES).json()["messages"][0]["id"]
    posts = outside.skip(minutes=1)
    assert {post.path for post in posts} == {"/receipts/whatsapp_cloud/sandbox.wa?"}
    secret = outside.secrets["SANDBOX_META_APP_SECRET"].encode()
    for post in posts:
        digest = hmac.new(secret, post.body, hashlib.sha256).hexdigest()
        assert post.headers["x-hub-signature-256"] == f"sha256={digest}"
        status = post.status()
        assert status["id"] == wamid
        assert status["biz_opaque_callback_data"] == "att_1"
        assert status["recipient_id"] == NUMBER[1:]
        assert isinstance(status["timestamp"], str)
        phone_id = json.loads(post.body)["entry"][0]["changes"][0]["value"]["metadata"]
        assert phone_id["phone_number_id"] == outside.secrets["SANDBOX_META_PHONE_ID"]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"template": "order_vanished"}, 404, 132001),
        ({"language": "it"}, 404, 132001),
        ({"to": "not a number"}, 400, 131009),
        ({"messaging_product": "telegram"}, 400, 100),
        ({"type": "hologram"}, 400, 131051),
    ],
)
def test_meta_refuses(outside, message, status, code):
    answer = outside.whatsapp(message.pop("to", NUMBER), *VALUES, **message)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["message"].startswith(f"(#{code}) ")
    assert error["fbtrace_id"]
    assert outside.skip(minutes=1) == []


@pytest.mark.parametrize("values", [(), ("Astrid",), (*VALUES, "more")])
def test_meta_counts_the_parameters(outside, values):
    answer = outside.whatsapp(NUMBER, *values)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 132000)


def test_meta_does_not_know_a_header_that_was_not_approved(outside):
    header = {"type": "header", "parameters": [{"type": "text", "text": "Sale"}]}
    body = {
        "type": "body",
        "parameters": [{"type": "text", "text": text} for text in VALUES],
    }
    answer = outside.post_whatsapp(
        {
            "messaging_product": "whatsapp",
            "to": NUMBER,
            "type": "template",
            "template": {
                "name": "order_shipped",
                "language": {"code": "en"},
                "components": [header, body],
            },
        }
    )
    assert answer.json()["error"]["code"] == 132000


def test_meta_does_not_know_the_token(outside):
    answer = outside.post_whatsapp({}, token="stolen")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


@pytest.mark.parametrize("body", [[], "text", None])
def test_meta_reads_objects_only(outside, body):
    assert outside.post_whatsapp(body).json()["error"]["code"] == 100


def test_free_text_finds_no_open_window(outside):
    answer = outside.post_whatsapp(
        {
            "messaging_product": "whatsapp",
            "to": NUMBER,
            "type": "text",
            "text": {"body": "Hello"},
        }
    )
    assert answer.status_code == 200
    (post,) = outside.skip(minutes=1)
    assert post.status()["errors"][0]["code"] == 131047
    assert all(not phone.messages for phone in outside.world.snapshot().phones)


def test_twilio_accepts(outside):
    answer = outside.sms(NUMBER, "Hello")
    assert answer.status_code == 201
    body = answer.json()
    assert body["sid"].startswith("SM")
    assert body["account_sid"] == outside.secrets["SANDBOX_TWILIO_SID"]
    assert (body["status"], body["num_segments"]) == ("queued", "1")


def test_twilio_signs_the_address_it_was_given(outside):
    # The public address may be another than the one it is posted to.
    address = "https://messages.example.com/receipts/twilio/sandbox.sms?ref=att_9"
    sid = outside.sms(NUMBER, StatusCallback=f"{address}#rc=2").json()["sid"]
    posts = outside.skip(minutes=1)
    token = outside.secrets["SANDBOX_TWILIO_TOKEN"].encode()
    assert len(posts) == 2
    for post in posts:
        form = post.form()
        text = address + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(token, text.encode(), hashlib.sha1).digest()
        assert post.headers["x-twilio-signature"] == base64.b64encode(digest).decode()
        assert post.path == "/receipts/twilio/sandbox.sms?ref=att_9"
        assert (form["MessageSid"], form["To"]) == (sid, NUMBER)


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"To": "070-174 06 05"}, 400, 21211),
        ({"To": ""}, 400, 21604),
        ({"From": ""}, 400, 21603),
        ({"From": "+15005550001"}, 400, 21606),
        ({"Body": " "}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"token": "wrong"}, 401, 20003),
    ],
)
def test_twilio_refuses(outside, form, status, code):
    answer = outside.sms(NUMBER, **form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert outside.skip(minutes=1) == []


def test_without_a_callback_twilio_reports_nothing(outside):
    assert outside.sms(NUMBER, StatusCallback="").status_code == 201
    assert outside.skip(minutes=1) == []


def test_the_providers_are_not_there_for_others(outside):
    url = outside.secrets["SANDBOX_META_URL"] + "/v25.0/1/messages"
    answer = requests.post(url, headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 404
