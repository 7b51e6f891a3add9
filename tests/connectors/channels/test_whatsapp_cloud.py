import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.whatsapp_cloud import CHANNEL
from connectors.channels.whatsapp_cloud.errors import FAILURES
from connectors.failures import failure
from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.cascade.status import FailureClass, Scope, Status
from core.errors import BadSignature, ContentError, Malformed, SetupError
from core.message.approval import (
    KnownTemplate,
    TemplateCategory,
    TemplateDraft,
    TemplatePage,
    TemplatesRefused,
)
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
from core.ports import HttpResponse, Preference, Reply, SendAccepted, SendUnclear
from tests.connectors.test_channel_contract import documents
from tests.support.riverside import NOW

WAMID = "wamid.HBgMNDQ3NzAwOTAwMTAxFQIAERgSRVZFUlJFQUNIMDAwMDAwMDAxAA=="


@pytest.fixture
def settings(config):
    return config("channels/whatsapp_cloud")


@pytest.fixture
def read(answer):
    return lambda stem: CHANNEL.read(answer(f"whatsapp_cloud/{stem}"))


@pytest.fixture
def answered(answer):
    return lambda stem: answer(f"whatsapp_cloud/{stem}")


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


@pytest.fixture
def sent(settings, outgoing):
    """The JSON of a content, without what every message has."""

    def build(content, **more):
        message = outgoing(Channel.WHATSAPP, content=content, **more)
        body = json.loads(CHANNEL.build(message, settings).body)
        assert body.pop("biz_opaque_callback_data") == "att_0001"
        common = "messaging_product", "recipient_type", "to"
        return {key: value for key, value in body.items() if key not in common}

    return build


def test_a_template_has_a_picture_and_buttons_of_every_kind(sent):
    content = Template(
        template="t",
        language="en",
        media=PICTURE,
        buttons=(
            ButtonParameter(kind=ButtonKind.REPLY, value="confirm:42"),
            None,
            ButtonParameter(kind=ButtonKind.LINK, value="RR1"),
            ButtonParameter(kind=ButtonKind.CODE, value="SAVE10"),
        ),
    )
    image = {"type": "image", "image": {"link": PICTURE.url}}

    assert sent(content)["template"]["components"] == [
        {"type": "header", "parameters": [image]},
        button("quick_reply", "0", {"type": "payload", "payload": "confirm:42"}),
        button("url", "2", {"type": "text", "text": "RR1"}),
        button("copy_code", "3", {"type": "coupon_code", "coupon_code": "SAVE10"}),
    ]


def test_the_button_of_a_one_time_code_is_told_as_a_link(sent):
    code = ButtonParameter(kind=ButtonKind.CODE, value="123456")
    content = Template(template="t", language="en", buttons=(code,))
    parts = sent(content, purpose=Purpose.AUTHENTICATION)["template"]["components"]

    assert parts == [button("url", "0", {"type": "text", "text": "123456"})]


def button(kind, index, value):
    about = {"type": "button", "sub_type": kind, "index": index}
    return {**about, "parameters": [value]}


PICTURE = Media(kind=MediaKind.IMAGE, url="https://shop.example/moka.jpg")
BILL = Media(kind=MediaKind.DOCUMENT, url="https://shop.example/1", name="Bill.pdf")
YES = Button(kind=ButtonKind.REPLY, text="Confirm", value="confirm:42")
NO = Button(kind=ButtonKind.REPLY, text="Cancel", value="cancel:42")
MAP = Button(kind=ButtonKind.LINK, text="Map", value="https://shop.example/map")
CODE = Button(kind=ButtonKind.CODE, text="Copy", value="SAVE10")


def test_a_text_shows_no_preview_of_its_links(sent):
    assert sent(Text(text="See https://shop.example")) == {
        "type": "text",
        "text": {"body": "See https://shop.example", "preview_url": False},
    }


def test_media_goes_by_its_address_with_the_text_below_it(sent):
    assert sent(Text(text="Yours", media=PICTURE)) == {
        "type": "image",
        "image": {"link": PICTURE.url, "caption": "Yours"},
    }
    assert sent(Text(text="", media=BILL))["document"] == {
        "link": BILL.url,
        "filename": "Bill.pdf",
    }


