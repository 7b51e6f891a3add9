import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import vonage_messages as sdk
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.vonage import CHANNEL
from connectors.channels.vonage.errors import FAILURES
from connectors.channels.vonage.keys import private_key
from connectors.config import load
from connectors.failures import failure
from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Scope, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.message.money import Money
from core.ports import (
    HttpResponse,
    InboundRequest,
    Reply,
    SendAccepted,
    SendUnclear,
)
from tests.support.riverside import NOW

ID = "aaaaaaaa-bbbb-4ccc-8ddd-000000000001"
REPLY = "aaaaaaaa-bbbb-4ccc-8ddd-000000000003"
SIGNED = "channels/vonage/signed"
BY_KEY = {
    "application_id": None,
    "private_key": None,
    "api_key": "a1b2c3d4",
    "api_secret": "key-secret",
}
NO_SENDERS = dict.fromkeys(["sms_from", "whatsapp_from", "viber_from", "rcs_from"])

SAYS = "Your order is on its way."
PICTURE = Media(kind=MediaKind.IMAGE, url="https://shop.example/a.jpg")
VIDEO = Media(kind=MediaKind.VIDEO, url="https://shop.example/a.mp4")
PAPER = Media(kind=MediaKind.DOCUMENT, url="https://shop.example/1", name="Bill.pdf")
LINK = Button(kind=ButtonKind.LINK, text="Follow it", value="https://track.example/1")
YES = Button(kind=ButtonKind.REPLY, text="I will come", value="confirm")
NO = Button(kind=ButtonKind.REPLY, text="Another day", value="reschedule")
CODE = Button(kind=ButtonKind.CODE, text="Copy", value="1234")


@pytest.fixture
def settings(config):
    return config("channels/vonage")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"vonage/{stem}"))


@pytest.fixture
def told(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/vonage/{stem}"))


@pytest.fixture
def sent(settings, outgoing):
    def build(channel, **changes):
        request = CHANNEL.build(outgoing(channel, **changes), settings)
        return json.loads(request.body)

    return build


@pytest.fixture
def says(sent):
    """What a message says, without what all messages have."""
    common = ("channel", "from", "to", "client_ref", "webhook_url", "webhook_version")

    def build(channel, content, **changes):
        body = sent(channel, content=content, **changes)
        return {key: value for key, value in body.items() if key not in common}

    return build


# --- Settings ---


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"api_key": "a1b2c3d4"}, "application_id"),
        ({"application_id": None, "private_key": None}, "application_id"),
        ({"private_key": None}, "private_key"),
        ({"application_id": None}, "application_id"),
        ({**BY_KEY, "api_secret": None}, "api_secret"),
        ({**BY_KEY, "api_key": None}, "api_key"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----"}, "private_key"),
        (NO_SENDERS, "sms_from"),
    ],
)
def test_what_does_not_go_together_is_named_with_its_remedy(config, changes, path):
    with pytest.raises(SetupError) as caught:
        config("channels/vonage", **changes)

    assert caught.value.path == f"config.{path}"
    assert caught.value.fix


def test_a_key_of_another_kind_is_refused(config):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(SetupError, match="is not an RSA key"):
        config("channels/vonage", private_key=pem.decode())


def test_a_key_may_be_written_in_one_line(config, settings):
    line = settings.private_key.replace("\n", "\\n")
    escaped = config("channels/vonage", private_key=line)

    numbers = private_key(settings.private_key).private_numbers()
    assert private_key(escaped.private_key).private_numbers() == numbers


def test_a_channel_without_a_sender_is_not_sent_on(config, outgoing):
    settings = config("channels/vonage", viber_from=None)

    with pytest.raises(SetupError, match="viber_from: is missing"):
        CHANNEL.build(outgoing(Channel.VIBER), settings)
    served = {channel for channel in Channel if settings.able(channel)}
    assert served == {Channel.SMS, Channel.WHATSAPP, Channel.RCS}


