import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from connectors.channels.whatsapp_cloud import CHANNEL
from connectors.channels.whatsapp_cloud.errors import FAILURES
from connectors.failures import failure
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Scope, Status
from core.errors import BadSignature, ContentError, Malformed
from core.message.content import (
    ButtonKind,
    ButtonParameter,
    Parameter,
    Template,
    Text,
)
from core.ports import Preference, Reply, SendAccepted, SendUnclear

WAMID = "wamid.HBgMNDQ3NzAwOTAwMTAxFQIAERgSRVZFUlJFQUNIMDAwMDAwMDAxAA=="


@pytest.fixture
def settings(config):
    return config("channels/whatsapp_cloud")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"whatsapp_cloud/{stem}"))


@pytest.fixture
def report(inbound):
    return lambda stem: CHANNEL.told(inbound(f"channels/whatsapp_cloud/{stem}"))


def facts(receipt):
    return receipt.status, receipt.at, receipt.reference, receipt.provider_id


def at(second):
    return datetime(2026, 11, 20, 10, tzinfo=UTC) + timedelta(seconds=second)


# --- Sending ---


def test_a_template_is_sent_with_its_parameters_and_buttons(settings, outgoing):
    request = CHANNEL.build(outgoing(Channel.WHATSAPP), settings)

    assert request.method == "POST"
    assert request.url == ("https://graph.facebook.com/v25.0/100000000000001/messages")
    assert request.headers["Authorization"] == "Bearer EAAtestaccesstoken"
    assert json.loads(request.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+447700900101",
        "type": "template",
        "biz_opaque_callback_data": "att_0001",
        "template": {
            "name": "order_shipped",
            "language": {"code": "en_GB"},
            "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "#1001"}]},
                {
                    "type": "body",
                    "parameters": [
                        {
                            "type": "text",
                            "parameter_name": "first_name",
                            "text": "Anna",
                        },
                        {"type": "text", "text": "RR100200300"},
                    ],
                },
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "1",
                    "parameters": [{"type": "text", "text": "RR100200300"}],
                },
            ],
        },
    }


def test_a_template_without_variables_has_no_components(settings, outgoing):
    content = Template(template="hello", language="en")
    request = CHANNEL.build(outgoing(Channel.WHATSAPP, content=content), settings)

    assert json.loads(request.body)["template"]["components"] == []


def test_the_api_may_stand_elsewhere(config, outgoing):
    settings = config(
        "channels/whatsapp_cloud", base_url="http://127.0.0.1:9/wa", api_version="v26.0"
    )
    request = CHANNEL.build(outgoing(Channel.WHATSAPP), settings)

    assert request.url == "http://127.0.0.1:9/wa/v26.0/100000000000001/messages"


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\tb", "a\rb", "a     b"])
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (lambda text: {"header": (Parameter(text=text),)}, "header[0]"),
        (lambda text: {"body": (Parameter(text="x"), Parameter(text=text))}, "body[1]"),
        (lambda text: {"body": (Parameter(text=text, name="day"),)}, "body.day"),
        (
            lambda text: {
                "buttons": (None, ButtonParameter(kind=ButtonKind.LINK, value=text))
            },
            "buttons[1]",
        ),
    ],
)
def test_a_parameter_that_meta_refuses_is_named(
    settings, outgoing, text, content, place
):
    template = Template(template="t", language="en", **content(text))

    with pytest.raises(ContentError) as caught:
        CHANNEL.build(outgoing(Channel.WHATSAPP, content=template), settings)
    assert str(caught.value).startswith(f"{place} ")


def test_four_spaces_in_a_row_are_allowed(settings, outgoing):
    body = (Parameter(text="a    b"),)
    content = Template(template="t", language="en", body=body)

    CHANNEL.build(outgoing(Channel.WHATSAPP, content=content), settings)


