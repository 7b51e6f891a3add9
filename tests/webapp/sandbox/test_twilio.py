"""The sandbox's Twilio, for its own library and for our connector."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.request_validator import RequestValidator

from connectors.channels.twilio import CHANNEL
from connectors.channels.twilio.settings import Settings
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import Status
from core.message.content import (
    ButtonKind,
    ButtonParameter,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.ports import (
    HttpResponse,
    InboundRequest,
    Outgoing,
    Receipt,
    Reply,
    SendAccepted,
    SendRejected,
)
from tests.support.riverside import NOW
from tests.support.twilio_client import twilio_client
from webapp.sandbox.cast import CUSTOMERS, RCS_AGENT, SMS_NUMBER, Kind
from webapp.sandbox.quirks import Quirk
from webapp.sandbox.twilio.order import SERVICE

NUMBERS = {customer.kind: customer.number for customer in CUSTOMERS}
ASTRID = NUMBERS[Kind.REACHABLE]
SHIPPED, COMING, PICTURE = (f"HX{number:032x}" for number in (1, 2, 3))
IMAGE = Media(kind=MediaKind.IMAGE, url="https://shop.example/mug.jpg")
FROM = {
    "sms": SMS_NUMBER,
    "whatsapp": f"whatsapp:{SMS_NUMBER}",
    "rcs": f"rcs:{RCS_AGENT}",
}


@pytest.fixture
def client(outside):
    secrets = outside.secrets
    return twilio_client(
        secrets["SANDBOX_TWILIO_URL"],
        secrets["SANDBOX_TWILIO_SID"],
        secrets["SANDBOX_TWILIO_TOKEN"],
    )


@pytest.fixture
def create(outside, client):
    address = f"{outside.settings.public_url}/receipts/twilio/sandbox.sms?ref=att_1"

    def send(channel, to=ASTRID, **more):
        prefix = "" if channel == "sms" else f"{channel}:"
        form = {"from_": FROM[channel], "status_callback": address, **more}
        return client.messages.create(to=prefix + to, **form)

    return send


def refusal(act, *args, **more):
    with pytest.raises(TwilioRestException) as caught:
        act(*args, **more)
    return caught.value.status, caught.value.code


def shown(outside, kind=Kind.REACHABLE):
    (found,) = (p for p in outside.world.snapshot().phones if p.kind == kind)
    return found.messages


def told(posts):
    return [post.form()["MessageStatus"] for post in posts]


# --- Twilio's library as a client ---


def test_the_library_sends_an_sms_and_reads_what_became_of_it(outside, client, create):
    sent = create("sms", body="Hello " * 30)
    assert (sent.status, sent.num_segments, sent.price) == ("queued", "2", None)
    outside.skip(minutes=1)
    found = client.messages(sent.sid).fetch()
    assert (found.status, found.price, found.price_unit) == (
        "delivered",
        "-0.01660",
        "USD",
    )
    assert sent.date_created <= found.date_sent <= found.date_updated


def test_the_library_reads_why_a_message_failed(outside, client, create):
    sent = create("sms", NUMBERS[Kind.NO_SUCH_NUMBER], body="Hello")
    outside.skip(minutes=1)
    found = client.messages(sent.sid).fetch()
    assert (found.status, found.error_code) == ("undelivered", 30005)


def test_the_library_sends_pictures(outside, create):
    sent = create("sms", media_url=[IMAGE.url])
    assert (sent.sid[:2], sent.num_media) == ("MM", "1")
    outside.skip(minutes=1)
    assert [message.media for message in shown(outside)] == [IMAGE]


@pytest.mark.parametrize("channel", ["whatsapp", "rcs"])
def test_the_library_sends_a_template(outside, create, channel):
    variables = json.dumps({"1": "Astrid", "2": "#1001", "3": "RR1"})
    create(channel, content_sid=SHIPPED, content_variables=variables)
    posts = outside.skip(minutes=1)
    assert told(posts) == ["sent", "delivered", "read"]
    assert posts[2].form()["EventType"] == "READ"
    assert posts[0].form()["To"] == f"{channel}:{ASTRID}"
    (message,) = shown(outside)
    assert (message.channel, message.status) == (channel, "read")
    assert message.text == "Hi Astrid, #1001 is on its way."
    assert [it.value for it in message.buttons] == ["https://track.example/RR1"]


def test_a_service_picks_its_sender_later(outside, client, create):
    sent = create("sms", from_=None, messaging_service_sid=SERVICE, body="Hello")
    assert (sent.status, sent.num_segments, sent.from_) == ("accepted", "0", None)
    posts = outside.skip(minutes=1)
    found = client.messages(sent.sid).fetch()
    assert (found.num_segments, found.from_) == ("1", SMS_NUMBER)
    assert {post.form()["MessagingServiceSid"] for post in posts} == {SERVICE}


def test_the_library_lists_the_numbers(client):
    (number,) = client.incoming_phone_numbers.list()
    assert number.phone_number == SMS_NUMBER
    assert (number.capabilities["sms"], number.capabilities["mms"]) == (True, True)


@pytest.mark.parametrize(
    ("channel", "message", "code"),
    [
        ("sms", {"to": "070"}, 21211),
        ("sms", {"body": ""}, 21602),
        ("sms", {"media_url": ["mug.jpg"]}, 21620),
        ("sms", {"validity_period": 0}, 90007),
        ("sms", {"from_": FROM["rcs"]}, 21910),
        ("sms", {"from_": None, "messaging_service_sid": "MG2"}, 21703),
        ("sms", {"from_": None, "messaging_service_sid": SERVICE, "body": ""}, 21619),
        ("whatsapp", {"from_": "whatsapp:+15005550001"}, 63007),
        ("rcs", {"content_sid": "order_shipped"}, 21655),
        ("rcs", {"content_sid": SHIPPED, "content_variables": '{"1": ""}'}, 21656),
        ("rcs", {"content_sid": SHIPPED, "content_variables": "Anna"}, 21656),
    ],
)
def test_the_library_is_told_what_is_wrong(outside, create, channel, message, code):
    form = {"body": "Hello", **message}
    assert refusal(create, channel, **form) == (400, code)
    assert outside.skip(minutes=1) == []


def test_a_message_that_is_not_there_is_not_found(client):
    assert refusal(client.messages("SM1").fetch) == (404, 20404)


def test_a_wrong_login_is_refused_everywhere(outside):
    sid = outside.secrets["SANDBOX_TWILIO_SID"]
    client = twilio_client(outside.secrets["SANDBOX_TWILIO_URL"], sid, "wrong")
    assert refusal(client.messages("SM1").fetch) == (401, 20003)
    with pytest.raises(TwilioException, match="20003"):
        client.incoming_phone_numbers.list()


@pytest.mark.parametrize("channel", ["whatsapp", "rcs"])
def test_the_busy_are_throttled_twice(outside, create, channel):
    number = NUMBERS[Kind.BUSY]
    for _ in range(2):
        assert refusal(create, channel, number, content_sid=COMING) == (429, 20429)
    create(channel, number, content_sid=COMING)
    assert len(outside.skip(minutes=1)) == 3


@pytest.mark.parametrize(
    ("channel", "kind", "code"),
    [
        ("whatsapp", Kind.NO_WHATSAPP, "63024"),
        ("whatsapp", Kind.NO_SUCH_NUMBER, "63024"),
        ("rcs", Kind.NO_SUCH_NUMBER, "63003"),
    ],
)
def test_who_is_not_there_is_reported(outside, create, channel, kind, code):
    create(channel, NUMBERS[kind], content_sid=COMING)
    (post,) = outside.skip(minutes=1)
    assert told([post]) == ["failed"]
    assert post.form()["ErrorCode"] == code


# --- What people write ---


def test_free_text_on_whatsapp_needs_a_window(outside, create):
    create("whatsapp", body="Hello")
    outside.skip(minutes=1)
    outside.world.twilio.hear(ASTRID, Channel.WHATSAPP, {"Body": "Hi"})
    create("whatsapp", body="Hello again")
    outside.skip(hours=23)
    create("whatsapp", body="Still here")
    outside.skip(hours=2)
    create("whatsapp", body="Too late")
    failed = [p.form() for p in outside.skip(minutes=1) if b"ErrorCode" in p.body]
    assert [form["ErrorCode"] for form in failed] == ["63016", "63016"]
    assert [it.text for it in shown(outside)] == ["Hello again", "Still here"]


def test_stop_is_obeyed_until_start(outside, create):
    hear = outside.world.twilio.hear
    hear(ASTRID, Channel.SMS, {"Body": " stop "})
    assert refusal(create, "sms", body="Hello") == (400, 21610)
    create("rcs", body="Hello")
    hear(ASTRID, Channel.SMS, {"Body": "START"})
    create("sms", body="Hello")


# --- What it posts, for Twilio's validator and for our connector ---


def settings_of(outside):
    return Settings(
        account_sid=outside.secrets["SANDBOX_TWILIO_SID"],
        auth_token=(outside.secrets["SANDBOX_TWILIO_TOKEN"],),
        from_=SMS_NUMBER,
        mms="yes",
        whatsapp_from=SMS_NUMBER,
        rcs_from=RCS_AGENT,
        base_url=outside.secrets["SANDBOX_TWILIO_URL"],
    )


def facts(outside, posts):
    """What our connector makes of posts that Twilio's own validator believes."""
    validator = RequestValidator(outside.secrets["SANDBOX_TWILIO_TOKEN"])
    for post in posts:
        url = outside.settings.public_url + post.path.removesuffix("?")
        form = dict(parse_qsl(post.body.decode(), keep_blank_values=True))
        assert validator.validate(url, form, post.headers["x-twilio-signature"])
        request = InboundRequest(
            method="POST",
            url=url,
            headers=post.headers,
            body=post.body,
            received_at=outside.clock.now(),
        )
        CHANNEL.verify(request, settings_of(outside))
        yield from CHANNEL.told(request)