# --- Login ---


def test_a_request_holds_a_token_of_its_own(settings, outgoing):
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    scheme, token = request.headers["Authorization"].split()
    key = private_key(settings.private_key).public_key()
    at = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, key, algorithms=["RS256"], options=at)
    assert scheme == "Bearer"
    assert claims.pop("application_id") == settings.application_id
    assert claims.pop("jti") == "att_0001"
    assert claims.pop("iat") < NOW.timestamp() < claims.pop("exp")
    assert claims == {}


def test_key_and_secret_are_a_login_too(config, outgoing):
    request = CHANNEL.build(outgoing(Channel.SMS), config("channels/vonage", **BY_KEY))

    login = base64.b64encode(b"a1b2c3d4:key-secret").decode()
    assert request.headers["Authorization"] == f"Basic {login}"
    assert request.url == "https://api.nexmo.com/v1/messages"


# --- Sending ---


def test_an_sms_says_everything_about_itself(sent):
    assert sent(Channel.SMS) == {
        "channel": "sms",
        "message_type": "text",
        "from": "447700900100",
        "to": "447700900101",
        "text": "Your order #1001 is on its way.",
        "ttl": 1800,
        "client_ref": "att_0001",
        "webhook_url": "https://ever.example/receipts/main",
        "webhook_version": "v1",
    }


@pytest.mark.parametrize(
    ("channel", "window", "ttl"),
    [
        (Channel.SMS, timedelta(0), 20),
        (Channel.SMS, timedelta(days=30), 604_800),
        (Channel.VIBER, timedelta(0), 30),
        (Channel.VIBER, timedelta(minutes=5), 300),
        (Channel.VIBER, timedelta(days=30), 259_200),
        (Channel.RCS, timedelta(minutes=1), 300),
        (Channel.RCS, timedelta(days=30), 259_200),
    ],
)
def test_a_message_expires_with_its_window_as_far_as_it_can(sent, channel, window, ttl):
    body = sent(channel, window=window)

    assert body.get("viber_service", body)["ttl"] == ttl


def test_whatsapp_cannot_be_told_when_to_give_up(sent):
    assert "ttl" not in sent(Channel.WHATSAPP)


def test_a_plain_template_is_one_in_vonages_words(says):
    values = (Parameter(text="Anna"), Parameter(text="#1001"))
    content = Template(template="shop:shipped", language="en_GB", body=values)

    assert says(Channel.WHATSAPP, content) == {
        "message_type": "template",
        "template": {"name": "shop:shipped", "parameters": ["Anna", "#1001"]},
        "whatsapp": {"policy": "deterministic", "locale": "en_GB"},
    }


def test_a_template_with_more_than_a_body_is_one_in_metas_words(says):
    content = Template(
        template="shop:shipped",
        language="en_GB",
        media=PAPER,
        body=(Parameter(text="Anna", name="first_name"),),
        buttons=(
            ButtonParameter(kind=ButtonKind.LINK, value="RR1"),
            None,
            ButtonParameter(kind=ButtonKind.REPLY, value="confirm"),
            ButtonParameter(kind=ButtonKind.CODE, value="SAVE10"),
        ),
    )
    shown = {"link": "https://shop.example/1", "filename": "Bill.pdf"}
    name = {"type": "text", "parameter_name": "first_name", "text": "Anna"}

    def button(index, kind, value):
        about = {"type": "button", "sub_type": kind, "index": index}
        return {**about, "parameters": [value]}

    assert says(Channel.WHATSAPP, content)["custom"] == {
        "type": "template",
        "template": {
            "namespace": "shop",
            "name": "shipped",
            "language": {"policy": "deterministic", "code": "en_GB"},
            "components": [
                {
                    "type": "header",
                    "parameters": [{"type": "document", "document": shown}],
                },
                {"type": "body", "parameters": [name]},
                button("0", "url", {"type": "text", "text": "RR1"}),
                button("2", "quick_reply", {"type": "payload", "payload": "confirm"}),
                button(
                    "3", "copy_code", {"type": "coupon_code", "coupon_code": "SAVE10"}
                ),
            ],
        },
    }