def test_plain_text_is_not_for_whatsapp(settings, outgoing):
    with pytest.raises(ContentError):
        CHANNEL.build(outgoing(Channel.WHATSAPP, content=Text(text="Hello")), settings)


# --- Answers ---


def test_an_accepted_message_has_an_id(read):
    assert read("send_accepted") == SendAccepted(provider_id=WAMID)


def test_a_message_that_meta_holds_back_for_a_while_is_accepted(read):
    assert read("send_accepted__held") == SendAccepted(provider_id=WAMID)


@pytest.mark.parametrize(
    ("stem", "kind", "code"),
    [
        ("send_rejected__no_template", FailureClass.TEMPLATE, "132001"),
        ("send_rejected__token", FailureClass.HALT, "190"),
        ("send_rejected__permission", FailureClass.HALT, "200"),
        ("send_rejected__not_on_whatsapp", FailureClass.NEXT, "131026"),
        ("send_rejected__throttled", FailureClass.RETRY, "130429"),
        ("send_rejected__overloaded", FailureClass.RETRY, "2"),
    ],
)
def test_a_refusal_is_what_its_code_says(read, stem, kind, code):
    failure = read(stem).failure

    assert (failure.kind, failure.code) == (kind, code)


def test_a_refusal_is_told_in_metas_words(read):
    details = "template name (order_shipped) does not exist in en_GB"

    assert read("send_rejected__no_template").failure.detail == details
    assert (
        read("send_rejected__permission").failure.detail == "(#200) Permissions error"
    )


def test_a_throttled_sender_waits_as_long_as_meta_asks(read):
    assert read("send_rejected__throttled").failure.retry_after == timedelta(seconds=30)


def test_an_error_of_the_gateway_leaves_the_message_in_doubt(read):
    assert isinstance(read("send_unclear__gateway"), SendUnclear)


def test_every_permission_code_halts():
    codes = range(200, 300)

    assert {FAILURES[str(code)].kind for code in codes} == {FailureClass.HALT}


# --- Receipts ---


@pytest.mark.parametrize(
    ("stem", "status", "second"),
    [
        ("report_sent", Status.SENT, 1),
        ("report_delivered", Status.DELIVERED, 4),
        ("report_read", Status.READ, 60),
        ("report_played", Status.READ, 70),
        ("report_failed", Status.FAILED, 2),
    ],
)
def test_a_status_names_the_message_and_its_time(report, stem, status, second):
    [receipt] = report(stem)

    assert facts(receipt) == (status, at(second), "att_0001", WAMID)


def test_a_failed_status_says_why(report):
    [receipt] = report("report_failed")

    assert receipt.failure.kind is FailureClass.NEXT
    assert receipt.failure.code == "131026"
    assert receipt.failure.detail == "The message could not be delivered."


def test_one_request_may_hold_many_statuses(report):
    assert [facts(receipt) for receipt in report("report_batch")] == [
        (Status.READ, at(60), "att_0001", WAMID),
        (Status.DELIVERED, at(4), "att_0002", "wamid.second"),
        (Status.SENT, at(1), "att_0003", "wamid.third"),
        (Status.SENT, at(1), None, "wamid.fourth"),
    ]


@pytest.mark.parametrize(
    "stem",
    ["report_unknown_status", "report_template_paused", "reply_nobody"],
)
def test_anything_else_tells_nothing(report, stem):
    assert report(stem) == []


def test_a_failed_status_without_a_reason_is_still_a_failure(inbound):
    path = "channels/whatsapp_cloud/report_failed"
    body = inbound(path).body.replace(b'"errors"', b'"other"')
    [receipt] = CHANNEL.told(inbound(path, body=body))

    assert receipt.failure.kind is FailureClass.UNKNOWN


def test_a_status_without_an_id_is_malformed(inbound):
    path = "channels/whatsapp_cloud/report_sent"
    body = inbound(path).body.replace(f'"id": "{WAMID}", '.encode(), b"")

    with pytest.raises(Malformed) as caught:
        CHANNEL.told(inbound(path, body=body))
    assert str(caught.value) == (
        "body.entry[0].changes[0].value.statuses[0].id is missing"
    )


