import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.twilio import CHANNEL
from connectors.channels.twilio.errors import FAILURES
from connectors.channels.twilio.signing import RETRIES, callback
from connectors.failures import failure
from connectors.signatures import hmac_base64
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import FailureClass, Scope, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Email,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.message.money import Money
from core.ports import (
    Checked,
    InboundRequest,
    Receipt,
    Reply,
    SendAccepted,
    SendUnclear,
)
from tests.support.riverside import NOW

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
    def sent(channel=Channel.SMS, settings=settings, **changes):
        request = CHANNEL.build(outgoing(channel, **changes), settings)
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


NOBODY = {"from": None, "whatsapp_from": None, "rcs_from": None}


@pytest.mark.parametrize("changes", [NOBODY, {"messaging_service_sid": "MG1"}])
def test_there_is_a_sender_and_one_only_for_sms(config, changes):
    with pytest.raises(SetupError) as caught:
        config("channels/twilio", **changes)
    assert caught.value.path == "config.from"
    assert "messaging_service_sid" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("whatsapp_from", "whatsapp:+447700900100"),
        ("rcs_from", "rcs:shop"),
        ("mms", ""),
    ],
)
def test_a_sender_is_written_without_what_twilio_puts_before_it(config, key, value):
    with pytest.raises(SetupError) as caught:
        config("channels/twilio", **{key: value})
    assert caught.value.path == f"config.{key}"


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.RCS])
def test_a_service_sends_where_there_is_no_sender(config, form, channel):
    service = {**NOBODY, "messaging_service_sid": "MG1"}
    sent = form(channel, config("channels/twilio", **service))

    assert sent["To"].endswith(":+447700900101")
    assert (sent["MessagingServiceSid"], "From" in sent) == ("MG1", False)


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.RCS])
def test_without_a_sender_there_is_no_channel(config, form, channel):
    settings = config("channels/twilio", **{**NOBODY, "from": "12345"})

    assert settings.able(channel) is None
    with pytest.raises(ContentError, match=f"not on {channel}"):
        form(channel, settings)


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


IMAGE = Media(kind=MediaKind.IMAGE, url="https://shop.example/a/mug.jpg?v=2")
PDF = Media(kind=MediaKind.DOCUMENT, url="https://shop.example/invoice.pdf")
REPLY_BUTTON = Button(kind=ButtonKind.REPLY, text="Yes", value="confirm")


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.SMS, Text(text="")),
        (Channel.SMS, Text(text=" \n")),
        (Channel.SMS, Text(text="x" * 1601)),
        (Channel.SMS, Text(text="Hello", media=IMAGE)),
        (Channel.SMS, Template(template="HX1", language="en")),
        (Channel.RCS, Text(text="Coming?", buttons=(REPLY_BUTTON,))),
        (Channel.RCS, Email(subject="Hello", text="Hello")),
        (Channel.WHATSAPP, Text(text="Your invoice", media=PDF)),
        (Channel.VIBER, Text(text="Hello")),
    ],
)
def test_what_twilio_would_refuse_is_not_sent(form, channel, content):
    with pytest.raises(ContentError):
        form(channel, content=content)


@pytest.mark.parametrize(
    ("channel", "sender", "to"),
    [
        (Channel.WHATSAPP, "whatsapp:+447700900100", "whatsapp:+447700900101"),
        (Channel.RCS, "rcs:riverside_shop_agent", "rcs:+447700900101"),
    ],
)
def test_free_text_goes_from_the_sender_of_its_channel(form, channel, sender, to):
    sent = form(channel, content=Text(text="See you at 10.", media=IMAGE))

    assert (sent["From"], sent["To"]) == (sender, to)
    assert (sent["Body"], sent["MediaUrl"]) == ("See you at 10.", IMAGE.url)
    assert sent["ValidityPeriod"] == "1800"


def test_a_number_that_can_sends_mms(config, form):
    settings = config("channels/twilio", mms="yes")

    assert MediaKind.IMAGE in settings.able(Channel.SMS).media
    assert form(settings=settings, content=Text(text="", media=IMAGE)) == {
        **{key: value for key, value in form().items() if key != "Body"},
        "MediaUrl": IMAGE.url,
    }


def test_other_numbers_offer_no_media(settings):
    assert settings.able(Channel.SMS).media == frozenset()


# --- Content templates ---

HX = "HX00000000000000000000000000000001"


def template(**parts):
    return Template(template=HX, language="en", **parts)


@pytest.fixture
def variables(form):
    def sent(channel=Channel.WHATSAPP, **parts):
        found = form(channel, content=template(**parts))
        assert (found["ContentSid"], "Body" in found) == (HX, False)
        return json.loads(found["ContentVariables"])

    return sent