def test_a_template_without_parts_needs_no_namespace(sent):
    custom = sent(Channel.WHATSAPP)["custom"]["template"]

    assert custom["name"] == "order_shipped"
    assert "namespace" not in custom


@pytest.mark.parametrize("value", ["", " ", "two\nlines", "a tab\t", "far     apart"])
def test_a_parameter_that_whatsapp_refuses_is_named(says, value):
    content = Template(template="t", language="en", body=(Parameter(text=value),))

    with pytest.raises(ContentError, match=r"body\[0\]"):
        says(Channel.WHATSAPP, content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Text(text=SAYS), {"message_type": "text", "text": SAYS}),
        (
            Text(text=SAYS, media=PICTURE),
            {
                "message_type": "image",
                "image": {"url": PICTURE.url, "caption": SAYS},
            },
        ),
        (
            Text(text=SAYS, media=PAPER),
            {
                "message_type": "file",
                "file": {"url": PAPER.url, "caption": SAYS, "name": "Bill.pdf"},
            },
        ),
        (
            Text(text=SAYS, buttons=(YES, NO), media=PICTURE),
            {
                "message_type": "custom",
                "custom": {
                    "type": "interactive",
                    "interactive": {
                        "type": "button",
                        "header": {"type": "image", "image": {"link": PICTURE.url}},
                        "body": {"text": SAYS},
                        "action": {
                            "buttons": [
                                {
                                    "type": "reply",
                                    "reply": {"id": "confirm", "title": "I will come"},
                                },
                                {
                                    "type": "reply",
                                    "reply": {
                                        "id": "reschedule",
                                        "title": "Another day",
                                    },
                                },
                            ]
                        },
                    },
                },
            },
        ),
        (
            Text(text=SAYS, buttons=(LINK,)),
            {
                "message_type": "custom",
                "custom": {
                    "type": "interactive",
                    "interactive": {
                        "type": "cta_url",
                        "body": {"text": SAYS},
                        "action": {
                            "name": "cta_url",
                            "parameters": {
                                "display_text": "Follow it",
                                "url": LINK.value,
                            },
                        },
                    },
                },
            },
        ),
    ],
)
def test_whatsapp_shows_media_and_buttons(says, content, said):
    assert says(Channel.WHATSAPP, content) == said


def test_viber_shows_a_picture_and_one_link(says):
    content = Text(text=SAYS, media=PICTURE, buttons=(LINK,))

    assert says(Channel.VIBER, content) == {
        "message_type": "image",
        "image": {"url": PICTURE.url, "caption": SAYS},
        "viber_service": {
            "category": "transaction",
            "ttl": 1800,
            "action": {"url": LINK.value, "text": "Follow it"},
        },
    }


@pytest.mark.parametrize(
    ("purpose", "category"),
    [
        (Purpose.MARKETING, "promotion"),
        (Purpose.SERVICE, "transaction"),
        (Purpose.AUTHENTICATION, "transaction"),
    ],
)
def test_viber_is_told_what_it_is_for(sent, purpose, category):
    about = sent(Channel.VIBER, purpose=purpose)["viber_service"]

    assert about["category"] == category


def test_rcs_suggests_replies_and_links(says):
    assert says(Channel.RCS, Text(text=SAYS, buttons=(YES, LINK))) == {
        "message_type": "text",
        "text": SAYS,
        "suggestions": [
            {"type": "reply", "text": "I will come", "postback_data": "confirm"},
            {
                "type": "open_url",
                "text": "Follow it",
                "postback_data": "opened:att_0001",
                "url": LINK.value,
            },
        ],
        "ttl": 1800,
    }


