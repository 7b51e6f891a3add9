import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest

from connectors.channels.twilio import CHANNEL
from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.signing import RETRIES, callback
from connectors.failures import failure
from connectors.signatures import hmac_base64
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import FailureClass, Scope, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import Template, Text
from core.ports import Receipt, Reply, SendAccepted, SendUnclear

SID = "SM00000000000000000000000000000001"
SIGNED = "channels/twilio/signed"


@pytest.fixture
def settings(config):
    return config("channels/twilio")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"twilio/{stem}"))


@pytest.fixture
def report(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/twilio/{stem}"))


@pytest.fixture
def form(settings, outgoing):
    def sent(**changes):
        request = CHANNEL.build(outgoing(Channel.SMS, **changes), settings)
        return {key: value for key, [value] in parse_qs(request.body.decode()).items()}

    return sent


# --- Settings ---


def test_a_messaging_service_may_stand_for_the_number(config, outgoing):
    settings = config(
        "channels/twilio", **{"from": None, "messaging_service_sid": "MG1"}
    )
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    assert b"MessagingServiceSid=MG1" in request.body
    assert b"From=" not in request.body


@pytest.mark.parametrize("changes", [{"from": None}, {"messaging_service_sid": "MG1"}])
def test_there_is_one_sender_and_only_one(config, changes):
    with pytest.raises(SetupError) as caught:
        config("channels/twilio", **changes)
    assert caught.value.path == "config.from"
    assert "messaging_service_sid" in str(caught.value)


@pytest.mark.parametrize("sender", ["+447700900100", "12345", "Little Shop", "A"])
def test_a_sender_is_a_number_a_short_code_or_a_name(config, sender):
    assert config("channels/twilio", **{"from": sender}).from_ == sender


@pytest.mark.parametrize("sender", ["07700900100", "A name too long", "+0123", "&&"])
def test_other_senders_are_refused(config, sender):
    with pytest.raises(SetupError):
        config("channels/twilio", **{"from": sender})


# --- Sending ---


def test_an_sms_is_a_form_with_our_login(settings, outgoing):
    request = CHANNEL.build(outgoing(Channel.SMS), settings)

    account = settings.account_sid
    path = f"/2010-04-01/Accounts/{account}/Messages.json"
    assert request.url == f"https://api.twilio.com{path}"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == (
        "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpuZXctYXV0aC10b2tlbg=="
    )


def test_an_sms_says_everything_about_itself(form):
    assert form() == {
        "To": "+447700900101",
        "From": "+447700900100",
        "Body": "Your order #1001 is on its way.",
        "StatusCallback": f"https://ever.example/receipts/main?ref=att_0001{RETRIES}",
        "ValidityPeriod": "1800",
    }


def test_our_reference_joins_a_query_that_is_there():
    address = callback("https://ever.example/r?a=b", "x&y")

    assert address == f"https://ever.example/r?a=b&ref=x%26y{RETRIES}"


@pytest.mark.parametrize(
    ("window", "seconds"),
    [(timedelta(0), "1"), (timedelta(seconds=90), "90"), (timedelta(days=2), "36000")],
)
def test_an_sms_expires_with_its_window(form, window, seconds):
    assert form(window=window)["ValidityPeriod"] == seconds


def test_a_text_of_1600_characters_is_sent(form):
    assert len(form(content=Text(text="€" * 1600))["Body"]) == 1600


@pytest.mark.parametrize(
    "content",
    [
        Text(text=""),
        Text(text=" \n"),
        Text(text="x" * 1601),
        Template(template="t", language="en"),
    ],
)
def test_what_twilio_would_refuse_is_not_sent(form, content):
    with pytest.raises(ContentError):
        form(content=content)


# --- Answers ---


def test_an_accepted_message_has_an_id(read):
    assert read("send_accepted") == SendAccepted(provider_id=SID)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__invalid_number", FailureClass.NEXT, "21211"),
        ("send_rejected__opted_out", FailureClass.SUPPRESS, "21610"),
        ("send_rejected__login", FailureClass.HALT, "20003"),
        ("send_rejected__throttled", FailureClass.RETRY, "20429"),
    ],
)
def test_a_refusal_is_what_its_code_says(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)


