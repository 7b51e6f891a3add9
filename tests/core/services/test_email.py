"""The line with an email in it, through a mail server that others wrote."""

import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Thread
from typing import cast

import pytest

from core.bootstrap import Everreach
from core.cascade.consent import Suppression
from core.cascade.model import Channel
from core.cascade.status import Scope
from core.mail import CONNECTIONS
from core.ports import InboundRequest
from core.services import inbox
from core.services.dispatch import BATCH, send_due
from core.services.events import read_events
from core.services.setup import apply
from core.services.views import MessageView
from core.store import memory, origins, people
from core.store.inbox import RECEIPT
from core.store.memory import Whom
from tests.conftest import SetClock
from tests.support import riverside
from tests.support.line import Line
from tests.support.loopback import Providers, providers
from tests.support.office import Office, Server
from tests.support.riverside import fulfillment

ANNA = "anna@example.com"
SENDER = """  - {{key: mail, provider: smtp, config: {{host: 127.0.0.1, port: {port}, security: none, from_address: orders@riverside.example, bounce_address: bounces@riverside.example, inbound_secret: a-secret}}}}
messages:"""
CONTENT = """    email: {subject: "{{ order.name }} is on its way", text: "It comes soon.", html: "<p>It comes soon.</p>"}
reminders:"""
STEP = "      - {channel: email, sender: mail}\n"


class EmailLine(Line):
    """SMS first, then email."""

    def _work_once(self) -> bool:
        did = super()._work_once()
        return send_due(self.app, "email") or did

    def comes_back(self, body: str) -> None:
        """The mail server hands a mail over, and that is worked off."""
        with self.app.store.read() as tx:
            origin = origins.sender(tx, "smtp", "riverside.mail")
        assert origin
        request = InboundRequest(
            method="POST",
            url="https://msg.example/receipts/smtp/riverside.mail",
            headers={},
            body=body.encode(),
            received_at=riverside.NOW,
        )
        inbox.keep(self.app, RECEIPT, origin, request)
        self.work()


@pytest.fixture(scope="module")
def others() -> Iterator[Providers]:
    with providers() as started:
        yield started


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def line(
    app: Everreach, clock: SetClock, others: Providers, office: Office
) -> Iterator[EmailLine]:
    others.begin_anew()
    server = Server(office, hostname="127.0.0.1", port=0)
    server.start()
    started = EmailLine(app, clock, others)
    text = riverside.setup(meta=others.url, twilio=others.url)
    text = text.replace("messages:", SENDER.format(port=server.port), 1)
    text = text.replace("reminders:", CONTENT) + STEP
    apply(app, text, {})
    yield started
    server.stop()


def shipped_to(line: EmailLine, email: str, *, phone: str = "") -> MessageView:
    body = fulfillment(1, email=email)
    body["destination"]["phone"] = phone
    line.hook(body=body)
    line.work()
    return line.message


def mail(office: Office) -> EmailMessage:
    (envelope,) = office.received
    assert isinstance(envelope.original_content, bytes)
    found = message_from_bytes(envelope.original_content, policy=default)
    return cast(EmailMessage, found)


def whom(line: EmailLine) -> Whom:
    with line.app.store.read() as tx:
        account = people.account(tx, "riverside")
    assert account
    return Whom(account_id=account["id"], channel=Channel.EMAIL, address=ANNA)


def test_who_has_no_number_gets_an_email(line: EmailLine, office: Office) -> None:
    message = shipped_to(line, "Anna@Example.com")

    assert message.status == "reached"
    assert office.received[0].rcpt_tos == [ANNA]
    assert mail(office)["Subject"] == "#1001 is on its way"
    assert mail(office)["Message-ID"] == (
        f"<everreach.{message.tries[-1].reference}@riverside.example>"
    )


def test_a_mail_server_is_never_asked_for_more_connections_than_it_takes(
    line: EmailLine, office: Office
) -> None:
    for number in range(1, BATCH + 9):
        body = fulfillment(number, email=f"anna{number}@example.com")
        body["destination"]["phone"] = ""
        line.hook(body=body, webhook_id=f"w{number}")
    while read_events(line.app):
        pass
    office.end = "hang"
    turn = Thread(target=send_due, args=(line.app, "email"))
    turn.start()
    time.sleep(1)
    under_way = len(office.received)
    office.patience.set()
    turn.join()

    assert under_way == CONNECTIONS


def test_a_refused_mailbox_is_remembered_under_its_address(
    line: EmailLine, office: Office
) -> None:
    office.recipient = lambda _: "550 5.1.1 Nobody here"
    message = shipped_to(line, ANNA)

    assert message.status == "not_delivered"
    with line.app.store.read() as tx:
        known = memory.unreachable_at(
            tx, {(whom(line).account_id, ANNA)}, line.clock.now()
        )
    assert list(known) == [whom(line)]


def test_a_bounce_is_remembered_under_the_address_that_it_was_for(
    line: EmailLine, office: Office
) -> None:
    shipped_to(line, ANNA)
    (envelope,) = office.received
    line.comes_back(BOUNCE.format(to=envelope.mail_from))

    assert line.message.tries[-1].status == "failed"
    with line.app.store.read() as tx:
        known = memory.unreachable_at(
            tx, {(whom(line).account_id, ANNA)}, line.clock.now()
        )
    assert list(known) == [whom(line)]


def test_an_answer_finds_its_message(line: EmailLine, office: Office) -> None:
    shipped_to(line, ANNA)
    line.comes_back(ANSWER.format(id=mail(office)["Message-ID"]))

    assert [reply.text for reply in line.message.replies] == ["Thank you!"]
    assert line.message.tries[-1].status == "replied"


@pytest.mark.parametrize("said_as", [ANNA, "+46701740605"])
def test_who_opted_out_by_either_address_gets_no_email(
    line: EmailLine, office: Office, said_as: str
) -> None:
    stop = Suppression(scope=Scope.EVERYWHERE, source="the desk", at=line.clock.now())
    with line.app.store.write() as tx:
        people.suppress(tx, (whom(line).account_id, said_as), stop)
    message = shipped_to(line, ANNA, phone="070-174 06 05")

    assert (message.status, office.received) == ("skipped", [])


def test_who_says_stop_by_sms_gets_no_email_that_waits(
    line: EmailLine, office: Office, others: Providers
) -> None:
    others.sms({"code": 21211, "message": "Not a number"}, status=400)
    others.whatsapp({"error": {"code": 131026, "message": "Nobody"}}, status=400)
    line.hook()
    while Line._work_once(line):  # all but the email
        pass
    assert line.path[-1] == ("email", "queued")
    number = whom(line).account_id, "+46701740605"
    stop = Suppression(scope=Scope.EVERYWHERE, source="the desk", at=line.clock.now())
    with line.app.store.write() as tx:
        people.suppress(tx, number, stop)
    line.work()

    assert office.received == []
    assert line.path[-1] == ("email", "failed")


def test_a_mail_whose_fate_is_unknown_is_not_sent_again(
    line: EmailLine, office: Office
) -> None:
    office.end = None
    message = shipped_to(line, ANNA)
    line.later(hours=1)

    assert message.tries[-1].status == "unknown"
    assert len(office.received) == 1


BOUNCE = """From: MAILER-DAEMON@mx.example
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; anna@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 Nobody here

--b--
"""
ANSWER = """From: Anna <ANNA@example.com>
To: orders@riverside.example
Message-ID: <1@example.com>
In-Reply-To: {id}

Thank you!

> It comes soon.
"""
