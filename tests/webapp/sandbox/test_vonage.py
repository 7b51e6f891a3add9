"""The sandbox's Vonage, as our connector and the SDK of Vonage's own see it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
import vonage_jwt
import yaml

from connectors.channels.vonage import CHANNEL
from connectors.config import load
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.errors import BadSignature
from core.message.content import (
    Button,
    ButtonKind,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.message.money import Money
from core.ports import HttpResponse, InboundRequest, Outgoing, Receipt, SendAccepted
from tests.webapp.sandbox.conftest import eventually
from tests.webapp.sandbox.test_setup_file import TEXT
from webapp.sandbox.cast import CUSTOMERS, Kind
from webapp.sandbox.vonage import PATH

PHONES = {customer.kind: customer.number for customer in CUSTOMERS}
SAYS = Text(text="Your order #1001 is on its way.")
PICTURE = Media(kind=MediaKind.IMAGE, url="https://shop.example/a.jpg")
LINK = Button(kind=ButtonKind.LINK, text="Follow it", value="https://track.example/1")
YES = Button(kind=ButtonKind.REPLY, text="I will come", value="confirm")
VALUES = tuple(
    Parameter(text=text) for text in ("Astrid", "#1001", "https://t.example")
)
SHIPPED = Template(template="order_shipped", language="en", body=VALUES)


@pytest.fixture
def settings(outside):
    """The connector's settings, as the sandbox's own set-up file has them."""
    senders = {one["key"]: one for one in yaml.safe_load(TEXT)["senders"]}
    filled = {
        key: outside.secrets.get(value.strip("${}"), value)
        for key, value in senders["vonage"]["config"].items()
    }
    return load(CHANNEL.Config, filled, "config")


@pytest.fixture
def perform():
    def ask(request):
        answer = requests.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            timeout=5,
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpResponse(
            status=answer.status_code, headers=headers, body=answer.content
        )

    return ask


@pytest.fixture
def send(outside, settings, perform):
    def build(channel, content=SAYS, kind=Kind.REACHABLE, **changes):
        message = Outgoing(
            reference="att_0001",
            channel=channel,
            to=PHONES[kind],
            content=content,
            callback_url=f"https://ever.example{PATH}",
            window=timedelta(minutes=30),
            now=outside.clock.wall(),
        )
        request = CHANNEL.build(replace(message, **changes), settings)
        return CHANNEL.read(perform(request))

    return build


@pytest.fixture
def told(outside, settings):
    """What the connector makes of all that was posted, once it has verified it."""

    def read(**duration):
        return [
            fact
            for post in outside.skip(**duration)
            for fact in _facts(post, outside.clock.now(), settings)
        ]

    return read


def _facts(post, at, settings):
    request = InboundRequest(
        method="POST",
        url=f"https://ever.example{post.path}",
        headers=post.headers,
        body=post.body,
        received_at=at,
    )
    CHANNEL.verify(request, settings)
    return CHANNEL.told(request)


def shown(outside, kind=Kind.REACHABLE):
    phones = {phone.kind: phone for phone in outside.world.snapshot().phones}
    return phones[kind].messages


# --- All goes well ---


@pytest.mark.parametrize(
    ("channel", "content", "statuses"),
    [
        (Channel.SMS, SAYS, [Status.SENT, Status.DELIVERED]),
        (Channel.WHATSAPP, SHIPPED, [Status.SENT, Status.DELIVERED, Status.READ]),
        (Channel.VIBER, SAYS, [Status.SENT, Status.DELIVERED, Status.READ]),
        (Channel.RCS, SAYS, [Status.SENT, Status.DELIVERED, Status.READ]),
    ],
)
def test_a_message_arrives_on_every_channel(
    outside, send, told, channel, content, statuses
):
    accepted = send(channel, content)
    receipts = told(minutes=1)

    assert [receipt.status for receipt in receipts] == statuses
    assert {receipt.provider_id for receipt in receipts} == {accepted.provider_id}
    assert {receipt.reference for receipt in receipts} == {"att_0001"}
    assert [message.channel for message in shown(outside)] == [channel]
    assert "#1001" in shown(outside)[0].text


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.VIBER, replace(SAYS, media=PICTURE, buttons=(LINK,))),
        (Channel.RCS, replace(SAYS, buttons=(YES, LINK))),
        (Channel.RCS, replace(SAYS, media=PICTURE, buttons=(YES, LINK))),
    ],
)
def test_a_phone_shows_pictures_and_buttons(outside, send, channel, content):
    send(channel, content)
    outside.skip(minutes=1)

    (message,) = shown(outside)
    assert (message.media, message.buttons) == (content.media, content.buttons)


def test_an_sms_is_billed_by_the_part_when_it_leaves(send, told):
    send(Channel.SMS, Text(text="x" * 161))
    submitted, delivered = told(minutes=1)

    assert (submitted.parts, submitted.price) == (2, Money.parse("0.0666", "EUR"))
    assert (delivered.parts, delivered.price) == (None, None)


def test_other_messages_are_billed_when_they_arrive(send, told):
    send(Channel.VIBER)
    submitted, delivered, _ = told(minutes=1)

    assert submitted.price is None
    assert delivered.price == Money.parse("0.0120", "EUR")


# --- It does not ---


@pytest.mark.parametrize(
    ("channel", "content", "kind", "code"),
    [
        (Channel.SMS, SAYS, Kind.NO_SUCH_NUMBER, "1190"),
        (Channel.WHATSAPP, SHIPPED, Kind.NO_WHATSAPP, "1300"),
        (Channel.VIBER, SAYS, Kind.NO_SUCH_NUMBER, "1300"),
        (Channel.WHATSAPP, SAYS, Kind.REACHABLE, "1340"),
    ],
)
def test_what_does_not_arrive_is_reported_with_its_code(
    outside, send, told, channel, content, kind, code
):
    send(channel, content, kind)
    failed = told(minutes=1)[-1]

    assert (failed.status, failed.failure.code) == (Status.FAILED, code)
    assert shown(outside, kind) == ()


def test_what_expires_is_dropped_without_a_word(outside, send, told):
    send(Channel.VIBER, kind=Kind.SWITCHED_OFF)
    receipts = told(hours=2)

    assert [receipt.status for receipt in receipts] == [Status.SENT]
    assert shown(outside, Kind.SWITCHED_OFF) == ()


def test_a_busy_vonage_takes_a_message_the_third_time(send):
    results = [send(Channel.VIBER, kind=Kind.BUSY) for _ in range(3)]

    kinds = [one.failure.kind for one in results[:2]]
    assert kinds == [FailureClass.RETRY] * 2
    assert isinstance(results[2], SendAccepted)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"to": "+12"}, "1170"),
        ({"reference": "x" * 101}, "1150"),
        ({"content": replace(SHIPPED, language="it")}, "1150"),
        ({"now": datetime(2020, 1, 1, tzinfo=UTC)}, "401"),
    ],
)
def test_what_is_wrong_is_refused(outside, send, message, code):
    given = {"content": SHIPPED} | message
    refused = send(Channel.WHATSAPP, **given)

    assert refused.failure.code == code
    assert outside.skip(minutes=1) == []


@pytest.mark.parametrize("change", [{"ttl": 5}, {"text": ""}, {"from": "46700000000"}])
def test_vonage_looks_at_what_our_connector_never_sends(
    outside, settings, perform, change
):
    message = Outgoing(
        reference="att_0001",
        channel=Channel.SMS,
        to=PHONES[Kind.REACHABLE],
        content=SAYS,
        callback_url=f"https://ever.example{PATH}",
        window=timedelta(minutes=30),
        now=outside.clock.wall(),
    )
    request = CHANNEL.build(message, settings)
    body = json.dumps(json.loads(request.body) | change).encode()

    assert perform(replace(request, body=body)).status == 422


def test_the_login_can_be_tried(outside, settings, perform):
    now = outside.clock.wall()
    good = perform(CHANNEL.check.ask(settings, now))
    old = perform(CHANNEL.check.ask(settings, now - timedelta(days=1)))

    assert CHANNEL.check.answer(good, settings).works
    assert not CHANNEL.check.answer(old, settings).works


# --- People answer ---


def test_a_reply_opens_the_window_for_free_text(outside, send, told):
    pressed = {"message_type": "reply", "reply": {"id": "confirm", "title": "Yes"}}
    number = PHONES[Kind.REACHABLE]
    reply_id = outside.world.vonage.hear(number, Channel.WHATSAPP, pressed)
    (reply,) = told(seconds=1)
    content = replace(SAYS, media=PICTURE, buttons=(YES,))
    send(Channel.WHATSAPP, content)
    outside.skip(minutes=1)

    assert (reply.sender, reply.provider_id) == (number, reply_id)
    assert (reply.text, reply.button) == ("Yes", "confirm")
    (message,) = shown(outside)
    assert (message.media, message.buttons) == (PICTURE, (YES,))


def test_the_window_closes_after_a_day(outside, send, told):
    said = {"message_type": "text", "text": "Hello"}
    outside.world.vonage.hear(PHONES[Kind.REACHABLE], Channel.WHATSAPP, said)
    outside.skip(hours=24)
    outside.posts.clear()
    send(Channel.WHATSAPP)

    (failed,) = told(minutes=1)
    assert isinstance(failed, Receipt)
    assert failed.failure.code == "1340"


# --- Proof ---


def test_vonages_own_library_knows_the_sandboxs_tokens(outside):
    said = {"message_type": "text", "text": "Hello"}
    outside.world.vonage.hear(PHONES[Kind.REACHABLE], Channel.SMS, said)
    eventually(lambda: outside.posts)  # at once: to that library time is real
    secret = outside.secrets["SANDBOX_VONAGE_SIGNATURE_SECRET"]

    token = outside.posts[0].headers["authorization"].removeprefix("Bearer ")
    assert vonage_jwt.verify_signature(token, secret)
    assert not vonage_jwt.verify_signature(token, "x" * 64)


def test_a_webhook_that_was_put_off_is_signed_anew(outside, settings, send):
    outside.answers += [500]
    send(Channel.SMS)
    outside.skip(hours=1)
    posts = outside.skip(hours=1)

    first, *_, last = posts
    with pytest.raises(BadSignature):
        _facts(first, outside.clock.now(), settings)
    assert json.loads(first.body)["status"] == json.loads(last.body)["status"]
    assert _facts(last, outside.clock.now(), settings)
