from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from connectors.channels.smtp import CHANNEL
from connectors.channels.smtp.errors import bounced
from connectors.channels.smtp.quoting import own_words
from connectors.config import load
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import Email, Text
from core.ports import Receipt, Reply, Security, SendAccepted, SendUnclear
from tests.support.riverside import NOW

REFERENCE = "att_0001"


@pytest.fixture
def settings(config):
    return config("channels/smtp")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"smtp/{stem}"))


@pytest.fixture
def told(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/smtp/{stem}"))


@pytest.fixture
def sent(config, outgoing):
    """`sent(to="…")`: the request, and its mail as a stranger's parser reads it."""

    def build(changes=None, **content):
        settings = config("channels/smtp", **(changes or {}))
        request = CHANNEL.build(outgoing(Channel.EMAIL, **content), settings)
        return request, message_from_bytes(request.message, policy=default)

    return build


# --- Settings ---


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_only_this_machine_may_be_spoken_to_in_the_clear(config, host):
    assert config("channels/smtp", host=host, security="none").security == "none"
    with pytest.raises(SetupError) as caught:
        config("channels/smtp", security="none")
    assert caught.value.path == "config.security"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"password": None}, "user"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"from_address": "orders@nowhere"}, "from_address"),
        ({"reply_to": "a..b@riverside.example"}, "reply_to"),
        ({"bounce_address": "bounces+more@riverside.example"}, "bounce_address"),
        ({"from_name": "Riverside\r\nBcc: all@riverside.example"}, "from_name"),
        ({"security": "ssl"}, "security"),
    ],
)
def test_what_cannot_work_is_refused(config, changes, path):
    with pytest.raises(SetupError) as caught:
        config("channels/smtp", **changes)
    assert caught.value.path == f"config.{path}"


def test_bounces_need_a_secret(config):
    values = {"host": "localhost", "from_address": "orders@riverside.example"}

    with pytest.raises(SetupError) as caught:
        load(CHANNEL.Config, {**values, "bounce_address": "b@riverside.example"}, "c")
    assert caught.value.path == "c.bounce_address"


def test_a_port_may_come_from_a_variable(config):
    assert config("channels/smtp", port="2525").port == 2525


# --- Sending ---


def test_a_mail_says_everything_about_itself(sent):
    request, mail = sent()

    assert (request.host, request.port) == ("smtp.riverside.example", 587)
    assert request.security is Security.STARTTLS
    assert request.sender == f"bounces+{REFERENCE}@riverside.example"
    assert request.recipient == "anna@riverside.example"
    assert mail["From"] == "Riverside Shop <orders@riverside.example>"
    assert mail["To"] == "anna@riverside.example"
    assert mail["Subject"] == "On its way"
    assert mail["Message-ID"] == f"<everreach.{REFERENCE}@riverside.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW.replace(microsecond=0)
    assert not mail.defects


def test_text_and_html_stand_side_by_side_the_better_last(sent):
    _, mail = sent()
    text, html = mail.iter_parts()

    assert mail.get_content_type() == "multipart/alternative"
    assert text.get_content() == "Your order #1001 is on its way.\r\n"
    assert html.get_content_type() == "text/html"
    assert html.get_content() == "<p>On its way.</p>\r\n"


def test_without_html_a_mail_is_plain_text(sent):
    _, mail = sent(
        content=Email(subject="On its way", text="Grüße 👋\r\n.\r\nBis bald")
    )

    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "Grüße 👋\r\n.\r\nBis bald\r\n"


def test_the_same_message_is_the_same_mail(sent):
    content = Email(subject="é" * 90, text="å" * 500, html="<p>å</p>" * 200)

    assert sent(content=content)[0] == sent(content=content)[0]


def test_without_a_bounce_address_mails_come_back_to_the_sender(sent):
    request, _ = sent({"bounce_address": None})

    assert request.sender == "orders@riverside.example"


def test_answers_may_go_elsewhere(sent):
    _, mail = sent({"reply_to": "desk@riverside.example"})

    assert mail["Reply-To"] == "desk@riverside.example"


def test_the_opt_out_is_one_click(sent):
    url = f"https://messages.riverside.example/unsubscribe/{'x' * 120}"
    request, mail = sent(unsubscribe_url=url)

    assert f"List-Unsubscribe: <{url}>\r\n".encode() in request.message
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in sent()[1]


def test_names_and_domains_may_be_in_any_script(sent):
    request, mail = sent({"from_name": "Café Ærø, «Nord»"}, to="Anna@Bücher.example")

    assert request.recipient == "anna@xn--bcher-kva.example"
    assert mail["From"].addresses[0].display_name == "Café Ærø, «Nord»"
    assert request.message.isascii()


