import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.channels.dexatel import CHANNEL
from connectors.signatures import hmac_base64, hmac_hex
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.errors import BadSignature, ContentError, Malformed
from core.message.content import (
    Button,
    ButtonKind,
    Email,
    Media,
    MediaKind,
    Template,
    Text,
)
from core.message.money import Money
from core.ports import Receipt, Reply, SendAccepted, SendUnclear

ID = "e4fb1353-0000-4000-8000-000000000001"
SIGNED = "channels/dexatel/signed"
IMAGE = Media(kind=MediaKind.IMAGE, url="https://shop.example/parcel.png")
DOCUMENT = Media(
    kind=MediaKind.DOCUMENT, url="https://shop.example/a.pdf", name="a.pdf"
)
CONFIRM = Button(kind=ButtonKind.REPLY, text="Confirm", value="confirm")
TRACK = Button(kind=ButtonKind.LINK, text="Track", value="https://shop.example")


@pytest.fixture
def settings(config):
    return config("channels/dexatel")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"dexatel/{stem}"))


@pytest.fixture
def report(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/dexatel/{stem}"))


@pytest.fixture
def sent(settings, outgoing):
    def data(channel, **changes):
        request = CHANNEL.build(outgoing(channel, **changes), settings)
        return json.loads(request.body)["data"]

    return data


# --- Sending ---


def test_a_message_goes_out_with_our_key(settings, outgoing):
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    assert request.url == "https://api.dexatel.com/v1/messages"
    assert request.headers["X-Dexatel-Key"] == "dexatel-test-key"
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.VIBER])
def test_a_text_says_everything_about_itself(sent, channel):
    assert sent(channel) == {
        "from": "Riverside",
        "to": ["447700900101"],
        "channel": channel.upper(),
        "type": "text",
        "text": "Your order #1001 is on its way.",
        "payload": "att_0001 EUR",
    }


def test_a_template_has_its_variables_in_order(sent):
    data = sent(Channel.WHATSAPP)

    assert data["template"] == "order_shipped"
    assert data["variables"] == ["#1001", "Anna", "RR100200300", "RR100200300"]
    assert "type" not in data


def test_a_picture_and_a_button_go_with_a_text_on_whatsapp(sent):
    content = Text(text="Here it is.", media=IMAGE, buttons=(CONFIRM,))
    data = sent(Channel.WHATSAPP, content=content)

    assert (data["type"], data["url"]) == ("image", IMAGE.url)
    assert data["text"] == "Here it is."
    assert (data["button_type"], data["button_text"]) == ("quick_reply", "Confirm")


def test_without_a_currency_only_our_reference_travels(config, outgoing):
    settings = config("channels/dexatel", currency=None)
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    assert json.loads(request.body)["data"]["payload"] == "att_0001"


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.SMS, Text(text=" \n")),
        (Channel.SMS, Text(text="x" * 1001)),
        (Channel.SMS, Text(text="x", media=IMAGE)),
        (Channel.VIBER, Text(text="x", buttons=(CONFIRM,))),
        (Channel.WHATSAPP, Text(text="x", media=DOCUMENT)),
        (Channel.WHATSAPP, Text(text="x", buttons=(TRACK,))),
        (Channel.WHATSAPP, Text(text="x", buttons=(CONFIRM, CONFIRM))),
        (Channel.WHATSAPP, Template(template="t", language="en", media=IMAGE)),
        (Channel.SMS, Email(subject="x", text="x")),
    ],
)
def test_what_dexatel_would_refuse_is_not_sent(sent, channel, content):
    with pytest.raises(ContentError):
        sent(channel, content=content)


def test_a_text_of_1000_characters_is_sent(sent):
    assert len(sent(Channel.VIBER, content=Text(text="x" * 1000))["text"]) == 1000


# --- Answers ---


@pytest.mark.parametrize(
    ("stem", "parts"), [("send_accepted", 1), ("send_accepted__object", 2)]
)
def test_an_accepted_message_has_an_id_in_either_shape(read, stem, parts):
    assert read(stem) == SendAccepted(provider_id=ID, parts=parts)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__recipient", FailureClass.NEXT, "1523"),
        ("send_rejected__template", FailureClass.TEMPLATE, "1513"),
        ("send_rejected__trial", FailureClass.HALT, "1525"),
        ("send_rejected__key", FailureClass.HALT, "http_401"),
        ("send_rejected__forbidden", FailureClass.HALT, "http_403"),
        ("send_rejected__throttled", FailureClass.RETRY, "http_429"),
    ],
)
def test_a_refusal_is_what_its_code_says(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)


def test_a_wrong_number_is_remembered_and_a_throttled_sender_waits(read):
    recipient = read("send_rejected__recipient").failure
    throttled = read("send_rejected__throttled").failure

    assert recipient.remember == timedelta(days=30)
    assert throttled.retry_after == timedelta(seconds=3)


def test_an_error_of_dexatels_own_leaves_the_message_in_doubt(read):
    assert isinstance(read("send_unclear__broken"), SendUnclear)


# --- Receipts ---

AT = datetime(2026, 11, 22, 16, 0, 4, tzinfo=UTC)


def test_a_delivery_says_when_and_for_how_much(report):
    assert report("report_delivered") == [
        Receipt(
            status=Status.DELIVERED,
            at=AT,
            reference="att_0001",
            provider_id=ID,
            price=Money(micros=45_000, currency="EUR"),
        )
    ]


