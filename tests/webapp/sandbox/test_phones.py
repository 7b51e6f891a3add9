"""What becomes of a message on the wire, for every kind of phone."""

from datetime import timedelta

import phonenumbers
import pytest

from tests.webapp.sandbox.conftest import Outside
from webapp.sandbox.cast import CUSTOMERS, Kind
from webapp.sandbox.phones import PhoneView

NUMBERS = {customer.kind: customer.number for customer in CUSTOMERS}
VALUES = ("Astrid", "#1001", "https://track.example/1")
TEXT = (
    "Hi Astrid, your order #1001 is on its way. Follow it here: https://track.example/1"
)


def phone(outside: Outside, kind: Kind) -> PhoneView:
    (found,) = (p for p in outside.world.snapshot().phones if p.kind == kind)
    return found


def shown(outside: Outside, kind: Kind) -> list[tuple[str, str]]:
    return [(m.channel, m.status) for m in phone(outside, kind).messages]


def reported(outside: Outside) -> list[str]:
    return [
        post.form()["MessageStatus"]
        if "/twilio/" in post.path
        else post.status()["status"]
        for post in outside.posts
    ]


@pytest.mark.parametrize("customer", CUSTOMERS, ids=lambda c: c.kind)
def test_every_number_is_valid_and_kept_for_fiction(customer):
    number = phonenumbers.parse(customer.number)
    assert phonenumbers.is_valid_number(number)
    assert 701740605 <= number.national_number <= 701740699
    assert phonenumbers.parse(customer.typed, "SE") == number


@pytest.mark.parametrize("kind", [Kind.REACHABLE, Kind.BUSY, Kind.RECEIPTS_OFF])
def test_an_sms_arrives(outside, kind):
    outside.sms(NUMBERS[kind], "Parcel!")
    outside.skip(minutes=1)
    assert reported(outside) == ["sent", "delivered"]
    (message,) = phone(outside, kind).messages
    assert (message.channel, message.text, message.status) == (
        "sms",
        "Parcel!",
        "delivered",
    )


def test_reachable_gets_whatsapp_and_reads_it(outside):
    outside.whatsapp(NUMBERS[Kind.REACHABLE], *VALUES)
    posts = outside.skip(minutes=1)
    assert reported(outside) == ["sent", "delivered", "read"]
    sent, delivered, read = (int(post.status()["timestamp"]) for post in posts)
    assert (delivered - sent, read - delivered) == (1, 8)
    (message,) = phone(outside, Kind.REACHABLE).messages
    assert (message.text, message.from_name) == (TEXT, "Riverside Shop")
    assert message.at.tzinfo


def test_a_message_shows_only_once_it_is_delivered(outside):
    outside.whatsapp(NUMBERS[Kind.REACHABLE], *VALUES)
    assert shown(outside, Kind.REACHABLE) == []
    outside.skip(seconds=5)
    assert shown(outside, Kind.REACHABLE) == [("whatsapp", "delivered")]
    outside.skip(seconds=6)
    assert shown(outside, Kind.REACHABLE) == [("whatsapp", "read")]


def test_no_whatsapp_is_accepted_and_then_fails(outside):
    assert outside.whatsapp(NUMBERS[Kind.NO_WHATSAPP], *VALUES).status_code == 200
    outside.sms(NUMBERS[Kind.NO_WHATSAPP])
    posts = outside.skip(minutes=1)
    failed = next(p.status() for p in posts if "/whatsapp_cloud/" in p.path)
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131026)
    assert shown(outside, Kind.NO_WHATSAPP) == [("sms", "delivered")]


def test_receipts_off_never_says_read(outside):
    outside.whatsapp(NUMBERS[Kind.RECEIPTS_OFF], *VALUES)
    outside.skip(days=1)
    assert reported(outside) == ["sent", "delivered"]
    assert shown(outside, Kind.RECEIPTS_OFF) == [("whatsapp", "delivered")]


def test_switched_off_gets_everything_when_it_is_back(outside):
    number = NUMBERS[Kind.SWITCHED_OFF]
    assert not phone(outside, Kind.SWITCHED_OFF).on
    outside.whatsapp(number, *VALUES)
    outside.skip(minutes=30)
    outside.sms(number)
    outside.skip(minutes=14)
    assert reported(outside) == ["sent", "sent"]
    assert not phone(outside, Kind.SWITCHED_OFF).on
    outside.skip(minutes=2)
    assert reported(outside)[2:] == ["delivered", "delivered", "read"]
    assert phone(outside, Kind.SWITCHED_OFF).on
    assert shown(outside, Kind.SWITCHED_OFF) == [
        ("whatsapp", "read"),
        ("sms", "delivered"),
    ]


def test_a_phone_that_is_back_receives_at_once(outside):
    outside.whatsapp(NUMBERS[Kind.SWITCHED_OFF], *VALUES)
    outside.skip(hours=1)
    outside.whatsapp(NUMBERS[Kind.SWITCHED_OFF], *VALUES)
    outside.skip(seconds=15)
    assert reported(outside)[-3:] == ["sent", "delivered", "read"]


@pytest.mark.parametrize("number", [NUMBERS[Kind.NO_SUCH_NUMBER], "+46701740699"])
def test_a_number_that_nobody_has(outside, number):
    outside.whatsapp(number, *VALUES)
    outside.sms(number)
    outside.skip(minutes=1)
    failed = next(p.status() for p in outside.posts if "/whatsapp_cloud/" in p.path)
    sms = [p.form() for p in outside.posts if "/twilio/" in p.path]
    assert failed["errors"][0]["code"] == 131026
    assert [one["MessageStatus"] for one in sms] == ["sent", "undelivered"]
    assert sms[-1]["ErrorCode"] == "30005"
    assert shown(outside, Kind.NO_SUCH_NUMBER) == []


def test_busy_takes_each_message_the_third_time(outside):
    number = NUMBERS[Kind.BUSY]
    answers = [outside.whatsapp(number, *VALUES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].json()["error"]["code"] == 130429
    other = outside.whatsapp(number, "Filip", "#1002", "https://track.example/2")
    assert other.status_code == 429
    outside.skip(minutes=1)
    assert shown(outside, Kind.BUSY) == [("whatsapp", "read")]


def test_the_fast_clock_carries_the_delays(outside):
    outside.clock.run(3600)
    outside.whatsapp(NUMBERS[Kind.SWITCHED_OFF], *VALUES)
    started = outside.clock.wall()
    while len(outside.posts) < 3:
        assert outside.clock.wall() - started < timedelta(seconds=20)
    assert reported(outside) == ["sent", "delivered", "read"]