def test_rcs_shows_media_as_a_card(says):
    content = Text(text=SAYS, media=VIDEO, buttons=(YES, LINK))
    said = says(Channel.RCS, content)
    rich = said["custom"]["contentMessage"]["richCard"]["standaloneCard"]

    assert said["message_type"] == "custom"
    assert rich["cardContent"] == {
        "description": SAYS,
        "media": {"height": "MEDIUM", "contentInfo": {"fileUrl": VIDEO.url}},
        "suggestions": [
            {"reply": {"text": "I will come", "postbackData": "confirm"}},
            {
                "action": {
                    "text": "Follow it",
                    "postbackData": "opened:att_0001",
                    "openUrlAction": {"url": LINK.value},
                }
            },
        ],
    }


LONG = Button(kind=ButtonKind.LINK, text="x" * 31, value="https://track.example")


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.SMS, Text(text=" \n")),
        (Channel.SMS, Text(text="x" * 1001)),
        (Channel.SMS, Text(text=SAYS, media=PICTURE)),
        (Channel.SMS, Text(text=SAYS, buttons=(LINK,))),
        (Channel.SMS, Template(template="t", language="en")),
        (Channel.WHATSAPP, Text(text="x" * 4097)),
        (Channel.WHATSAPP, Text(text="x" * 1025, media=PICTURE)),
        (Channel.WHATSAPP, Text(text="x" * 1025, buttons=(YES,))),
        (Channel.WHATSAPP, Text(text=SAYS, buttons=(YES, LINK))),
        (Channel.WHATSAPP, Text(text=SAYS, buttons=(YES, NO, YES, NO))),
        (Channel.WHATSAPP, Text(text=SAYS, buttons=(CODE,))),
        (Channel.WHATSAPP, Text(text=SAYS, buttons=(LONG,))),
        (Channel.VIBER, Text(text="x" * 1001)),
        (Channel.VIBER, Text(text=SAYS, media=VIDEO)),
        (Channel.VIBER, Text(text=SAYS, buttons=(YES,))),
        (Channel.VIBER, Text(text=SAYS, buttons=(LONG,))),
        (Channel.RCS, Text(text="x" * 3073)),
        (Channel.RCS, Text(text="x" * 2001, media=PICTURE)),
        (Channel.RCS, Text(text=SAYS, media=PAPER)),
        (Channel.RCS, Text(text=SAYS, buttons=(LONG,))),
        (Channel.RCS, Text(text=SAYS, media=PICTURE, buttons=(LONG,))),
    ],
)
def test_what_vonage_would_refuse_is_not_sent(sent, channel, content):
    with pytest.raises(ContentError):
        sent(channel, content=content)


# --- As Vonage's own library would send it ---


@pytest.mark.parametrize(
    ("channel", "content", "model"),
    [
        (Channel.SMS, Text(text=SAYS), sdk.Sms),
        (Channel.WHATSAPP, Text(text=SAYS), sdk.WhatsappText),
        (Channel.WHATSAPP, Text(text=SAYS, media=PICTURE), sdk.WhatsappImage),
        (Channel.WHATSAPP, Text(text=SAYS, media=VIDEO), sdk.WhatsappVideo),
        (Channel.WHATSAPP, Text(text=SAYS, media=PAPER), sdk.WhatsappFile),
        (Channel.WHATSAPP, Text(text=SAYS, buttons=(YES,)), sdk.WhatsappCustom),
        (
            Channel.WHATSAPP,
            Template(template="t", language="en", body=(Parameter(text="Anna"),)),
            sdk.WhatsappTemplate,
        ),
        (Channel.VIBER, Text(text=SAYS, buttons=(LINK,)), sdk.ViberText),
        (Channel.VIBER, Text(text=SAYS, media=PICTURE), sdk.ViberImage),
        (Channel.RCS, Text(text=SAYS), sdk.RcsText),
        (Channel.RCS, Text(text=SAYS, media=PICTURE), sdk.RcsCustom),
    ],
)
@pytest.mark.parametrize("window", [timedelta(0), timedelta(days=30)])
def test_vonages_own_library_would_send_the_same(sent, channel, content, model, window):
    body = sent(channel, content=content, window=window)
    theirs = model(**{**body, "from_": body["from"]})

    assert theirs.model_dump(mode="json", by_alias=True, exclude_none=True) == body