@pytest.mark.parametrize(
    ("stem", "micros"),
    [("report_delivered__small", 12_000), ("report_whatsapp", 33_300)],
)
def test_a_status_may_be_in_small_letters_and_a_price_in_quotes(report, stem, micros):
    [receipt] = report(stem)

    assert receipt.status is Status.DELIVERED
    assert receipt.price == Money(micros=micros, currency="EUR")


def test_a_price_in_an_unknown_currency_is_no_price(report):
    [receipt] = report("report_no_currency")

    assert (receipt.reference, receipt.price) == ("att_0001", None)


@pytest.mark.parametrize(
    ("stem", "word"),
    [
        ("report_failed", "failed"),
        ("report_rejected", "rejected"),
        ("report_expired", "expired"),
    ],
)
def test_a_failure_has_no_more_of_a_reason_than_its_status(report, stem, word):
    [receipt] = report(stem)

    assert receipt.status is Status.FAILED
    assert (receipt.failure.kind, receipt.failure.code) == (FailureClass.NEXT, word)


@pytest.mark.parametrize("stem", ["report_unknown_status", "other_channel"])
def test_anything_else_tells_nothing(report, stem):
    assert report(stem) == []


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-22 16:00:04", AT),
        ("2026-11-22T17:00:04+01:00", AT),
        ("yesterday", None),
        ("9999-12-31 23:59:59-23:00", None),
    ],
)
def test_a_time_without_a_zone_is_utc(inbound, written, at):
    given = inbound("channels/dexatel/report_delivered")
    body = given.body.replace(b"2026-11-22 16:00:04", written.encode())
    [receipt] = CHANNEL.told(replace(given, body=body))

    assert receipt.at == at


def test_a_status_without_a_message_is_malformed(inbound):
    with pytest.raises(Malformed, match="message_id is missing"):
        CHANNEL.told(inbound(SIGNED, body='{"data": {"status": "SENT"}}'))


# --- Replies ---


def test_a_message_that_came_in_is_a_reply(report):
    assert report("reply_text") == [
        Reply(
            channel=Channel.WHATSAPP,
            sender="+447700900101",
            provider_id="8cd2ac02-0000-4000-8000-000000000003",
            at=datetime(2026, 11, 22, 16, 5, tzinfo=UTC),
            text="Yes, see you at 10 👋",
        )
    ]


def test_a_reply_without_an_id_is_known_by_whom_and_when(report):
    [reply] = report("reply_without_id")

    assert reply.provider_id == "447700900101@2026-11-22 16:05:00"
    assert (reply.channel, reply.text) == (Channel.SMS, "STOP")


def test_a_reply_from_a_name_is_malformed(inbound):
    given = inbound("channels/dexatel/reply_text")
    body = given.body.replace(b'"447700900101"', b'"Anna"')

    with pytest.raises(Malformed, match="from is not a number"):
        CHANNEL.told(replace(given, body=body))


# --- Proof ---


@pytest.mark.parametrize("sign", [hmac_base64, hmac_hex])
@pytest.mark.parametrize("secret", ["new-webhook-secret", "old-webhook-secret"])
def test_a_signature_may_be_base64_or_hexadecimal(inbound, settings, sign, secret):
    given = inbound(SIGNED)
    headers = {"x-dexatel-signature": sign(secret, given.body)}
    CHANNEL.verify(replace(given, headers=headers), settings)

    with pytest.raises(BadSignature):
        CHANNEL.verify(replace(given, headers=headers, body=b"{}"), settings)


# --- Asking ---


@pytest.fixture
def learnt(answer):
    return lambda stem: CHANNEL.query.answer(answer(f"dexatel/{stem}"))


def test_an_answer_says_since_when(learnt):
    receipt = learnt("answer_delivered")

    assert (receipt.status, receipt.at) == (Status.DELIVERED, AT)
    assert (receipt.provider_id, receipt.reference) == (ID, None)


def test_an_answer_may_be_a_list_and_may_have_a_price(learnt):
    failed, seen = learnt("answer_failed"), learnt("answer_seen")

    assert (failed.status, failed.failure.code) == (Status.FAILED, "failed")
    assert seen.status is Status.READ
    assert seen.price == Money(micros=33_300, currency="EUR")


@pytest.mark.parametrize("stem", ["answer_unknown_status", "answer_no_such_message"])
def test_any_other_answer_teaches_nothing(learnt, stem):
    assert learnt(stem) is None


@pytest.mark.parametrize(
    ("stem", "works", "says"),
    [
        ("check_works", True, "Riverside is yours"),
        ("check_other_sender", False, "Riverside is not among"),
        ("check_wrong_key", False, "does not know this API key"),
        ("check_no_list", False, "HTTP 502"),
    ],
)
def test_a_key_is_tried_by_listing_its_senders(answer, settings, stem, works, says):
    checked = CHANNEL.check.answer(answer(f"dexatel/{stem}"), settings)

    assert checked.works is works
    assert says in checked.says


def test_the_senders_of_a_key_are_told_once(answer, settings):
    checked = CHANNEL.check.answer(answer("dexatel/check_works"), settings)

    assert checked.numbers == ("Riverside", "447700900100")


def test_a_message_may_always_outlive_its_window():
    assert "give up" in CHANNEL.outlives(Channel.VIBER, timedelta(hours=1))