def test_replies_and_a_link_are_buttons_below_a_text(sent):
    replies = sent(Text(text="Coming?", media=PICTURE, buttons=(YES, NO)))
    link = sent(Text(text="Here", buttons=(MAP,)))

    assert replies["interactive"] == {
        "type": "button",
        "header": {"type": "image", "image": {"link": PICTURE.url}},
        "body": {"text": "Coming?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "confirm:42", "title": "Confirm"}},
                {"type": "reply", "reply": {"id": "cancel:42", "title": "Cancel"}},
            ]
        },
    }
    assert link["interactive"]["action"] == {
        "name": "cta_url",
        "parameters": {"display_text": "Map", "url": MAP.value},
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (Text(text=" "), "text is empty"),
        (Text(text="x" * 4097), "text has 4097 characters"),
        (Text(text="x" * 1025, media=PICTURE), "text has 1025 characters"),
        (Text(text="x" * 1025, buttons=(YES,)), "text has 1025 characters"),
        (Text(text="", buttons=(YES,)), "text is empty"),
        (Text(text="x", media=replace(PICTURE, url="/1")), "media has no address"),
        (Text(text="x", buttons=(YES, MAP)), "buttons has links and replies"),
        (Text(text="x", buttons=(MAP, MAP)), "buttons[1] is a second link"),
        (Text(text="x", buttons=(replace(MAP, value="1"),)), "buttons[0] has no addr"),
        (Text(text="x", buttons=(YES, CODE)), "buttons[1] copies a code"),
        (Text(text="x", buttons=(YES, YES)), "buttons has the same text twice"),
        (
            Text(text="x", buttons=(YES, replace(YES, text="Y"))),
            "buttons has the same payload twice",
        ),
        (
            Text(text="x", buttons=(replace(YES, text="x" * 21),)),
            "buttons[0] must have",
        ),
        (
            Text(text="x", buttons=(replace(YES, value=""),)),
            "buttons[0] must have a pa",
        ),
        (
            Text(
                text="x",
                buttons=tuple(
                    replace(YES, text=str(i), value=str(i)) for i in range(4)
                ),
            ),
            "buttons[3] is one too many",
        ),
        (
            Template(
                template="t",
                language="en",
                header=(Parameter(text="x"),),
                media=PICTURE,
            ),
            "header has both",
        ),
        (Email(subject="x", text="x"), "content is an email"),
    ],
)
def test_what_whatsapp_cannot_say_is_named(sent, content, problem):
    with pytest.raises(ContentError) as caught:
        sent(content)
    assert str(caught.value).startswith(problem)


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
    ["report_unknown_status", "news_locked", "reply_nobody"],
)
def test_anything_else_tells_nothing(report, stem):
    assert report(stem) == []


def test_a_status_need_not_say_whom_it_was_for(report):
    assert [facts(receipt) for receipt in report("report_no_number")] == [
        (Status.SENT, at(1), "att_0001", WAMID),
        (Status.DELIVERED, at(4), "att_0001", WAMID),
        (Status.READ, at(60), "att_0001", WAMID),
    ]


@pytest.mark.parametrize(
    ("stem", "categories"),
    [
        ("report_no_number", ["utility", "free", ""]),
        ("report_older_shape", ["utility", "free"]),
    ],
)
def test_a_status_says_what_the_message_is_charged_as(report, stem, categories):
    assert [receipt.category for receipt in report(stem)] == categories


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
        to="100000000000001",
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


def test_a_person_without_a_number_is_called_what_meta_calls_them(report):
    text, picture = report("reply_hidden")

    assert text.hidden
    assert (text.sender, text.answers) == ("GB.13491208655302741918", WAMID)
    assert (picture.sender, picture.text) == (text.sender, "My door")


def test_every_type_of_message_is_a_reply(report):
    found = report("reply_all_types")

    assert len(found) == 8
    assert not any(one.hidden for one in found)
    assert [one.text for one in found if one.text] == ["Look"]


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