def perform(request):
    answer = requests.request(
        request.method,
        request.url,
        headers=request.headers,
        data=request.body,
        timeout=5,
    )
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return HttpResponse(status=answer.status_code, headers=headers, body=answer.content)


def ours(outside, channel, content, to=ASTRID):
    message = Outgoing(
        reference="att_7",
        channel=channel,
        to=to,
        content=content,
        callback_url=f"{outside.settings.public_url}/receipts/twilio/sandbox.sms",
        window=timedelta(minutes=30),
        now=NOW,
    )
    return CHANNEL.read(perform(CHANNEL.build(message, settings_of(outside))))


@pytest.mark.parametrize(
    ("channel", "content", "text"),
    [
        (Channel.SMS, Text(text="Grüße & more 👋"), "Grüße & more 👋"),
        (
            Channel.WHATSAPP,
            Template(
                template=SHIPPED,
                language="en",
                body=(Parameter(text="Astrid"), Parameter(text="#1001")),
                buttons=(ButtonParameter(kind=ButtonKind.LINK, value="RR1"),),
            ),
            "Hi Astrid, #1001 is on its way.",
        ),
        (
            Channel.RCS,
            Template(
                template=PICTURE,
                language="en",
                media=IMAGE,
                body=(Parameter(text="Astrid"),),
            ),
            "Hi Astrid, this has just come in.",
        ),
    ],
)
def test_our_connector_is_understood_and_understands(outside, channel, content, text):
    taken = ours(outside, channel, content)
    assert isinstance(taken, SendAccepted)
    assert taken.parts == (1 if channel is Channel.SMS else None)
    reports = list(facts(outside, outside.skip(minutes=1)))
    last = Status.DELIVERED if channel is Channel.SMS else Status.READ
    assert [it.status for it in reports][-1] is last
    assert {(it.reference, it.provider_id) for it in reports} == {
        ("att_7", taken.provider_id)
    }
    (message,) = shown(outside)
    assert message.text == text
    assert message.media == (IMAGE if channel is Channel.RCS else None)


