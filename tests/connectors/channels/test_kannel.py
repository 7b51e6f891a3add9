from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.kannel import CHANNEL
from connectors.channels.kannel.callback import report_url
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import Media, MediaKind, Template, Text
from core.ports import InboundRequest, Receipt, Reply, SendAccepted, SendUnclear

SIGNED = "channels/kannel/signed"
IMAGE = Media(kind=MediaKind.IMAGE, url="https://shop.example/parcel.png")


@pytest.fixture
def settings(config):
    return config("channels/kannel")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"kannel/{stem}"))


@pytest.fixture
def report(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/kannel/{stem}"))


@pytest.fixture
def build(settings, outgoing):
    return lambda **changes: CHANNEL.build(outgoing(Channel.SMS, **changes), settings)


# --- Settings ---


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:13013", "http://[::1]:13013", "http://localhost:13013/sms"],
)
def test_http_is_good_enough_on_this_machine(config, address):
    assert config("channels/kannel", base_url=address).base_url == address


@pytest.mark.parametrize("address", ["http://10.0.0.5:13013", "http://sms.example"])
def test_http_to_another_machine_is_refused(config, address):
    with pytest.raises(SetupError, match="in the clear") as caught:
        config("channels/kannel", base_url=address)
    assert caught.value.path == "config.base_url"


@pytest.mark.parametrize(
    "changes",
    [{"max_messages": 0}, {"callback_secret": "short"}, {"reply_token": "a b" * 9}],
)
def test_what_cannot_work_is_refused(config, changes):
    with pytest.raises(SetupError):
        config("channels/kannel", **changes)


# --- Sending ---


def test_an_sms_says_everything_in_headers_and_nothing_in_its_address(build):
    request = build()
    address = request.headers.pop("X-Kannel-DLR-Url")
    request.headers.pop("User-Agent")

    assert (request.method, request.url) == (
        "POST",
        "https://sms.example/cgi-bin/sendsms",
    )
    assert request.body == b"Your order #1001 is on its way."
    assert request.headers == {
        "X-Kannel-Username": "everreach",
        "X-Kannel-Password": "kannel-test-password",
        "X-Kannel-From": "+447700900100",
        "X-Kannel-To": "+447700900101",
        "X-Kannel-Coding": "0",
        "X-Kannel-Validity": "30",
        "X-Kannel-DLR-Mask": "31",
        "Content-Type": "text/plain; charset=UTF-8",
    }
    assert address.startswith("https://ever.example/receipts/main?ref=att_0001&token=")
    assert address.endswith("&type=%d&answer=%A&at=%T")


def test_sender_and_connection_are_kannels_unless_they_are_set(config, outgoing):
    settings = config("channels/kannel", **{"from": None, "smsc": "operator-a"})
    headers = CHANNEL.build(outgoing(Channel.SMS), settings).headers

    assert "X-Kannel-From" not in headers
    assert headers["X-Kannel-SMSC"] == "operator-a"


def test_what_kannel_might_fill_in_by_mistake_is_escaped(settings):
    address = report_url("https://ever.example/r?a=%2B", "x&y", settings)

    assert address.startswith("https://ever.example/r?a=%%2B&ref=x%%26y&token=")


@pytest.mark.parametrize(("text", "coding"), [("Ä€ {1}\n", "0"), ("Привет", "2")])
def test_other_alphabets_go_as_ucs2(build, text, coding):
    request = build(content=Text(text=text))

    assert request.headers["X-Kannel-Coding"] == coding
    assert request.body == text.encode()


@pytest.mark.parametrize(
    ("window", "minutes"),
    [
        (timedelta(0), "1"),
        (timedelta(seconds=119), "1"),
        (timedelta(hours=2), "120"),
        (timedelta(days=30), "10080"),
    ],
)
def test_an_sms_expires_with_its_window(build, window, minutes):
    assert build(window=window).headers["X-Kannel-Validity"] == minutes


@pytest.mark.parametrize(
    "content",
    [
        Text(text=" \n"),
        Text(text="x" * 460),
        Text(text="x", media=IMAGE),
        Template(template="t", language="en"),
    ],
)
def test_what_kannel_would_cut_off_or_refuse_is_not_sent(build, content):
    with pytest.raises(ContentError):
        build(content=content)


# --- Answers ---


@pytest.mark.parametrize(
    ("stem", "count"),
    [
        ("send_accepted", None),
        ("send_accepted__queued", None),
        ("send_accepted__immediate", 2),
    ],
)
def test_an_accepted_sms_has_no_id(read, stem, count):
    assert read(stem) == SendAccepted(provider_id=None, parts=count)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__login", FailureClass.HALT, "login"),
        ("send_rejected__no_route", FailureClass.NEXT, "no_route"),
        ("send_rejected__busy", FailureClass.RETRY, "busy"),
        ("send_rejected__listed", FailureClass.NEXT, "listed"),
        ("send_rejected__no_sender", FailureClass.TEMPLATE, "no_sender"),
        ("send_rejected__misformed", FailureClass.TEMPLATE, "rejected"),
    ],
)
def test_a_refusal_is_what_its_sentence_says(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)
    assert failure.detail


