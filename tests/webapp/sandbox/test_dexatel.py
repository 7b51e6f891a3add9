"""The sandbox's Dexatel, told and heard by the connector."""

from dataclasses import replace

import pytest
import requests

from connectors.channels.dexatel import CHANNEL
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.message.content import Media, MediaKind, Parameter, Template, Text
from core.message.money import Money
from core.ports import SendAccepted, SendRejected
from tests.webapp.sandbox.exchange import Exchange
from webapp.sandbox.cast import CUSTOMERS
from webapp.sandbox.dexatel.order import TEMPLATES

HERE, _, _, _, NOBODY, BUSY = (customer.number for customer in CUSTOMERS)
HELLO = Text(text="Your order is on its way.")
SHIPPED = Template(
    template=next(iter(TEMPLATES)),
    language="en",
    body=(Parameter(text="Astrid"), Parameter(text="#1001"), Parameter(text="RR1")),
)


@pytest.fixture
def dexatel(outside):
    return Exchange(outside, CHANNEL, "dexatel")


@pytest.mark.parametrize(
    ("channel", "content", "micros"),
    [
        (Channel.SMS, HELLO, 45_000),
        (Channel.VIBER, HELLO, 21_000),
        (Channel.WHATSAPP, SHIPPED, 33_000),
    ],
)
def test_a_message_is_accepted_delivered_and_priced(
    dexatel, outside, channel, content, micros
):
    accepted = dexatel.send(channel, HERE, content)
    assert isinstance(accepted, SendAccepted)
    outside.skip(minutes=1)
    [delivered] = dexatel.told()

    assert delivered.status is Status.DELIVERED
    assert delivered.provider_id == accepted.provider_id
    assert delivered.price == Money(micros=micros, currency="EUR")
    assert dexatel.ask(accepted.provider_id).at == delivered.at
    assert outside.world.snapshot().phones[0].messages[0].channel == channel


def test_a_text_on_whatsapp_needs_somebody_who_wrote(dexatel, outside):
    picture = Media(kind=MediaKind.IMAGE, url="https://shop.example/parcel.png")
    photo = replace(HELLO, media=picture)
    dexatel.send(Channel.WHATSAPP, HERE, photo)
    name = outside.world.dexatel.hear(HERE, Channel.WHATSAPP, "Hello?")
    outside.skip(seconds=1)
    dexatel.send(Channel.WHATSAPP, HERE, photo)
    outside.skip(minutes=1)
    failed, heard, delivered = dexatel.told()

    assert (failed.status, delivered.status) == (Status.FAILED, Status.DELIVERED)
    assert (heard.provider_id, heard.sender, heard.text) == (name, HERE, "Hello?")
    assert outside.world.snapshot().phones[0].messages[0].media == picture


def test_a_busy_phone_is_turned_away_twice(dexatel):
    results = [dexatel.send(Channel.WHATSAPP, BUSY, SHIPPED) for _ in range(3)]

    assert [type(one) for one in results] == [SendRejected, SendRejected, SendAccepted]
    assert results[0].failure.kind is FailureClass.RETRY


def test_what_failed_is_told_and_found(dexatel, outside):
    accepted = dexatel.send(Channel.SMS, NOBODY, HELLO)
    assert dexatel.ask(accepted.provider_id).status is Status.ACCEPTED
    outside.skip(minutes=1)

    assert [one.status for one in dexatel.told()] == [Status.FAILED]
    assert dexatel.ask(accepted.provider_id).status is Status.FAILED
    assert dexatel.ask("another") is None


def test_a_key_is_tried_against_its_senders(dexatel):
    stolen = replace(dexatel.settings, api_key="stolen")

    assert dexatel.check().numbers == ("Riverside",)
    assert not dexatel.check(stolen).works
    assert not dexatel.check(replace(dexatel.settings, from_="Hillside")).works


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"from": ""}, 1503),
        ({"from": "Hillside"}, 1505),
        ({"to": []}, 1506),
        ({"to": ["1", "2"]}, 1507),
        ({"to": ["070-174 06 05"]}, 1523),
        ({"channel": "PIGEON"}, 1515),
        ({"payload": "x" * 501}, 1705),
        ({"type": ""}, 1534),
        ({"text": " "}, 1508),
        ({"text": "x" * 1001}, 1510),
        ({"type": "image"}, 1532),
        ({"type": "image", "url": "https://a.example/b.png"}, 1518),
        ({"template": "order_shipped"}, 1512),
        ({"template": "00000000-0000-4000-8000-000000000000"}, 1513),
        ({"template": SHIPPED.template, "variables": []}, 1514),
    ],
)
def test_dexatel_refuses(outside, order, code):
    right = {
        "from": "Riverside",
        "to": [HERE[1:]],
        "channel": "SMS",
        "type": "text",
        "text": "Hello",
    }
    answer = post(outside, {"data": {**right, **order}})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert outside.skip(minutes=1) == []


@pytest.mark.parametrize("document", [[], {}, {"data": "text"}])
def test_dexatel_wants_data(outside, document):
    assert post(outside, document).json()["errors"][0]["code"] == 1007


def post(outside, document):
    return requests.post(
        outside.secrets["SANDBOX_DEXATEL_URL"] + "/v1/messages",
        json=document,
        headers={"X-Dexatel-Key": outside.secrets["SANDBOX_DEXATEL_KEY"]},
        timeout=5,
    )