# --- Templates, and the number itself ---


def test_a_token_is_tried_by_asking_for_its_number(settings, answered):
    request = CHANNEL.check.ask(settings, NOW)
    works = CHANNEL.check.answer(answered("check_works"), settings)

    assert request.url == (
        "https://graph.facebook.com/v25.0/100000000000001"
        "?fields=display_phone_number,verified_name"
    )
    assert works.numbers == ("+447700900100",)
    assert works.says == "Sends as Riverside Shop from +447700900100"


@pytest.mark.parametrize(
    ("stem", "says"),
    [("check_token", "Session has expired"), ("check_gateway", "HTTP 502")],
)
def test_a_token_that_does_not_work_says_so(settings, answered, stem, says):
    found = CHANNEL.check.answer(answered(stem), settings)

    assert not found.works
    assert says in found.says


def test_templates_are_asked_for_page_by_page(settings, answered):
    first = CHANNEL.templates.answer(answered("templates_page"))
    last = CHANNEL.templates.answer(answered("templates_last_page"))
    url = CHANNEL.templates.ask(settings, first.after).url

    assert url.startswith("https://graph.facebook.com/v25.0/200000000000001/message_t")
    assert url.endswith("&limit=100&after=b")
    assert last == TemplatePage(templates=())


def test_a_template_says_for_how_long_its_messages_live(answered):
    page = CHANNEL.templates.answer(answered("templates_page"))

    assert [(one.name, one.status, one.lives) for one in page.templates] == [
        ("order_shipped", "approved", timedelta(minutes=30)),
        ("order_delivered", "approved", timedelta(days=30)),
        ("sign_in", "approved", timedelta(minutes=10)),
        ("sale", "paused", timedelta(days=30)),
        ("odd", "other", timedelta(days=30)),
    ]


def test_templates_need_to_know_the_business_account(config):
    settings = config("channels/whatsapp_cloud", business_account_id=None)

    with pytest.raises(SetupError) as caught:
        CHANNEL.templates.ask(settings, "")
    assert caught.value.path == "business_account_id"


DRAFT = TemplateDraft(
    name="order_shipped",
    language="en_GB",
    category=TemplateCategory.UTILITY,
    lives=timedelta(minutes=30),
    body="Hi {{1}}, your order {{2}} is on its way.",
    examples=(Parameter(text="Anna"), Parameter(text="#1001")),
    header="Order {{1}}",
    header_example="#1001",
    footer="Riverside Shop",
    buttons=(replace(MAP, value="https://track.example/{{1}}"), YES, CODE),
)


def test_a_template_is_asked_for_with_its_lifetime(settings):
    request = CHANNEL.templates.propose(DRAFT, settings)

    assert request.method == "POST"
    assert json.loads(request.body) == {
        "name": "order_shipped",
        "language": "en_GB",
        "category": "UTILITY",
        "message_send_ttl_seconds": 1800,
        "parameter_format": "positional",
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "Order {{1}}",
                "example": {"header_text": ["#1001"]},
            },
            {
                "type": "BODY",
                "text": "Hi {{1}}, your order {{2}} is on its way.",
                "example": {"body_text": [["Anna", "#1001"]]},
            },
            {"type": "FOOTER", "text": "Riverside Shop"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Confirm"},
                    {
                        "type": "URL",
                        "text": "Map",
                        "url": "https://track.example/{{1}}",
                        "example": ["https://track.example/example"],
                    },
                    {"type": "COPY_CODE", "example": "SAVE10"},
                ],
            },
        ],
    }


def test_variables_may_have_names(settings):
    draft = TemplateDraft(
        name="hello",
        language="en",
        category=TemplateCategory.UTILITY,
        lives=timedelta(minutes=30),
        body="Hi {{first_name}}, see you soon.",
        examples=(Parameter(text="Anna", name="first_name"),),
        header="For {{first_name}}",
        header_example="Anna",
    )
    asked = json.loads(CHANNEL.templates.propose(draft, settings).body)
    named = [{"param_name": "first_name", "example": "Anna"}]

    assert asked["parameter_format"] == "named"
    header, body = (part["example"] for part in asked["components"])
    assert header == {"header_text_named_params": named}
    assert body == {"body_text_named_params": named}