def test_our_connector_asks_and_checks(outside):
    settings = settings_of(outside)
    taken = ours(outside, Channel.SMS, Text(text="Hello"))
    outside.skip(minutes=1)
    asked = CHANNEL.query.ask(taken.provider_id, settings)
    found = CHANNEL.query.answer(perform(asked))
    checked = CHANNEL.check.answer(perform(CHANNEL.check.ask(settings, NOW)), settings)
    assert isinstance(found, Receipt)
    assert (found.status, found.parts, found.price.micros) == (
        Status.DELIVERED,
        1,
        8300,
    )
    assert (checked.works, checked.numbers) == (True, (SMS_NUMBER,))


def test_our_connector_hears_people(outside):
    hear = outside.world.twilio.hear
    pressed = {"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "confirm"}
    answered = {"OriginalRepliedMessageSid": "SM1"}
    hear(ASTRID, Channel.WHATSAPP, pressed | answered)
    hear(ASTRID, Channel.RCS, {"Body": "Later"})
    hear(ASTRID, Channel.SMS, {"Body": "STOP"})
    whatsapp, rcs, sms = facts(outside, outside.skip(minutes=1))
    assert isinstance(whatsapp, Reply)
    assert {it.sender for it in (whatsapp, rcs, sms)} == {ASTRID}
    assert (whatsapp.channel, whatsapp.button, whatsapp.answers) == (
        Channel.WHATSAPP,
        "confirm",
        "SM1",
    )
    assert (rcs.channel, rcs.text, rcs.carrier) == (Channel.RCS, "Later", None)
    assert (sms.channel, sms.carrier) == (Channel.SMS, StopWord.STOP)


def test_our_connector_hears_no(outside):
    outside.world.twilio.hear(ASTRID, Channel.SMS, {"Body": "STOP"})
    refused = ours(outside, Channel.SMS, Text(text="Hello"))
    assert isinstance(refused, SendRejected)
    assert refused.failure.code == "21610"


# --- How reports travel ---


@pytest.mark.parametrize(
    ("how", "order"),
    [
        (Quirk(twice=True), ["sent", "sent", "delivered", "delivered"]),
        (Quirk(backwards=True), ["delivered", "sent"]),
    ],
)
def test_reports_may_come_twice_or_backwards(outside, create, how, order):
    outside.world.give(ASTRID, how)
    create("sms", body="Hello")
    posts = outside.skip(minutes=1)
    assert sorted(told(posts)) == sorted(order)
    assert (told(posts)[0] == "delivered") is how.backwards
    # What comes again is the same delivery, as Twilio's retries are.
    tokens = [post.headers["i-twilio-idempotency-token"] for post in posts]
    assert len(set(tokens)) == 2


def test_reports_may_come_late(outside, create):
    outside.world.give(ASTRID, Quirk(late=1200))
    create("sms", body="Hello")
    assert outside.skip(minutes=10) == []
    assert told(outside.skip(minutes=15)) == ["sent", "delivered"]


def test_a_new_world_is_at_rest(outside, create):
    outside.world.give(ASTRID, Quirk(late=1200))
    outside.world.twilio.hear(ASTRID, Channel.SMS, {"Body": "STOP"})
    outside.world.reset()
    create("sms", body="Hello")
    assert told(outside.skip(minutes=1)[1:]) == ["sent", "delivered"]