# --- Answers ---


def test_an_accepted_message_has_an_id(read):
    assert read("send_accepted") == SendAccepted(provider_id=ID)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__number", FailureClass.NEXT, "1170"),
        ("send_rejected__parameter", FailureClass.TEMPLATE, "1150"),
        ("send_rejected__throttled", FailureClass.RETRY, "1000"),
        ("send_rejected__too_many", FailureClass.RETRY, "429"),
        ("send_rejected__login", FailureClass.HALT, "401"),
        ("send_rejected__credit", FailureClass.HALT, "402"),
    ],
)
def test_a_refusal_is_what_its_code_or_else_its_status_says(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)


def test_a_refusal_names_what_is_wrong(read):
    detail = read("send_rejected__parameter").failure.detail

    assert detail.endswith("; viber_service.ttl: must be at least 30")


def test_a_throttled_sender_waits_as_long_as_vonage_asks(read):
    assert read("send_rejected__throttled").failure.retry_after == timedelta(seconds=2)


@pytest.mark.parametrize("stem", ["send_unclear__broken", "send_unclear__without_id"])
def test_no_clear_yes_or_no_leaves_the_message_in_doubt(read, stem):
    assert isinstance(read(stem), SendUnclear)


# --- Statuses ---


@pytest.mark.parametrize(
    ("stem", "status"),
    [
        ("report_submitted", Status.SENT),
        ("report_delivered", Status.DELIVERED),
        ("report_read", Status.READ),
        ("report_rejected", Status.FAILED),
        ("report_undeliverable", Status.FAILED),
    ],
)
def test_a_status_names_the_message_and_the_time(told, stem, status):
    [receipt] = told(stem)

    assert receipt.status is status
    assert receipt.at == datetime(2026, 11, 23, 10, 0, 4, tzinfo=UTC)
    assert (receipt.reference, receipt.provider_id) == ("att_0001", ID)


def test_a_status_says_what_an_sms_costs_and_in_how_many_parts(told):
    [receipt] = told("report_submitted")

    assert receipt.price == Money(micros=33_300, currency="EUR")
    assert receipt.parts == 2


def test_what_is_not_billed_yet_has_no_price(told):
    [submitted] = told("report_submitted_unbilled")
    [delivered] = told("report_delivered_free")

    assert (submitted.price, submitted.category) == (None, "utility")
    assert delivered.price == Money(micros=0, currency="EUR")
    assert delivered.category == "free"


def test_an_older_status_says_its_category_elsewhere(told):
    [receipt] = told("report_read")

    assert receipt.category == "utility"


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("report_rejected", FailureClass.NEXT, "1300"),
        ("report_rejected_number", FailureClass.RETRY, "1000"),
        ("report_undeliverable", FailureClass.NEXT, "1190"),
        ("report_rejected_without_reason", FailureClass.UNKNOWN, ""),
    ],
)
def test_a_failed_status_says_why(told, stem, kind, code):
    [receipt] = told(stem)

    assert (receipt.failure.kind, receipt.failure.code) == (kind, code)


def test_a_link_that_was_opened_was_read(told):
    [receipt] = told("report_link_opened")

    assert (receipt.status, receipt.reference) == (Status.READ, "att_0001")
    assert receipt.provider_id is None


@pytest.mark.parametrize(
    "stem", ["report_unknown_status", "reply_elsewhere", "reply_hidden"]
)
def test_anything_else_tells_nothing(told, stem):
    assert told(stem) == []


def test_a_status_without_a_time_has_none(inbound):
    body = json.loads(inbound("channels/vonage/report_submitted").body)
    body["timestamp"] = None
    [receipt] = CHANNEL.told(inbound(SIGNED, body=json.dumps(body)))

    assert (receipt.status, receipt.at) == (Status.SENT, None)


