"""The sandbox's Kannel, told and heard by the connector."""

from dataclasses import replace

import pytest
import requests

from connectors.channels.kannel import CHANNEL
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.message.content import Text
from core.ports import Reply, SendAccepted, SendRejected
from tests.webapp.sandbox.exchange import Exchange
from webapp.sandbox.cast import CUSTOMERS

HERE, _, _, _, NOBODY, _ = (customer.number for customer in CUSTOMERS)
HELLO = Text(text="Ciao, è in viaggio: 24 €")


@pytest.fixture
def kannel(outside):
    return Exchange(outside, CHANNEL, "kannel")


def test_an_sms_is_accepted_sent_and_delivered(kannel, outside):
    assert isinstance(kannel.send(Channel.SMS, HERE, HELLO), SendAccepted)
    outside.skip(minutes=1)

    assert [one.status for one in kannel.told()] == [Status.SENT, Status.DELIVERED]
    assert {one.reference for one in kannel.told()} == {"att_1"}
    assert outside.world.snapshot().phones[0].messages[0].channel == "sms"


def test_a_number_that_is_nobodys_fails_in_the_operators_words(kannel, outside):
    kannel.send(Channel.SMS, NOBODY, HELLO)
    outside.skip(minutes=1)
    _, failed = kannel.told()

    assert (failed.status, failed.failure.code) == (Status.FAILED, "UNDELIV")


def test_a_report_that_was_refused_comes_again(kannel, outside):
    outside.answers[:] = [503]
    kannel.send(Channel.SMS, HERE, HELLO)
    outside.skip(seconds=2)
    outside.skip(minutes=2)

    assert len(outside.posts) == 3
    assert [one.status for one in kannel.told()].count(Status.SENT) == 2


@pytest.mark.parametrize("text", ["STOP", "Да 👋 €"])
def test_a_reply_is_read_letter_by_letter(kannel, outside, text):
    name = outside.world.kannel.hear(HERE, text)
    outside.skip(seconds=1)

    assert kannel.told() == [
        Reply(
            channel=Channel.SMS,
            sender=HERE,
            provider_id=name,
            at=kannel.told()[0].at,
            text=text,
        )
    ]


def test_a_wrong_password_is_refused_and_a_check_says_so(kannel):
    stolen = replace(kannel.settings, password="stolen")
    result = kannel.send(Channel.SMS, HERE, HELLO, stolen)

    assert isinstance(result, SendRejected)
    assert result.failure.kind is FailureClass.HALT
    assert not kannel.check(stolen).works


def test_a_check_sends_nothing(kannel, outside):
    assert kannel.check().works
    assert outside.skip(minutes=1) == []


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"Content-Type": "text/csv"}, 400, "Invalid content-type"),
        ({"X-Kannel-To": ""}, 400, "Empty receiver number not allowed, rejected"),
        ({"X-Kannel-From": ""}, 400, "Sender missing and no global set, rejected"),
        ({"X-Kannel-DLR-Url": "ftp://x"}, 400, "DLR-URL field misformed, rejected"),
        ({"X-Kannel-DLR-Mask": "64"}, 400, "DLR-Mask field misformed, rejected"),
        ({"X-Kannel-Coding": "3"}, 400, "Coding field misformed, rejected"),
    ],
)
def test_kannel_refuses(outside, headers, status, words):
    right = {
        "Content-Type": "text/plain; charset=UTF-8",
        "X-Kannel-Username": "sandbox",
        "X-Kannel-Password": outside.secrets["SANDBOX_KANNEL_PASSWORD"],
        "X-Kannel-To": HERE,
        "X-Kannel-From": "+15005550006",
    }
    url = outside.secrets["SANDBOX_KANNEL_URL"] + "/cgi-bin/sendsms"
    answer = requests.post(url, data=b"Hello", headers={**right, **headers}, timeout=5)

    assert (answer.status_code, answer.text) == (status, words)
    assert outside.skip(minutes=1) == []