def test_a_mailbox_beyond_ascii_is_written_as_utf_8(sent):
    request, mail = sent(to="åsa@riverside.example")

    assert request.recipient == "åsa@riverside.example"
    assert "To: åsa@riverside.example\r\n".encode() in request.message
    assert mail["To"] == "åsa@riverside.example"


@given(subject=st.text(), text=st.text(), html=st.text())
@settings_of(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_field_can_add_a_header(sent, subject, text, html):
    try:
        request, mail = sent(content=Email(subject=subject, text=text, html=html))
    except ContentError:
        return

    usual = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    body = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert set(mail.keys()) <= usual | body
    assert len(mail.keys()) == len(set(mail.keys()))
    assert max(map(len, request.message.split(b"\r\n"))) <= 998
    assert b"\n" not in request.message.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("to", "content"),
    [
        ("anna", None),
        ("anna@riverside.example\r\nBcc: all@riverside.example", None),
        ("anna@riverside.example, bo@riverside.example", None),
        ("<anna@riverside.example>", None),
        (None, Email(subject=" \r\n ", text="Hello")),
        (None, Email(subject="S" * 251, text="Hello")),
        (None, Email(subject="Hello", text="  \n")),
        (None, Email(subject="Hello", text="x" * 100_001)),
        (None, Text(text="Hello")),
    ],
)
def test_what_is_no_mail_is_not_sent(sent, to, content):
    changes = {"to": to} if to else {"content": content}

    with pytest.raises(ContentError):
        sent(**changes)


def test_a_mail_may_always_outlive_its_window():
    assert "days" in CHANNEL.outlives(Channel.EMAIL, timedelta(hours=1))


# --- Answers ---


@pytest.mark.parametrize(
    ("stem", "known_as"),
    [
        ("send_accepted", "4Wx1yZ0abcz9"),
        ("send_accepted__exim", "1tEab2-000000001Yz-0AbC"),
    ],
)
def test_a_mail_that_was_taken_has_the_servers_name_for_it(read, stem, known_as):
    assert read(stem) == SendAccepted(provider_id=known_as)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__no_mailbox", FailureClass.NEXT, "5.1.1"),
        ("send_rejected__unnumbered", FailureClass.NEXT, "550"),
        ("send_rejected__greylisted", FailureClass.RETRY, "4.2.0"),
        ("send_rejected__too_many", FailureClass.RETRY, "4.7.0"),
        ("send_rejected__login", FailureClass.HALT, "535"),
        ("send_rejected__login_needed", FailureClass.HALT, "530"),
        ("send_rejected__no_dmarc", FailureClass.HALT, "5.7.26"),
        ("send_rejected__spam", FailureClass.TEMPLATE, "5.7.1"),
    ],
)
def test_the_servers_code_decides(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)
    assert "\n" not in failure.detail


def test_who_has_no_mailbox_is_remembered_and_others_are_not(read):
    assert read("send_rejected__no_mailbox").failure.remember == timedelta(days=30)
    assert read("send_rejected__unnumbered").failure.remember is None


def test_half_an_answer_settles_nothing(read):
    assert isinstance(read("send_unclear__odd"), SendUnclear)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("5.1.99", FailureClass.NEXT),
        ("5.2.99", FailureClass.NEXT),
        ("5.3.99", FailureClass.UNKNOWN),
        ("5.4.99", FailureClass.NEXT),
        ("5.5.99", FailureClass.UNKNOWN),
        ("5.6.99", FailureClass.TEMPLATE),
        ("5.7.99", FailureClass.TEMPLATE),
    ],
)
def test_an_unknown_code_is_read_by_its_subject(code, kind):
    assert bounced(code, "no").kind is kind


def test_a_login_can_be_tried(settings, answer):
    request = CHANNEL.check.ask(settings, NOW)
    works, fails = (
        CHANNEL.check.answer(answer(f"smtp/{stem}"), settings)
        for stem in ("check_works", "check_wrong_login")
    )

    assert (request.user, request.message) == ("orders@riverside.example", b"")
    assert works.numbers == ("orders@riverside.example",)
    assert (fails.works, "535 5.7.8" in fails.says) == (False, True)


# --- Bounces ---


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("report_failed", FailureClass.NEXT, "5.1.1"),
        ("report_failed__given_up", FailureClass.NEXT, "4.4.1"),
        ("report_failed__by_message_id", FailureClass.NEXT, "5.2.2"),
    ],
)
def test_a_bounce_names_the_mail_and_the_reason(told, stem, kind, code):
    (receipt,) = told(stem)

    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.reference) == (Status.FAILED, REFERENCE)
    assert (receipt.failure.kind, receipt.failure.code) == (kind, code)
    assert receipt.failure.detail