def test_a_throttled_sender_waits_as_long_as_twilio_asks(read):
    assert read("send_rejected__throttled").failure.retry_after == timedelta(seconds=2)


def test_an_error_of_twilios_own_leaves_the_message_in_doubt(read):
    assert isinstance(read("send_unclear__broken"), SendUnclear)


# --- Receipts ---


@pytest.mark.parametrize(
    ("stem", "status"),
    [
        ("report_sending", Status.ACCEPTED),
        ("report_sent", Status.SENT),
        ("report_delivered", Status.DELIVERED),
        ("report_read", Status.READ),
        ("report_failed", Status.FAILED),
        ("report_undelivered", Status.FAILED),
        ("report_canceled", Status.FAILED),
    ],
)
def test_a_status_names_the_message_and_no_time(report, stem, status):
    [receipt] = report(stem)

    assert (receipt.status, receipt.at) == (status, None)
    assert (receipt.reference, receipt.provider_id) == ("att_0001", SID)


def test_a_failed_status_says_why(report):
    [undelivered] = report("report_undelivered")
    [canceled] = report("report_canceled")

    assert (undelivered.failure.kind, undelivered.failure.code) == (
        FailureClass.NEXT,
        "30003",
    )
    assert (canceled.failure.kind, canceled.failure.code) == (
        FailureClass.UNKNOWN,
        "canceled",
    )


@pytest.mark.parametrize("stem", ["report_unknown_status", "reply_elsewhere"])
def test_anything_else_tells_nothing(report, stem):
    assert report(stem) == []


def test_a_status_without_a_message_is_malformed(inbound):
    with pytest.raises(Malformed, match="MessageSid is missing"):
        CHANNEL.told(inbound(SIGNED, body="MessageStatus=sent"))


# --- Replies ---

REPLY = "SM00000000000000000000000000000003"


def test_an_sms_that_came_in_is_a_reply(report):
    [reply] = report("reply_text")

    assert reply == Reply(
        channel=Channel.SMS,
        sender="+447700900101",
        provider_id=REPLY,
        text="Yes, see you at 10 👋",
        answers=SID,
    )


@pytest.mark.parametrize(
    ("stem", "carrier"),
    [
        ("reply_stop", StopWord.STOP),
        ("reply_cancel", StopWord.STOP),
        ("reply_to_short_code", None),
    ],
)
def test_a_reply_says_what_twilio_makes_of_it_by_itself(report, stem, carrier):
    [reply] = report(stem)

    assert reply.carrier is carrier


@pytest.mark.parametrize(
    ("form", "carrier"),
    [
        ({"Body": "YES"}, StopWord.START),
        ({"Body": "info"}, StopWord.HELP),
        ({"Body": "STOP please"}, None),
        ({"Body": "Basta", "OptOutType": "STOP"}, StopWord.STOP),
        ({"Body": "a\0b"}, None),
    ],
)
def test_twilios_words_are_whole_messages(inbound, form, carrier):
    form = {"MessageSid": REPLY, "From": "+447700900101", "To": "+447700900100"} | form
    [reply] = CHANNEL.told(inbound(SIGNED, body=urlencode(form)))

    assert reply.carrier is carrier
    assert "\0" not in reply.text


# --- Asking ---


@pytest.fixture
def learnt(answer):
    return lambda stem: CHANNEL.query.answer(answer(f"twilio/{stem}"))


def test_a_message_is_asked_for_by_its_id(settings):
    request = CHANNEL.query.ask(SID, settings)

    path = f"/2010-04-01/Accounts/{settings.account_sid}/Messages/{SID}.json"
    assert request.url == f"https://api.twilio.com{path}"
    assert request.headers["Authorization"].startswith("Basic ")


def test_an_answer_says_since_when(learnt):
    assert learnt("answer_delivered") == Receipt(
        status=Status.DELIVERED,
        at=datetime(2026, 11, 22, 16, 0, 4, tzinfo=UTC),
        reference=None,
        provider_id=SID,
    )