@pytest.mark.parametrize(
    "change",
    [
        {"message_uuid": None},
        {"timestamp": "yesterday"},
        {"usage": {"currency": "EUR", "price": "cheap"}},
    ],
)
def test_what_is_not_as_documented_is_malformed(inbound, change):
    body = json.loads(inbound("channels/vonage/report_submitted").body) | change

    with pytest.raises(Malformed):
        CHANNEL.told(inbound(SIGNED, body=json.dumps(body)))


# --- Replies ---


def test_an_sms_that_came_in_is_a_reply(told):
    assert told("reply_sms") == [
        Reply(
            channel=Channel.SMS,
            sender="+447700900101",
            provider_id=REPLY,
            at=datetime(2026, 11, 23, 10, 5, 0, 123_000, tzinfo=UTC),
            text="Yes, see you at 10 👋",
            to="+447700900100",
        )
    ]


@pytest.mark.parametrize(
    ("stem", "channel", "text", "button", "answers"),
    [
        ("reply_whatsapp", Channel.WHATSAPP, "Thank you!", "", ID),
        ("reply_whatsapp_button", Channel.WHATSAPP, "I will come", "confirm", ID),
        ("reply_whatsapp_chosen", Channel.WHATSAPP, "Another day", "reschedule", ID),
        ("reply_whatsapp_picture", Channel.WHATSAPP, "This one", "", None),
        ("reply_viber", Channel.VIBER, "STOP", "", None),
        ("reply_rcs", Channel.RCS, "I will come", "confirm", None),
    ],
)
def test_a_reply_comes_on_every_channel(told, stem, channel, text, button, answers):
    [reply] = told(stem)

    assert reply.channel is channel
    assert (reply.text, reply.button, reply.answers) == (text, button, answers)


# --- Trying the login ---


@pytest.mark.parametrize(
    ("stem", "numbers"),
    [
        ("check_numbers", ("+447700900100", "+447700900102")),
        ("check_no_numbers", ()),
    ],
)
def test_a_key_tells_which_numbers_it_owns(config, answer, stem, numbers):
    settings = config("channels/vonage", **BY_KEY)
    request = CHANNEL.check.ask(settings, NOW)
    found = CHANNEL.check.answer(answer(f"vonage/{stem}"), settings)

    assert request.url == "https://rest.nexmo.com/account/numbers?size=100"
    assert (found.works, found.numbers) == (True, numbers)
    assert f"owns {len(numbers) or 'no'} numbers" in found.says


@pytest.mark.parametrize(
    ("stem", "works"),
    [("check_application", True), ("check_login", False), ("check_broken", False)],
)
def test_an_application_is_known_or_not(settings, answer, stem, works):
    request = CHANNEL.check.ask(settings, NOW)
    found = CHANNEL.check.answer(answer(f"vonage/{stem}"), settings)

    assert request.url == "https://api.nexmo.com/v1/users?page_size=1"
    assert (found.works, found.numbers) == (works, ())


def test_an_unreadable_list_of_numbers_is_no_success(config):
    settings = config("channels/vonage", **BY_KEY)
    found = CHANNEL.check.answer(HttpResponse(status=200, body=b"<html>"), settings)

    assert not found.works


# --- What failures leave behind ---


@pytest.mark.parametrize(("code", "days"), [("1300", 7), ("1310", 7), ("1190", 30)])
def test_who_cannot_be_reached_is_remembered(code, days):
    assert failure(FAILURES, code, "").remember == timedelta(days=days)


def test_an_opt_out_is_from_this_sender():
    assert failure(FAILURES, "1240", "").scope is Scope.SENDER