@pytest.mark.parametrize("by", ["the return path", "the Message-ID"])
def test_a_bounce_is_found_by_what_its_mail_carried(sent, inbound, by):
    reference = "01m844dzg0w0seyhpgmf7qwzn4.0"
    request, mail = sent(reference=reference)
    known = (
        "report_failed" if by == "the return path" else "report_failed__by_message_id"
    )
    bounce = inbound(f"channels/smtp/{known}").body.decode()
    for old, new in {
        f"bounces+{REFERENCE}@riverside.example": request.sender,
        f"<everreach.{REFERENCE}@riverside.example>": mail["Message-ID"],
    }.items():
        bounce = bounce.replace(old, new)
    (receipt,) = CHANNEL.told(inbound(f"channels/smtp/{known}", body=bounce))

    assert receipt.reference == reference


def test_a_bounce_says_for_how_long_to_leave_them_alone(told):
    (gone,) = told("report_failed")
    (full,) = told("report_failed__by_message_id")

    assert gone.failure.remember == timedelta(days=30)
    assert full.failure.remember == timedelta(days=2)


def test_a_mail_is_not_lost_because_it_is_late(told):
    assert told("report_delayed") == []


def test_a_delivery_that_is_reported_counts(told):
    (receipt,) = told("report_delivered")

    assert (receipt.status, receipt.failure) == (Status.DELIVERED, None)


@pytest.mark.parametrize("stem", ["report_unknown_status", "report_elsewhere"])
def test_other_reports_tell_nothing(told, stem):
    assert told(stem) == []


def test_what_is_no_mail_is_malformed(inbound):
    with pytest.raises(Malformed, match="From"):
        CHANNEL.told(inbound("channels/smtp/signed", body="Hello"))


@given(data=st.data())
@settings_of(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mail_that_was_damaged_on_its_way_tells_something_or_is_malformed(
    inbound, data
):
    stem = data.draw(st.sampled_from(["report_failed", "reply_html", "reply_text"]))
    body = inbound(f"channels/smtp/{stem}").body
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 40, len(body))))
    damaged = body[:start] + data.draw(st.binary(max_size=20)) + body[end:]

    try:
        found = CHANNEL.told(inbound(f"channels/smtp/{stem}", body=damaged))
    except Malformed:
        return
    assert all(isinstance(fact, Receipt | Reply) for fact in found)


def test_the_older_secret_is_good_too(inbound, settings):
    headers = {"authorization": "Bearer old-inbound-word"}

    CHANNEL.verify(inbound("channels/smtp/signed", headers=headers), settings)


def test_without_a_secret_nothing_is_believed(inbound, config):
    values = {"host": "localhost", "from_address": "orders@riverside.example"}
    headers = {"authorization": "Bearer "}

    with pytest.raises(BadSignature):
        CHANNEL.verify(
            inbound("channels/smtp/signed", headers=headers),
            load(CHANNEL.Config, values, "config"),
        )


# --- Replies ---


@pytest.mark.parametrize(
    ("stem", "text"),
    [
        ("reply_text", "Yes, see you at 10 👋"),
        ("reply_outlook", "STOP"),
        ("reply_html", "Grazie, confermo"),
        ("reply_below", "Danke!"),
        ("reply_signed_off", "Cancel"),
    ],
)
def test_an_answer_is_what_they_wrote_themselves(told, stem, text):
    (reply,) = told(stem)

    assert reply == Reply(
        channel=Channel.EMAIL,
        sender="anna@riverside.example",
        provider_id="<reply-1@mail.customers.example>",
        text=text,
        answers=REFERENCE,
    )


@pytest.mark.parametrize(
    ("charset", "half"), [("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800")]
)
def test_an_answer_holds_nothing_that_no_database_takes(inbound, charset, half):
    said = inbound("channels/smtp/reply_text").body
    said = said.replace(b"charset=utf-8", b"charset=" + charset.encode())
    said = said.replace("see you at 10 👋".encode(), half)

    (reply,) = CHANNEL.told(inbound("channels/smtp/reply_text", body=said))

    assert reply.text == "Yes, ?"


@pytest.mark.parametrize(
    "stem", ["nothing_holiday", "nothing_unrelated", "nothing_daemon"]
)
def test_what_a_machine_wrote_is_no_answer(told, stem):
    assert told(stem) == []


@given(st.text())
def test_any_text_has_own_words(text):
    assert own_words(text) in text.replace("\0", "") or "\n" in own_words(text)