def test_an_answer_says_why_it_failed(learnt):
    failure = learnt("answer_undelivered").failure

    assert (failure.kind, failure.code) == (FailureClass.NEXT, "30005")
    assert failure.detail == "Unknown destination handset"
    assert failure.remember == timedelta(days=30)


@pytest.mark.parametrize("stem", ["answer_unknown_status", "answer_no_such_message"])
def test_any_other_answer_teaches_nothing(learnt, stem):
    assert learnt(stem) is None


@pytest.mark.parametrize("date", ["", "now", "Fri, 31 Dec 9999 23:59:59 -1200"])
def test_an_answer_without_a_time_has_none(answer, date):
    given = answer("twilio/answer_delivered")
    body = given.body.replace(b"Sun, 22 Nov 2026 16:00:04 +0000", date.encode())

    assert CHANNEL.query.answer(replace(given, body=body)).at is None


# --- What failures leave behind ---


@pytest.mark.parametrize("code", ["21211", "21614", "21635", "21265", "30005", "30006"])
def test_a_number_that_gets_no_sms_is_remembered(code):
    assert failure(FAILURES, code, "").remember == timedelta(days=30)


@pytest.mark.parametrize("code", ["30003", "30004", "21612", "30036"])
def test_a_phone_that_is_off_is_not_remembered(code):
    why = failure(FAILURES, code, "")

    assert (why.kind, why.remember) == (FailureClass.NEXT, None)


def test_an_opt_out_is_from_this_sender():
    assert failure(FAILURES, "21610", "").scope is Scope.SENDER


def test_an_sms_may_always_outlive_its_window():
    assert "carrier" in CHANNEL.outlives(Channel.SMS, timedelta(hours=1))


# --- Proof: the vectors of Twilio's own library, then the addresses it may have meant ---

OFFICIAL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


@pytest.fixture
def verify(inbound, config):
    def check(signature, url, body, token="12345"):
        headers = {"x-twilio-signature": signature}
        request = inbound(SIGNED, url=url, body=body, headers=headers)
        CHANNEL.verify(request, config("channels/twilio", auth_token=token))

    return check


def test_twilios_signature_of_a_form_is_known(verify):
    verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", OFFICIAL, urlencode(CALL))


def test_twilios_signature_of_repeated_values_is_known(verify):
    body = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"

    verify("IK+Dwps556ElfBT0I3Rgjkr1wJU=", OFFICIAL, body)


JSON_BODY = '{"property": "value", "boolean": true}'
JSON_URL = f"{OFFICIAL}&bodySHA256={hashlib.sha256(JSON_BODY.encode()).hexdigest()}"


def test_twilios_signature_of_json_is_known(verify):
    verify("a9nBmqA0ju/hNViExpshrM61xv4=", JSON_URL, JSON_BODY)


def test_a_changed_json_body_is_refused(verify):
    with pytest.raises(BadSignature, match="bodySHA256"):
        verify("a9nBmqA0ju/hNViExpshrM61xv4=", JSON_URL, "{}")


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://ever.example/r?ref=1", "https://ever.example/r?ref=1"),
        ("https://ever.example:443/r?ref=1", "https://ever.example/r?ref=1"),
        ("https://ever.example/r?ref=1", "https://ever.example:443/r?ref=1"),
        ("http://ever.example:80/r", "http://ever.example/r"),
        ("https://ever.example:8443/r", "https://ever.example:8443/r"),
        (f"https://ever.example/r{RETRIES}", "https://ever.example/r"),
        (
            "https://ever.example:443?a=https://b:443",
            "https://ever.example?a=https://b:443",
        ),
    ],
)
def test_the_address_may_be_signed_in_several_spellings(verify, signed, seen):
    verify(hmac_base64("12345", f"{signed}ab".encode(), "sha1"), seen, "a=b")


@pytest.mark.parametrize(
    "seen", ["https://ever.example/r?ref=2", "https://evil.example/r?ref=1"]
)
def test_another_address_is_refused(verify, seen):
    signature = hmac_base64("12345", b"https://ever.example/r?ref=1ab", "sha1")

    with pytest.raises(BadSignature):
        verify(signature, seen, "a=b")