def test_unnamed_values_are_numbered_from_the_header_to_the_buttons(variables):
    assert variables(
        header=(Parameter(text="#1001"),),
        body=(Parameter(text="Anna", name="name"), Parameter(text="Friday")),
        buttons=(None, ButtonParameter(kind=ButtonKind.LINK, value="RR1")),
    ) == {"1": "#1001", "name": "Anna", "2": "Friday", "3": "RR1"}


def test_a_template_is_given_what_follows_the_host_of_its_media(variables):
    found = variables(media=IMAGE, body=(Parameter(text="Anna"),))

    assert found == {"1": "a/mug.jpg?v=2", "2": "Anna"}


def test_a_template_without_variables_is_given_none(form):
    assert "ContentVariables" not in form(Channel.RCS, content=template())


@pytest.mark.parametrize("text", ["", " ", "two\nlines", "a\tb", "a     b"])
def test_a_value_that_whatsapp_would_refuse_is_named(variables, text):
    with pytest.raises(ContentError, match="variable 2 "):
        variables(body=(Parameter(text="Anna"), Parameter(text=text)))


def test_rcs_takes_line_breaks(variables):
    found = variables(Channel.RCS, body=(Parameter(text="two\nlines"),))

    assert found == {"1": "two\nlines"}


# --- Answers ---


@pytest.mark.parametrize(
    ("stem", "parts"),
    [
        ("send_accepted", 1),
        ("send_accepted__service", None),
        ("send_accepted__whatsapp", None),
    ],
)
def test_an_accepted_message_has_an_id_and_an_sms_its_parts(read, stem, parts):
    assert read(stem) == SendAccepted(provider_id=SID, parts=parts)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__invalid_number", FailureClass.NEXT, "21211"),
        ("send_rejected__opted_out", FailureClass.SUPPRESS, "21610"),
        ("send_rejected__login", FailureClass.HALT, "20003"),
        ("send_rejected__template", FailureClass.TEMPLATE, "21655"),
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
        ("report_whatsapp_read", Status.READ),
        ("report_whatsapp_failed", Status.FAILED),
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


def test_somebody_who_is_not_on_whatsapp_is_remembered(report):
    [receipt] = report("report_whatsapp_failed")

    assert (receipt.failure.kind, receipt.failure.code) == (FailureClass.NEXT, "63024")
    assert receipt.failure.remember == timedelta(days=7)


def test_a_status_may_come_as_json(inbound):
    stem, address = (
        "report_json",
        "https://ever.example/receipts/twilio/main?ref=att_0001",
    )
    headers = {"content-type": "application/json; charset=utf-8"}
    [receipt] = CHANNEL.told(
        inbound(f"channels/twilio/{stem}", url=address, headers=headers)
    )

    assert (receipt.status, receipt.provider_id) == (Status.DELIVERED, SID)
    assert receipt.reference == "att_0001"


def test_events_say_when_and_repeat_our_address(report):
    delivered, undelivered = report("report_events")

    assert delivered == Receipt(
        status=Status.DELIVERED,
        at=datetime(2026, 11, 22, 16, 0, 4, tzinfo=UTC),
        reference="att_0001",
        provider_id=SID,
    )
    assert (undelivered.reference, undelivered.failure.code) == (None, "30005")


def test_a_reply_may_come_as_an_event(report):
    [reply] = report("reply_event")

    assert (reply.channel, reply.text) == (Channel.SMS, "See you")
    assert reply.at == datetime(2026, 11, 22, 16, 0, 4, tzinfo=UTC)


@pytest.mark.parametrize("body", ["[1]", "{", '[{"data": 1}]', "MessageStatus=sent"])
def test_json_that_is_no_event_is_malformed(inbound, body):
    headers = {"content-type": "application/json"}
    with pytest.raises(Malformed):
        CHANNEL.told(inbound(SIGNED, body=body, headers=headers))


@given(words=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text()
    | st.sampled_from(["sent", "delivered", "whatsapp:+1", "2026-11-22T16:00:00Z"]),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(
            ["data", "messageSid", "messageStatus", "from", "body", "timestamp", "errorCode", "statusCallBackUrl", "waId"]
        ),
        inner,
    ),
    max_leaves=20,
))  # fmt: skip
def test_any_json_tells_something_or_is_malformed(words):
    request = InboundRequest(
        method="POST",
        url="https://ever.example/",
        headers={"content-type": "application/json"},
        body=json.dumps(words).encode(),
        received_at=NOW,
    )
    try:
        found = CHANNEL.told(request)
    except Malformed:
        return
    assert all(isinstance(fact, Receipt | Reply) for fact in found)


