"""What a provider does wrong, if it is told to: each shows its own codes, and nobody else's."""

import pytest

from connectors.registry import load_registry
from core.cascade.model import Channel
from core.cascade.status import Status
from core.message.content import Text
from core.ports import SendAccepted, SendRejected
from tests.webapp.sandbox.exchange import Exchange
from webapp.sandbox.cast import CUSTOMERS
from webapp.sandbox.quirks import Quirk

HERE = CUSTOMERS[0].number
HELLO = Text(text="It is on its way.")
SENDERS = {
    "twilio": "sms",
    "vonage": "vonage",
    "dexatel": "dexatel",
    "kannel": "kannel",
}

every_provider = pytest.mark.parametrize("name", SENDERS)


@pytest.fixture
def exchange(outside, name):
    return Exchange(outside, load_registry().channels[name], SENDERS[name])


@pytest.mark.parametrize(
    ("name", "code"), [("twilio", 21211), ("vonage", 1120), ("dexatel", 1523)]
)
def test_it_may_refuse_with_any_code_of_its_own(exchange, outside, name, code):
    outside.world.give(HERE, Quirk(provider=name, refuses=code))
    result = exchange.send(Channel.SMS, HERE, HELLO)

    assert isinstance(result, SendRejected)
    assert str(code) in result.failure.code


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("twilio", 30003, "30003"),
        ("vonage", 1240, "1240"),
        ("dexatel", 1, "FAILED"),
        ("kannel", 27, "UNDELIV"),
    ],
)
def test_it_may_fail_later_with_any_code_of_its_own(
    exchange, outside, name, code, told
):
    outside.world.give(HERE, Quirk(provider=name, fails=code))
    assert isinstance(exchange.send(Channel.SMS, HERE, HELLO), SendAccepted)
    outside.skip(minutes=1)
    (failed,) = exchange.told()

    assert failed.status is Status.FAILED
    assert failed.failure.code.casefold() == told.casefold()


def test_kannel_tells_that_the_operator_refused(outside):
    kannel = Exchange(outside, load_registry().channels["kannel"], "kannel")
    outside.world.give(HERE, Quirk(provider="kannel", refuses=11))
    kannel.send(Channel.SMS, HERE, HELLO)
    outside.skip(minutes=1)
    (failed,) = kannel.told()

    assert failed.status is Status.FAILED


@every_provider
def test_the_codes_of_another_are_not_its_own(exchange, outside, name):
    outside.world.give(HERE, Quirk(refuses=131056, fails=131049))

    assert isinstance(exchange.send(Channel.SMS, HERE, HELLO), SendAccepted)


@every_provider
def test_its_reports_may_come_twice_and_late(exchange, outside, name):
    exchange.send(Channel.SMS, HERE, HELLO)
    outside.skip(minutes=1)
    usual = len(outside.posts)
    outside.world.give(HERE, Quirk(twice=True, late=600))
    exchange.send(Channel.SMS, HERE, HELLO)
    outside.skip(minutes=5)
    assert len(outside.posts) == usual
    outside.skip(minutes=10)

    assert len(outside.posts) == 3 * usual