@pytest.mark.parametrize(
    ("channel", "window", "outlives"),
    [
        (Channel.SMS, timedelta(hours=1), True),
        (Channel.WHATSAPP, timedelta(hours=1), True),
        (Channel.VIBER, timedelta(seconds=30), False),
        (Channel.VIBER, timedelta(seconds=29), True),
        (Channel.RCS, timedelta(minutes=5), False),
        (Channel.RCS, timedelta(minutes=4), True),
    ],
)
def test_a_message_dies_with_its_window_where_vonage_sees_to_it(
    channel, window, outlives
):
    assert bool(CHANNEL.outlives(channel, window)) is outlives


# --- Proof ---

SECRET = "new-signature-secret-of-the-account"
BODY = b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"delivered"}'
# Computed by another tool, for the body above.
VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NjQwMDAwMDAsImp0aSI6ImM1YmE4ZjI0LTFh"
    "MTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImQ1ZWNiYz"
    "dhYjc3YjM3NmIyY2Y2MzVhNjg2OWQ0ZGJiMTUzMjIxNzVmOTViNWMxOTI2MGEyN2Y2MjE3ZTRlZmYiLCJhcGlf"
    "a2V5IjoiYTFiMmMzZDQifQ.o_QyxM4eery0p-6iQ9oPUvpYLd33uetN_nHQ8pBN46Y"
)


@pytest.fixture
def verify(inbound, config):
    def check(token, body=BODY, secret=SECRET, at=NOW, scheme="Bearer"):
        headers = {"authorization": f"{scheme} {token}"}
        request = inbound(SIGNED, body=body, headers=headers, received_at=at)
        CHANNEL.verify(request, config("channels/vonage", signature_secret=secret))

    return check


def token(secret=SECRET, algorithm="HS256", **changes):
    digest = hashlib.sha256(BODY).hexdigest()
    claims = {"iat": int(NOW.timestamp()), "payload_hash": digest} | changes
    return jwt.encode(claims, secret, algorithm=algorithm)


def test_a_token_of_another_tools_making_is_known(verify):
    secret = "signature-secret-at-least-32-bytes-long"

    verify(VECTOR, secret=secret, at=datetime.fromtimestamp(1_764_000_000, UTC))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_fresh_token_for_this_body_is_believed(verify, scheme):
    verify(token(), scheme=scheme)

    with pytest.raises(BadSignature, match="no token"):
        verify(token(), scheme="Basic")


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_a_short_secret_is_as_good_as_vonage_made_it(verify):
    verify(token("short"), secret="short")

    with pytest.raises(BadSignature):
        verify(token("shorter"), secret="short")


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_hash": hashlib.sha256(b"another").hexdigest()},
        {"payload_hash": None},
        {"payload_hash": 1},
        {"iat": None},
        {"iat": "now"},
        {"iat": 10**400},
        {"iat": int(NOW.timestamp()) - 301},
        {"secret": "somebody-elses-signature-secret-here"},
        {"algorithm": "HS512"},
        {"algorithm": "none", "secret": None},
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_any_other_token_is_refused(verify, changes):
    with pytest.raises(BadSignature):
        verify(token(**changes))


def test_our_own_tokens_prove_nothing(verify, settings, outgoing):
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    with pytest.raises(BadSignature):
        verify(request.headers["Authorization"].partition(" ")[2])


@given(body=st.binary(), other=st.binary())
def test_a_token_is_good_for_its_own_body_only(body, other):
    secret = "x" * 32
    config = load(
        CHANNEL.Config,
        {"signature_secret": secret, "sms_from": "Shop"}
        | {"api_key": "a1b2c3d4", "api_secret": "s"},
        "config",
    )
    signed = token(secret, payload_hash=hashlib.sha256(body).hexdigest())
    request = InboundRequest(
        method="POST",
        url="https://ever.example/",
        headers={"authorization": f"Bearer {signed}"},
        body=body,
        received_at=NOW,
    )

    CHANNEL.verify(request, config)
    if other != body:
        with pytest.raises(BadSignature):
            CHANNEL.verify(replace(request, body=other), config)
