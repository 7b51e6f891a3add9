"""The sandbox's mail server, spoken to by the standard library's client."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from connectors.channels.smtp.told import told
from core.ports import Reply
from tests.webapp.sandbox.conftest import Outside, eventually
from webapp.sandbox.keys import sandbox_secrets
from webapp.sandbox.phones import PhoneMessage
from webapp.sandbox.quirks import Quirk
from webapp.sandbox.world import World

USER = "orders@riverside.example"
ASTRID = "astrid@customers.example"
NOBODY = "nobody@customers.example"


@pytest.fixture
def client(outside: Outside) -> Iterator[smtplib.SMTP]:
    """Connected, and not logged in."""
    outside.world.mail.start()
    port = int(outside.secrets["SANDBOX_MAIL_PORT"])
    with smtplib.SMTP("127.0.0.1", port, "test.example", timeout=5) as opened:
        opened.ehlo()
        yield opened
    outside.world.mail.stop()


@pytest.fixture
def known(client: smtplib.SMTP, outside: Outside) -> smtplib.SMTP:
    """Logged in."""
    client.login(USER, outside.secrets["SANDBOX_MAIL_PASSWORD"])
    return client


def mail(to: str) -> EmailMessage:
    written = EmailMessage()
    written["From"] = f"Riverside Shop <{USER}>"
    written["To"] = to
    written["Subject"] = "På väg"
    written["Message-ID"] = "<everreach.att_1@riverside.example>"
    written.set_content("Din order är på väg.\n.\nHej då!")
    written.add_alternative("<p>Din order är på väg.</p>", subtype="html")
    return written


def on_phone(outside: Outside, key: str) -> tuple[PhoneMessage, ...]:
    phones = outside.world.snapshot().phones
    return next(phone.messages for phone in phones if phone.key == key)


def test_a_mail_appears_on_the_phone(known: smtplib.SMTP, outside: Outside) -> None:
    refused = known.send_message(mail(ASTRID))
    outside.skip(seconds=5)
    (shown,) = on_phone(outside, "astrid")

    assert refused == {}
    assert (shown.channel, shown.subject) == ("email", "På väg")
    assert shown.from_name == "Riverside Shop"
    assert shown.text.splitlines() == ["Din order är på väg.", ".", "Hej då!"]
    assert shown.html == "<p>Din order är på väg.</p>"


@pytest.mark.parametrize("way", ["auth_plain", "auth_login"])
def test_it_knows_both_ways_to_log_in(
    client: smtplib.SMTP, outside: Outside, way: str
) -> None:
    client.user = USER
    client.password = outside.secrets["SANDBOX_MAIL_PASSWORD"]
    how = way.removeprefix("auth_").upper()

    assert client.auth(how, getattr(client, way))[0] == 235


def test_without_the_login_it_takes_nothing(client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
        client.login(USER, "guessed")
    with pytest.raises(smtplib.SMTPSenderRefused) as unknown:
        client.send_message(mail(ASTRID))

    assert (wrong.value.smtp_code, unknown.value.smtp_code) == (535, 530)


def test_it_sends_for_its_own_domain_only(known: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        known.send_message(mail(ASTRID), from_addr="orders@elsewhere.example")
    assert refused.value.smtp_code == 553


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("DATA", 503),
        ("RCPT TO:<a@b.example>", 503),
        ("MAIL TO:<a>", 501),
        ("WHAT", 500),
    ],
)
def test_what_makes_no_sense_is_refused(
    known: smtplib.SMTP, said: str, code: int
) -> None:
    assert known.docmd(said)[0] == code


def test_it_says_what_a_login_is_tried_with(known: smtplib.SMTP) -> None:
    assert (known.noop()[0], known.rset()[0]) == (250, 250)


def test_a_mail_to_nobody_comes_back(known: smtplib.SMTP, outside: Outside) -> None:
    known.send_message(mail(NOBODY), from_addr="bounces+att_1@riverside.example")
    outside.skip(seconds=5)
    eventually(lambda: outside.posts)
    (post,) = outside.posts
    bounce = message_from_bytes(post.body, policy=default)
    (report,) = (
        part
        for part in bounce.walk()
        if part.get_content_type() == "message/delivery-status"
    )

    secret = outside.secrets["SANDBOX_MAIL_INBOUND_SECRET"]
    assert post.path.rstrip("?") == "/receipts/smtp/sandbox.mail"
    assert post.headers["authorization"] == f"Bearer {secret}"
    assert bounce["To"] == "bounces+att_1@riverside.example"
    assert not bounce.defects
    assert report.get_payload()[1]["Action"] == "failed"  # type: ignore[index, union-attr]
    assert report.get_payload()[1]["Status"] == "5.1.1"  # type: ignore[index, union-attr]


def test_a_bounce_of_the_sandbox_is_one_to_the_connector(
    known: smtplib.SMTP, outside: Outside
) -> None:
    known.send_message(mail(NOBODY), from_addr="bounces+att_1@riverside.example")
    outside.skip(seconds=5)
    eventually(lambda: outside.posts)
    (receipt,) = told(outside.posts[0].body)

    assert (receipt.reference, receipt.status) == ("att_1", "failed")


def test_it_moves_when_its_port_is_taken(outside: Outside) -> None:
    outside.world.mail.start()
    before = outside.secrets["SANDBOX_MAIL_PORT"]
    other = World.open(outside.settings, outside.clock)
    other.mail.start()
    after = sandbox_secrets(outside.settings)["SANDBOX_MAIL_PORT"]
    other.mail.stop()
    other.close()
    outside.world.mail.stop()

    assert after != before


def test_a_mail_can_be_answered(known: smtplib.SMTP, outside: Outside) -> None:
    known.send_message(mail(ASTRID))
    outside.skip(seconds=5)
    (shown,) = on_phone(outside, "astrid")
    outside.world.write("astrid", shown.id, "Tack, ställ den vid dörren")
    (post,) = outside.skip(seconds=1)

    (reply,) = told(post.body)
    assert isinstance(reply, Reply)
    assert (reply.sender, reply.answers) == (ASTRID, "att_1")
    assert reply.text == "Tack, ställ den vid dörren"


@pytest.mark.parametrize("code", [450, 554])
def test_it_may_refuse_with_any_code(
    known: smtplib.SMTP, outside: Outside, code: int
) -> None:
    outside.world.give(ASTRID, Quirk(provider="smtp", refuses=code))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        known.send_message(mail(ASTRID))

    assert refused.value.smtp_code == code


def test_it_may_send_back_what_it_took_and_twice(
    known: smtplib.SMTP, outside: Outside
) -> None:
    outside.world.give(ASTRID, Quirk(provider="smtp", fails=522, twice=True))
    known.send_message(mail(ASTRID))
    first, again = outside.skip(seconds=5)

    assert first.body == again.body
    assert b"Status: 5.2.2" in first.body
    assert on_phone(outside, "astrid") == ()
