"""Receipts come early, twice, together and in any order; what is known afterwards is the same."""

import pytest
import requests

from tests.support import riverside
from tests.support.house import House, Order, until
from tests.support.standin import IS_SILENT, Behaviour, Sent

READ = {"channel": "whatsapp", "status": "read", "known": ["sent", "delivered", "read"]}


def known(house: House, order: Order) -> list[dict[str, object]]:
    """Each try and what is known of it, without the times."""
    return [
        {
            "channel": one.channel,
            "status": one.status,
            "known": [
                name
                for name in ("sent", "delivered", "read", "failed")
                if getattr(one, f"{name}_at")
            ],
        }
        for message in house.messages(order)
        for one in message.tries
    ]


def shipped(house: House) -> tuple[Order, Sent]:
    """An order whose WhatsApp message is on its way."""
    order = house.ship(whatsapp=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    (sent,) = house.providers.sent(order.name)
    return order, sent


def assert_read(house: House, *orders: Order) -> None:
    """Every order's WhatsApp message was read, and nothing else was sent."""
    for order in orders:
        until(order.name, lambda order=order: known(house, order) == [READ])
    house.await_quiet()
    for order in orders:
        assert house.message(order).finished_at
        assert house.providers.channels(order.name) == ["whatsapp"]


@pytest.mark.parametrize(
    "statuses",
    [
        ("sent", "delivered", "read"),
        ("read", "delivered", "sent"),
        ("delivered", "read", "sent"),
    ],
    ids=" ".join,
)
def test_in_any_order(house: House, statuses: tuple[str, ...]):
    order, sent = shipped(house)
    for status in statuses:
        house.providers.report((sent, status))

    assert_read(house, order)


def test_in_one_batch_with_others(house: House):
    (one, first), (other, second) = shipped(house), shipped(house)
    statuses = ("read", "sent", "delivered")
    house.providers.report(*((sent, at) for at in statuses for sent in (first, second)))

    assert_read(house, one, other)


def test_twice(house: House):
    order, sent = shipped(house)
    for status in ("sent", "delivered", "read"):
        house.providers.report((sent, status), times=2)
    house.providers.report(
        *((sent, status) for status in ("sent", "delivered", "read"))
    )

    assert_read(house, order)


@pytest.mark.parametrize("tells_reference", [True, False], ids=["reference", "id only"])
def test_before_the_answer_to_the_request(house: House, tells_reference: bool):
    """Without our reference they name an id that we have not been told yet."""
    statuses = ("sent", "delivered", "read")
    early = Behaviour(
        reports=statuses, tells_first=True, tells_reference=tells_reference
    )
    order = house.ship(whatsapp=early)

    assert_read(house, order)
    until("the answer is saved", lambda: house.message(order).tries[0].provider_id)


def test_failed_twice_makes_one_sms(house: House):
    order, sent = shipped(house)
    failed = Behaviour(code=131026)
    house.providers.report((sent, "failed"), like=failed, times=2)
    house.providers.report((sent, "sent"), (sent, "failed"), like=failed)

    house.await_path(order, ("whatsapp", "failed"), ("sms", "delivered"))
    house.await_quiet()
    assert house.providers.channels(order.name) == ["whatsapp", "sms"]


def test_twilio_is_thanked_without_a_word(house: House):
    """Whatever stood in the answer, Twilio would send to the person."""
    url = f"{house.url}/receipts/twilio/patient.sms"
    form = {"MessageSid": "SM9", "From": "+46701740698", "To": "+15005550006"}
    form |= {"Body": "Thank you"}
    signature = riverside.twilio_signature(url, form)
    answer = requests.post(url, form, headers={"X-Twilio-Signature": signature})

    assert (answer.status_code, answer.content) == (204, b"")