# --- What people tell ---


def test_a_text_is_a_reply(report):
    [reply] = report("reply_text")

    assert reply == Reply(
        channel=Channel.WHATSAPP,
        sender="+447700900101",
        provider_id="wamid.inbound",
        at=at(100),
        text="Thank you",
    )


def test_a_button_of_a_template_names_the_message_it_was_on(report):
    [reply] = report("reply_button")

    assert (reply.text, reply.button) == ("Confirm", "confirm:42")
    assert reply.answers == WAMID


def test_a_button_or_a_row_of_a_list_is_a_reply(report):
    assert [
        (one.text, one.button, one.answers) for one in report("reply_interactive")
    ] == [
        ("Cancel", "cancel:42", WAMID),
        ("Another day", "move:42", WAMID),
    ]


def test_a_picture_is_a_reply_without_words(report):
    picture, reaction, unsupported = report("reply_other")

    assert {one.text for one in (picture, reaction, unsupported)} == {""}
    assert (picture.answers, reaction.answers) == (None, WAMID)


def test_a_preference_is_about_marketing_on_whatsapp_only(report):
    stop, resume = report("preference_marketing")

    assert stop == Preference(
        channel=Channel.WHATSAPP,
        sender="+447700900101",
        wanted=False,
        scope=Scope.CHANNEL_MARKETING,
        at=at(100),
    )
    assert (resume.wanted, resume.at) == (True, at(160))


@pytest.mark.parametrize(
    ("window", "why"),
    [
        (timedelta(seconds=29), "30 seconds at least"),
        (timedelta(minutes=30), "message_send_ttl_seconds of 1800 or less"),
        (timedelta(days=30), ""),
    ],
)
def test_a_template_outlives_its_window_unless_it_was_made_to_expire(window, why):
    said = CHANNEL.outlives(Channel.WHATSAPP, window)

    assert why in said
    assert bool(why) == bool(said)


@pytest.mark.parametrize(
    ("code", "days", "scope"),
    [
        ("131026", 7, None),
        ("137000", 30, None),
        ("131062", 30, None),
        ("131049", None, None),
        ("131050", None, Scope.CHANNEL_MARKETING),
        ("130403", None, Scope.SENDER),
    ],
)
def test_who_is_not_here_is_remembered_and_who_opted_out_is_not_written_to(
    code, days, scope
):
    why = failure(FAILURES, code, "")

    assert why.remember == (days and timedelta(days=days))
    assert why.scope is scope


# --- Proof ---


def test_metas_signature_is_known(settings, inbound, config):
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    signature = "d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f"
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    path = "channels/whatsapp_cloud/signed"
    request = inbound(path, body=body, headers=headers)

    CHANNEL.verify(request, config("channels/whatsapp_cloud", app_secret="app-secret"))
    with pytest.raises(BadSignature):
        CHANNEL.verify(request, settings)


def challenge(inbound, settings, **changes):
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": "a-random-word",
        "hub.challenge": "1158201444",
    } | {f"hub.{key}": value for key, value in changes.items()}
    path = "channels/whatsapp_cloud/signed"
    url = f"https://ever.example/receipts/whatsapp_cloud/main?{urlencode(query)}"
    return CHANNEL.challenge(inbound(path, method="GET", url=url), settings)


def test_a_challenge_with_our_word_is_echoed(inbound, settings):
    assert challenge(inbound, settings) == "1158201444"


@pytest.mark.parametrize(
    "changes", [{"verify_token": "another"}, {"verify_token": ""}, {"mode": "other"}]
)
def test_any_other_challenge_is_refused(inbound, settings, changes):
    with pytest.raises(BadSignature):
        challenge(inbound, settings, **changes)