@pytest.mark.parametrize("stem", ["report_unknown_status", "other_reply_messenger"])
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
        to="+447700900100",
    )


@pytest.mark.parametrize(
    ("stem", "channel", "text", "button", "answers"),
    [
        (
            "reply_whatsapp_button",
            Channel.WHATSAPP,
            "Yes, I am coming",
            "confirm",
            SID,
        ),
        ("reply_rcs", Channel.RCS, "Reschedule", "reschedule", None),
    ],
)
def test_a_button_is_a_reply(report, stem, channel, text, button, answers):
    [reply] = report(stem)

    assert (reply.channel, reply.sender) == (channel, "+447700900101")
    assert (reply.text, reply.button, reply.answers) == (text, button, answers)


def test_who_hides_their_number_is_called_what_whatsapp_calls_them(report, inbound):
    [reply] = report("other_reply_hidden")
    hidden = inbound("channels/twilio/other_reply_hidden")
    [told] = CHANNEL.told(replace(hidden, body=hidden.body + b"&WaId=447700900101"))

    assert reply.sender == "GB.13491208655302741918"
    assert told.sender == "+447700900101"


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
        ({"Body": "Von vorn", "OptOutType": "START"}, StopWord.START),
        ({"Body": "Hilfe", "OptOutType": "HELP"}, StopWord.HELP),
        ({"Body": "STOP", "To": "whatsapp:+447700900100"}, None),
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
        price=Money(micros=7500, currency="USD"),
        parts=1,
    )


@pytest.mark.parametrize(
    ("stem", "status", "price", "parts"),
    [
        ("answer_not_priced", Status.SENT, None, 2),
        ("answer_read", Status.READ, Money(micros=5000, currency="USD"), None),
    ],
)
def test_a_price_comes_later_and_only_an_sms_has_parts(
    learnt, stem, status, price, parts
):
    found = learnt(stem)

    assert (found.status, found.price, found.parts) == (status, price, parts)


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


# --- Trying the login ---


@pytest.fixture
def tried(answer, config):
    def check(stem, **changes):
        settings = config("channels/twilio", **changes)
        return CHANNEL.check.answer(answer(f"twilio/{stem}"), settings)

    return check


def test_the_login_is_tried_by_listing_numbers(settings):
    request = CHANNEL.check.ask(settings, NOW)

    path = f"/2010-04-01/Accounts/{settings.account_sid}/IncomingPhoneNumbers.json"
    assert request.url == f"https://api.twilio.com{path}?PageSize=50"


def test_a_login_that_works_names_its_numbers(tried):
    assert tried("check_works") == Checked(
        works=True,
        says="the login is good, and the account has 2 numbers",
        numbers=("+447700900100", "+15005550006"),
    )


@pytest.mark.parametrize(
    ("stem", "changes", "says"),
    [
        ("check_wrong_login", {}, "does not know this account SID"),
        ("check_suspended", {}, "The requested resource was not found"),
        ("check_broken", {}, "HTTP 503"),
        ("check_not_ours", {}, "the account has no number +447700900100"),
        ("check_no_sms", {}, "+447700900100 cannot send SMS"),
        ("check_works", {"mms": "yes"}, "+447700900100 cannot send MMS"),
    ],
)
def test_a_check_says_what_is_wrong(tried, stem, changes, says):
    found = tried(stem, **changes)

    assert not found.works
    assert says in found.says


@pytest.mark.parametrize(
    ("stem", "changes"),
    [
        ("check_not_listed", {}),  # there are more numbers than were listed
        ("check_not_ours", {"from": "Riverside"}),
        ("check_not_ours", {"from": None}),
        ("check_works", {"from": "+15005550006", "mms": "yes"}),
    ],
)
def test_a_check_refuses_only_what_it_knows(tried, stem, changes):
    assert tried(stem, **changes).works


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


@pytest.mark.parametrize("channel", CHANNEL.capabilities)
def test_a_message_may_always_outlive_its_window(channel):
    assert "own queue only" in CHANNEL.outlives(channel, timedelta(hours=1))


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


def test_json_without_its_digest_is_refused(inbound, settings):
    headers = {
        "content-type": "application/json",
        "x-twilio-signature": hmac_base64(
            "new-auth-token", b"https://a.example/{}", "sha1"
        ),
    }
    request = inbound(SIGNED, url="https://a.example/", body="{}", headers=headers)

    with pytest.raises(BadSignature, match="bodySHA256"):
        CHANNEL.verify(request, settings)


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
        ("https://ever.example/r", "https://ever.example:8443/r"),
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