def test_the_text_of_a_one_time_code_is_metas(settings):
    code = {"name": "code", "category": TemplateCategory.AUTHENTICATION}
    plain = TemplateDraft(language="en", lives=timedelta(minutes=5), **code)
    asked = json.loads(CHANNEL.templates.propose(plain, settings).body)

    assert [part["type"] for part in asked["components"]] == ["BODY", "BUTTONS"]
    with pytest.raises(ContentError):
        CHANNEL.templates.propose(replace(DRAFT, **code), settings)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "Order-Shipped"}, "name may have"),
        ({"body": ""}, "body is empty"),
        ({"body": "Hi {{2}}"}, "body must number"),
        ({"body": "x" * 1025}, "body has more"),
        ({"body": "Hi {{who}}"}, "examples must be one for each variable: who=…"),
        ({"examples": ()}, "examples must be 2"),
        ({"header": "x" * 61}, "header has more"),
        ({"header": "{{1}} {{2}}"}, "header may have one variable"),
        ({"header_example": ""}, "header needs an example"),
        ({"buttons": (YES,) * 11}, "buttons may be 10"),
        ({"buttons": (replace(YES, text="x" * 26),)}, "buttons have a text"),
        ({"buttons": (replace(MAP, value="https://x/{{1}}/y"),)}, "buttons have links"),
    ],
)
def test_what_cannot_be_a_template_is_named(settings, changes, problem):
    with pytest.raises(ContentError) as caught:
        CHANNEL.templates.propose(replace(DRAFT, **changes), settings)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("category", "shortest", "longest"),
    [
        ("utility", timedelta(seconds=30), timedelta(hours=12)),
        ("authentication", timedelta(seconds=30), timedelta(minutes=15)),
        ("marketing", timedelta(hours=12), timedelta(days=30)),
    ],
)
def test_a_lifetime_is_the_window_as_far_as_meta_allows(category, shortest, longest):
    lives = partial(CHANNEL.templates.lives, TemplateCategory(category))

    assert lives(timedelta(seconds=1)) == shortest
    assert lives(timedelta(days=60)) == longest
    assert lives(shortest * 2) == shortest * 2


@pytest.mark.parametrize(
    ("stem", "category", "lives"),
    [
        ("templates_created", "utility", timedelta(minutes=30)),
        ("templates_moved", "marketing", timedelta(days=30)),
    ],
)
def test_a_template_that_meta_moves_has_another_lifetime(
    answered, stem, category, lives
):
    made = CHANNEL.templates.proposed(answered(stem), DRAFT)

    assert (made.status, made.category, made.lives) == ("pending", category, lives)


def test_a_refused_template_is_told_in_metas_words(answered):
    made = CHANNEL.templates.proposed(answered("templates_refused"), DRAFT)

    assert made.detail.startswith("New English content can't be added")


@given(body=documents.map(json.dumps).map(str.encode) | st.binary())
def test_any_answer_about_templates_means_something(body):
    response = HttpResponse(status=200, body=body)

    page = CHANNEL.templates.answer(response)
    made = CHANNEL.templates.proposed(response, DRAFT)

    assert isinstance(page, TemplatePage | TemplatesRefused)
    assert isinstance(made, KnownTemplate | TemplatesRefused)


@pytest.mark.parametrize(
    ("stem", "status", "category", "reason"),
    [
        ("news_paused", "paused", "utility", "Paused for 3 hours because"),
        ("news_rejected", "rejected", "utility", "A variable stands at the end"),
        ("news_approved", "approved", "marketing", ""),
    ],
)
def test_news_of_a_template(report, stem, status, category, reason):
    [told] = report(stem)

    assert (told.name, told.language, told.at) == ("order_shipped", "en_GB", at(100))
    assert (told.provider_id, told.status) == ("300000000000001", status)
    assert told.category == category
    assert told.reason.startswith(reason)
    assert bool(told.reason) == bool(reason)


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
