"""The mail client, over real sockets, with a mail server that others wrote (aiosmtpd)."""

import logging
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from core import mail
from core.ports import (
    Answer,
    HttpRequest,
    MailRequest,
    MailResponse,
    NoResponse,
    Printed,
    PrintRequest,
    Security,
)
from core.wire import Wire
from tests.support.office import LOGIN, Office, Server

in_the_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # it is a test


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A throwaway authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def encrypted(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


Opener = Callable[..., MailRequest]


@pytest.fixture
def opened(office: Office) -> Iterator[Opener]:
    """`opened(...)`: a server with these options; a mail for it."""
    with ExitStack() as stack:

        def start(security: Security = Security.NONE, **options: Any) -> MailRequest:
            server = Server(office, hostname="127.0.0.1", port=0, **options)
            server.start()
            stack.callback(server.stop)
            return letter(server.port, security=security)

        yield start
        office.patience.set()


def letter(port: int, **changes: Any) -> MailRequest:
    mail_ = {
        "host": "localhost",
        "port": port,
        "security": Security.NONE,
        "sender": "bounces+att_1@riverside.example",
        "recipient": "anna@riverside.example",
        "message": b"Subject: Hello\r\n\r\nHello\r\n",
    }
    return MailRequest(**{**mail_, **changes})


@pytest.fixture
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.close()


def answers(wire: Wire, requests: list[Any]) -> dict[int, Answer]:
    return dict(one for group in wire.exchange(requests) for one in group)


def test_a_mail_arrives_as_it_was_written(
    wire: Wire, opened: Opener, office: Office
) -> None:
    request = opened()
    text = b"Subject: Dots\r\n\r\n.\r\n..one\nbare\rlines\r\n.\r\n\r\n"
    answer = wire.perform(letter(request.port, message=text))

    assert answer == MailResponse(code=250, text="2.0.0 Ok: queued as 1")
    (envelope,) = office.received
    assert envelope.mail_from == "bounces+att_1@riverside.example"
    assert envelope.rcpt_tos == ["anna@riverside.example"]
    wanted = b"Subject: Dots\r\n\r\n.\r\n..one\r\nbare\r\nlines\r\n.\r\n"
    assert envelope.original_content == wanted


@in_the_clear
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_login_travels_encrypted(
    wire: Wire,
    opened: Opener,
    office: Office,
    authority: trustme.CA,
    security: Security,
) -> None:
    context = encrypted(authority)
    tls = {"ssl_context": context}
    starttls = {"tls_context": context, "require_starttls": True}
    request = opened(
        security,
        authenticator=office.let_in,
        auth_required=True,
        auth_require_tls=security is Security.STARTTLS,
        **(tls if security is Security.TLS else starttls),
    )
    user, password = LOGIN
    mine = {"security": security, "user": user, "password": password}

    answer = wire.perform(letter(request.port, **mine))
    assert isinstance(answer, MailResponse)
    assert (answer.code, len(office.received)) == (250, 1)
    wrong = wire.perform(letter(request.port, **{**mine, "password": "wrong"}))
    assert isinstance(wrong, MailResponse)
    assert wrong.code == 535


@pytest.mark.parametrize("name", ["elsewhere.example", None])
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_of_somebody_else_is_refused(
    wire: Wire,
    opened: Opener,
    office: Office,
    authority: trustme.CA,
    name: str | None,
    security: Security,
) -> None:
    context = encrypted(authority, name) if name else encrypted(trustme.CA())
    kind = "ssl_context" if security is Security.TLS else "tls_context"
    answer = wire.perform(opened(security, **{kind: context}))

    assert isinstance(answer, NoResponse)
    assert not answer.reached
    assert "certificate" in answer.detail
    assert office.received == []


def test_nothing_is_said_to_a_server_that_will_not_encrypt(
    wire: Wire, opened: Opener, office: Office
) -> None:
    answer = wire.perform(opened(Security.STARTTLS))

    assert isinstance(answer, NoResponse)
    assert (answer.reached, office.received) == (False, [])


@pytest.mark.parametrize("said", ["550 5.1.1 Nobody here", "450 4.2.0 Come back later"])
def test_a_refusal_is_the_servers_word(
    wire: Wire, opened: Opener, office: Office, said: str
) -> None:
    office.recipient = lambda _: said
    code, _, text = said.partition(" ")

    assert wire.perform(opened()) == MailResponse(code=int(code), text=text)


@pytest.mark.parametrize("said", ["554 5.7.1 No spam", "451 4.3.0 Not now"])
def test_a_refusal_after_the_dot_is_the_servers_word_too(
    wire: Wire, opened: Opener, office: Office, said: str
) -> None:
    office.end = said
    code, _, text = said.partition(" ")

    assert wire.perform(opened()) == MailResponse(code=int(code), text=text)


@pytest.mark.parametrize("end", [None, "hang"])
def test_who_says_nothing_after_the_dot_may_have_the_mail(
    wire: Wire,
    opened: Opener,
    office: Office,
    end: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.5)
    office.end = end
    answer = wire.perform(opened())
    office.patience.set()

    assert isinstance(answer, NoResponse)
    assert answer.reached
    assert len(office.received) == 1


def test_who_hangs_up_before_the_dot_has_nothing(
    wire: Wire, opened: Opener, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SMTP, "smtp_DATA", _hang_up)
    answer = wire.perform(opened())

    assert isinstance(answer, NoResponse)
    assert not answer.reached


async def _hang_up(server: SMTP, _: str) -> None:
    server.transport.abort()


def test_where_nobody_listens_all_hear_so_at_once(wire: Wire, office: Office) -> None:
    found = answers(wire, [letter(1)] * 30)

    assert len(found) == 30
    assert all(
        isinstance(one, NoResponse) and not one.reached for one in found.values()
    )


@in_the_clear
def test_a_wrong_login_is_not_tried_for_every_mail(
    wire: Wire, opened: Opener, office: Office
) -> None:
    port = opened(
        authenticator=office.let_in, auth_required=True, auth_require_tls=False
    ).port
    found = answers(wire, [letter(port, user="orders", password="wrong")] * 60)

    assert {one.code for one in found.values()} == {535}  # type: ignore[union-attr]
    # smtplib tries both ways to log in, PLAIN and LOGIN.
    assert office.logins <= 2 * mail.CONNECTIONS


@in_the_clear
@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_what_went_wrong_is_told_without_the_password(
    wire: Wire,
    opened: Opener,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    method: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    plain = b64encode(b"\0orders\0hunter22").decode()
    login = b64encode(b"hunter22").decode()

    def repeat(*_: Any) -> AuthResult:
        words = f"535 5.7.8 what is {plain} or {login} or hunter22?"
        return AuthResult(success=False, handled=False, message=words)

    others = {"PLAIN", "LOGIN"} - {method}
    port = opened(
        authenticator=repeat, auth_require_tls=False, auth_exclude_mechanism=others
    ).port
    mine = {"user": "orders", "password": "hunter22"}
    refused = wire.perform(letter(port, **mine))
    unheard = wire.perform(letter(1, **mine))

    assert refused == MailResponse(code=535, text="5.7.8 what is … or … or …?")
    # The logger mail.log is the server's.
    logged = [one.getMessage() for one in caplog.records if one.name != "mail.log"]
    told = " ".join([repr(refused), repr(unheard), *logged, *capfd.readouterr()])
    assert not [word for word in ("hunter22", plain, login) if word in told]


def test_a_batch_shares_its_connections_and_every_mail_has_its_answer(
    wire: Wire, opened: Opener, office: Office
) -> None:
    port = opened().port
    office.recipient = lambda to: "550 5.1.1 No" if to.startswith("x") else "250 Ok"
    requests = [
        letter(port, recipient=f"{'x' if n % 3 else 'a'}{n}@riverside.example")
        for n in range(60)
    ]
    found = answers(wire, requests)

    codes = {n: one.code for n, one in found.items()}  # type: ignore[union-attr]
    assert codes == {n: 550 if n % 3 else 250 for n in range(60)}
    assert len(office.received) == 20
    assert len(office.peers) <= mail.CONNECTIONS


def test_a_lost_connection_is_opened_again_for_the_next_mail(
    wire: Wire, opened: Opener, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "CONNECTIONS", 1)
    port = opened().port
    office.recipient = lambda to: "421 4.7.0 Bye" if to.startswith("x") else "250 Ok"
    to = ["a@b.example", "x@b.example", "c@b.example"]
    found = answers(wire, [letter(port, recipient=one) for one in to])

    codes = [found[n].code for n in range(3)]  # type: ignore[union-attr]
    assert codes == [250, 421, 250]
    assert len(office.received) == 2


def test_what_a_slow_server_does_not_get_to_is_given_back(
    wire: Wire, opened: Opener, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "CONNECTIONS", 1)
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(mail, "BEGIN_SECONDS", 0.2)
    port = opened().port
    office.end = "hang"
    found = answers(wire, [letter(port)] * 5)
    office.patience.set()

    assert [one.reached for one in found.values()] == [True] + [False] * 4  # type: ignore[union-attr]
    assert len(office.received) == 1


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    wire: Wire, opened: Opener, office: Office
) -> None:
    to = {"recipient": "åsa@riverside.example"}
    plain = opened(enable_SMTPUTF8=False).port
    able = opened(enable_SMTPUTF8=True).port
    refused, taken = (wire.perform(letter(port, **to)) for port in (plain, able))

    assert refused == MailResponse(
        code=553, text="5.6.7 the server takes no such address"
    )
    assert isinstance(taken, MailResponse)
    assert taken.code == 250
    assert office.received[0].rcpt_tos == ["åsa@riverside.example"]


def test_without_a_mail_only_the_login_is_tried(
    wire: Wire, opened: Opener, office: Office
) -> None:
    answer = wire.perform(letter(opened().port, message=b""))

    assert isinstance(answer, MailResponse)
    assert (answer.code, office.received) == (250, [])


@pytest.mark.parametrize(
    ("loopback_only", "security", "why"),
    [
        (True, Security.TLS, "sandbox"),
        (False, Security.NONE, "encrypted"),
    ],
)
def test_some_mails_do_not_leave_this_machine(
    loopback_only: bool, security: Security, why: str
) -> None:
    closed = Wire(loopback_only=loopback_only)
    answer = closed.perform(letter(465, host="192.0.2.1", security=security))
    closed.close()

    assert isinstance(answer, NoResponse)
    assert not answer.reached
    assert why in answer.detail


def test_requests_of_every_kind_are_answered_together(
    wire: Wire, opened: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = [
        PrintRequest(text="Hello"),
        opened(),
        HttpRequest(method="POST", url="http://127.0.0.1:1/"),
    ]
    found = answers(wire, requests)

    kinds = [type(found[n]) for n in range(3)]
    assert kinds == [Printed, MailResponse, NoResponse]
    assert capsys.readouterr().out == "Hello\n"
