"""What a person does with a phone, as each provider's real connector hears of it."""

import pytest

from connectors.registry import load_registry
from core.cascade.model import Channel
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Content,
    Parameter,
    Template,
    Text,
)
from core.ports import Reply
from tests.webapp.sandbox.conftest import Outside
from tests.webapp.sandbox.exchange import Exchange
from webapp.sandbox.cast import BY_KEY
from webapp.sandbox.phones import PhoneMessage

ASTRID = BY_KEY["astrid"].number
HELLO = Text(text="Hello")
SHIPPED = Template(
    template="order_delivered",
    language="en",
    body=(Parameter(text="Astrid"), Parameter(text="#1001")),
)
AT_HOME = Button(kind=ButtonKind.REPLY, text="Yes, at home", value="confirm")
LINK = Button(kind=ButtonKind.LINK, text="Track it", value="https://track.example/1")
QUESTION = Template(
    template="parcel_arrives_today",
    language="en",
    body=(Parameter(text="Astrid"), Parameter(text="#1001")),
    buttons=(
        ButtonParameter(kind=ButtonKind.REPLY, value="confirm"),
        ButtonParameter(kind=ButtonKind.REPLY, value="reschedule"),
    ),
)
COMING = Template(
    template=f"HX{2:032x}",
    language="en",
    body=(Parameter(text="Astrid", name="1"), Parameter(text="today", name="2")),
)


def arrived(exchange: Exchange, channel: Channel, content: Content) -> PhoneMessage:
    exchange.send(channel, ASTRID, content)
    exchange.outside.skip(minutes=1)
    exchange.outside.posts.clear()
    return messages(exchange.outside)[0]


def messages(outside: Outside) -> tuple[PhoneMessage, ...]:
    phones = {phone.key: phone for phone in outside.world.snapshot().phones}
    return phones["astrid"].messages


def heard(exchange: Exchange) -> Reply:
    exchange.outside.skip(seconds=1)
    (reply,) = exchange.told()
    assert isinstance(reply, Reply)
    return reply


def exchange_with(outside: Outside, provider: str, sender: str) -> Exchange:
    return Exchange(outside, load_registry().channels[provider], sender)


@pytest.mark.parametrize("text", ["STOP", "Är jag hemma? Ja €"])
@pytest.mark.parametrize(
    ("provider", "sender", "channel", "content"),
    [
        ("whatsapp_cloud", "wa", Channel.WHATSAPP, SHIPPED),
        ("twilio", "sms", Channel.SMS, HELLO),
        ("twilio", "sms", Channel.RCS, HELLO),
        ("vonage", "vonage", Channel.VIBER, HELLO),
        ("vonage", "vonage", Channel.RCS, HELLO),
        ("dexatel", "dexatel", Channel.VIBER, HELLO),
        ("kannel", "kannel", Channel.SMS, HELLO),
    ],
)
def test_an_answer_is_heard_and_stands_on_the_phone(
    outside, provider, sender, channel, content, text
):
    exchange = exchange_with(outside, provider, sender)
    message = arrived(exchange, channel, content)
    outside.world.write("astrid", message.id, f" {text} ")

    reply = heard(exchange)
    assert (reply.channel, reply.sender, reply.text) == (channel, ASTRID, text)
    own = messages(outside)[1]
    assert (own.own, own.text, own.channel) == (True, text, channel)


@pytest.mark.parametrize(
    ("provider", "sender", "channel", "content"),
    [
        ("whatsapp_cloud", "wa", Channel.WHATSAPP, QUESTION),
        ("twilio", "sms", Channel.WHATSAPP, COMING),
        (
            *("vonage", "vonage", Channel.RCS),
            Text(text="At home?", buttons=(AT_HOME,)),
        ),
    ],
)
def test_a_button_answers_with_its_payload(outside, provider, sender, channel, content):
    exchange = exchange_with(outside, provider, sender)
    message = arrived(exchange, channel, content)
    outside.world.press("astrid", message.id, 0)

    reply = heard(exchange)
    assert (reply.channel, reply.button) == (channel, "confirm")
    assert reply.text == messages(outside)[1].text == message.buttons[0].text


@pytest.mark.parametrize("index", [0, 1])
def test_a_link_is_no_answer(outside, index):
    vonage = exchange_with(outside, "vonage", "vonage")
    message = arrived(vonage, Channel.RCS, Text(text="Hello", buttons=(LINK,)))
    outside.world.press("astrid", message.id, index)
    assert outside.skip(seconds=1) == []


def test_an_sms_from_a_name_takes_no_answer(outside):
    dexatel = exchange_with(outside, "dexatel", "dexatel")
    message = arrived(dexatel, Channel.SMS, HELLO)
    outside.world.write("astrid", message.id, "Hello?")
    assert not message.answerable
    assert outside.skip(seconds=1) == []