@pytest.mark.parametrize(
    "stem",
    ["send_unclear__broken", "send_unclear__gateway", "send_unclear__somebody_else"],
)
def test_anything_but_kannels_words_leaves_the_message_in_doubt(read, stem):
    assert isinstance(read(stem), SendUnclear)


# --- Receipts ---

AT = datetime(2026, 11, 22, 16, 0, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stem", "status"),
    [
        ("report_sent", Status.SENT),
        ("report_buffered", Status.SENT),
        ("report_delivered", Status.DELIVERED),
    ],
)
def test_a_report_names_the_message_and_when(report, stem, status):
    assert report(stem) == [
        Receipt(status=status, at=AT, reference="att_0001", provider_id=None)
    ]


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("report_failed", FailureClass.NEXT, "UNDELIV"),
        ("report_expired", FailureClass.NEXT, "EXPIRED"),
        ("report_failed__silent", FailureClass.UNKNOWN, "dlr_2"),
        ("report_refused", FailureClass.NEXT, "0x0000000b"),
        ("report_refused__silent", FailureClass.UNKNOWN, "dlr_16"),
    ],
)
def test_a_failed_report_says_why_in_the_smscs_words(report, stem, kind, code):
    [receipt] = report(stem)

    assert receipt.status is Status.FAILED
    assert (receipt.failure.kind, receipt.failure.code) == (kind, code)


def test_a_report_that_we_did_not_ask_for_tells_nothing(report):
    assert report("report_unknown_status") == []


# --- Replies ---


def test_an_sms_that_came_in_is_a_reply(report):
    assert report("reply_text") == [
        Reply(
            channel=Channel.SMS,
            sender="+447700900101",
            provider_id="0a1b2c3d-0000-4000-8000-000000000001",
            at=datetime(2026, 11, 22, 16, 5, tzinfo=UTC),
            text="Yes, see you at 10 £",
        )
    ]


@pytest.mark.parametrize(
    ("stem", "text"), [("reply_ucs2", "Да 👋"), ("reply_stop", "STOP")]
)
def test_a_reply_is_read_in_its_own_letters_and_its_number_completed(
    report, stem, text
):
    [reply] = report(stem)

    assert (reply.sender, reply.text) == ("+447700900101", text)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("from=Anna&id=1&charset=UTF-8", "from is not a number"),
        ("from=46701740605&charset=UTF-8", "id is missing"),
        ("from=46701740605&id=1&charset=zlib", "charset is 'zlib'"),
        ("from=46701740605&id=1&charset=UTF-8&at=now", "at is not unix seconds"),
    ],
)
def test_a_reply_that_cannot_be_read_is_malformed(inbound, query, problem):
    with pytest.raises(Malformed, match=problem):
        CHANNEL.told(inbound(SIGNED, url=f"https://ever.example/r?{query}"))


@given(st.text())
def test_any_query_tells_something_or_is_malformed(query):
    request = InboundRequest(
        method="GET",
        url=f"https://ever.example/r?{query}",
        headers={},
        body=b"",
        received_at=AT,
    )
    try:
        told = CHANNEL.told(request)
    except Malformed:
        return
    assert len(told) <= 1


# --- Proof ---


@pytest.fixture
def verify(inbound, settings):
    def check(query, settings=settings):
        url = f"https://ever.example/receipts/kannel/main?{query}"
        CHANNEL.verify(inbound(SIGNED, url=url), settings)

    return check


def test_the_address_that_we_gave_is_known(build, verify):
    verify(urlsplit(build().headers["X-Kannel-DLR-Url"]).query)


def test_the_code_of_one_message_is_not_anothers(build, verify):
    [code] = parse_qs(urlsplit(build().headers["X-Kannel-DLR-Url"]).query)["token"]

    with pytest.raises(BadSignature):
        verify(f"ref=att_0002&token={code}&type=1")


def test_the_token_of_replies_proves_no_report(verify):
    verify("token=old-reply-token-1&id=1")

    with pytest.raises(BadSignature):
        verify("token=old-reply-token-1&ref=att_0001&type=1")


def test_without_a_token_no_reply_is_taken(settings, verify):
    with pytest.raises(BadSignature):
        verify("token=&id=1", replace(settings, reply_token=()))


# --- The rest ---


@pytest.mark.parametrize(
    ("stem", "works", "says"),
    [
        ("check_works", True, "Kannel knows everreach"),
        ("check_wrong_login", False, "refuses"),
        ("check_no_kannel", False, "HTTP 404"),
    ],
)
def test_a_login_is_tried_with_nobody_to_write_to(answer, settings, stem, works, says):
    request = CHANNEL.check.ask(settings, AT)
    checked = CHANNEL.check.answer(answer(f"kannel/{stem}"), settings)

    assert "X-Kannel-To" not in request.headers
    assert checked.works is works
    assert says in checked.says


def test_an_sms_may_always_outlive_its_window():
    assert "SMSC" in CHANNEL.outlives(Channel.SMS, timedelta(hours=1))
