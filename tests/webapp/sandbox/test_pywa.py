"""A stranger's client for Meta's API talks to the sandbox, and reads what it posts."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from pywa import WhatsApp, types
from pywa.errors import WhatsAppError
from pywa.types.templates import (
    BodyText,
    Buttons,
    ParamFormat,
    QuickReplyButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    URLButton,
)

from core.message.content import Button, ButtonKind
from tests.webapp.sandbox.conftest import Outside, Post
from webapp.sandbox.cast import CUSTOMERS

ASTRID = CUSTOMERS[0].number
YES = Button(kind=ButtonKind.REPLY, text="Yes", value="yes:1")


class Stranger(WhatsApp):
    """The client, and all that it has read out of webhooks."""

    heard: list[object]


@pytest.fixture
def stranger(outside: Outside) -> Iterator[Stranger]:
    secrets = outside.secrets
    with httpx.Client(trust_env=False) as session:
        client = Stranger(
            phone_id=secrets["SANDBOX_META_PHONE_ID"],
            waba_id=secrets["SANDBOX_META_WABA_ID"],
            token=secrets["SANDBOX_META_TOKEN"],
            app_secret=secrets["SANDBOX_META_APP_SECRET"],
            verify_token="unused",
            session=session,
            server=None,
        )
        session.base_url = f"{secrets['SANDBOX_META_URL']}/v25.0"
        client.heard = []
        keep = lambda _, update: client.heard.append(update)  # noqa: E731
        for listen in (
            client.on_message_status,
            client.on_message,
            client.on_callback_button,
            client.on_template_status_update,
        ):
            listen(keep)
        yield client


def is_unreadable(post: Post) -> bool:
    """Whether it is a report without a person beside it, which this client cannot read.

    Those of before 2026 had none, and failures have none still.
    """
    return b'"statuses":' in post.body and b'"contacts":' not in post.body


def read(stranger: Stranger, outside: Outside) -> list[object]:
    """Everything that the sandbox has posted, proved and read by the stranger."""
    for post in outside.posts:
        signature = post.headers["x-hub-signature-256"]
        assert stranger.webhook_update_validator(post.body, signature) is None
        assert stranger.webhook_update_validator(post.body + b" ", signature)
        if not is_unreadable(post):
            assert stranger.webhook_update_handler(post.body) == ("ok", 200)
    outside.posts.clear()
    return stranger.heard


TEMPLATE = Template(
    name="visit",
    language=TemplateLanguage.ENGLISH,
    category=TemplateCategory.UTILITY,
    parameter_format=ParamFormat.NAMED,
    message_send_ttl_seconds=1800,
    components=[
        body := BodyText("Hi {{first_name}}, see you soon.", first_name="Anna"),
        Buttons(
            buttons=[
                yes := QuickReplyButton(text="Yes"),
                where := URLButton(
                    text="Map", url="https://x.example/{{1}}", example="1"
                ),
            ]
        ),
    ],
)


def test_a_template_is_created_listed_sent_and_answered(stranger, outside):
    made = stranger.create_template(TEMPLATE)
    outside.skip(minutes=2)
    (news,) = read(stranger, outside)
    assert (news.new_status, news.template_id) == ("APPROVED", made.id)

    listed = {one.name: one for one in stranger.get_templates()}
    assert listed["visit"].message_send_ttl_seconds == 1800
    assert listed["order_shipped"].status == "APPROVED"

    sent = stranger.send_template(
        to=ASTRID,
        name="visit",
        language=TemplateLanguage.ENGLISH,
        params=[
            body.params(first_name="Astrid"),
            yes.params(callback_data="yes:1", index=0),
            where.params(url_variable="42", index=1),
        ],
        tracker="att_1",
    )
    outside.world.meta.hear(ASTRID, button=YES, answers=sent.id)
    outside.skip(minutes=1)
    heard = read(stranger, outside)[1:]
    pressed = next(one for one in heard if isinstance(one, types.CallbackButton))
    told = [one for one in heard if isinstance(one, types.MessageStatus)]

    assert (pressed.data, pressed.title) == ("yes:1", "Yes")
    assert pressed.reply_to_message.id == sent.id
    assert [one.status for one in told] == ["sent", "delivered", "read"]
    assert {(one.id, one.tracker) for one in told} == {(sent.id, "att_1")}
    assert told[0].pricing.category == "utility"
    (message,) = outside.world.snapshot().phones[0].messages
    assert message.text == "Hi Astrid, see you soon."
    assert [one.value for one in message.buttons] == ["yes:1", "https://x.example/42"]


def test_free_words_pictures_and_buttons_arrive_while_the_window_is_open(
    stranger, outside
):
    outside.world.meta.hear(ASTRID, text="Hello?")
    outside.skip(seconds=1)
    (hello,) = read(stranger, outside)
    assert (hello.text, hello.from_user.wa_id) == ("Hello?", ASTRID[1:])

    stranger.send_message(ASTRID, "Hi!")
    stranger.send_image(ASTRID, "https://shop.example/moka.jpg", caption="Yours")
    question = stranger.send_message(
        ASTRID, "Coming?", buttons=[types.Button("Yes", "yes:1")]
    )
    stranger.send_message(
        ASTRID, "Here", buttons=types.URLButton("Map", "https://x.example")
    )
    outside.world.meta.hear(ASTRID, button=YES, answers=question.id)
    outside.skip(minutes=1)
    heard = read(stranger, outside)

    shown = outside.world.snapshot().phones[0].messages
    assert [one.text for one in shown] == ["Hi!", "Yours", "Coming?", "Here"]
    assert shown[1].media.url == "https://shop.example/moka.jpg"
    assert [one.text for one in shown[2].buttons + shown[3].buttons] == ["Yes", "Map"]
    pressed = next(one for one in heard if isinstance(one, types.CallbackButton))
    assert (pressed.data, pressed.title) == ("yes:1", "Yes")
    told = [one for one in heard if isinstance(one, types.MessageStatus)]
    assert len(told) == 2 * 3
    assert {one.pricing.type for one in told if one.pricing} == {
        "free_customer_service"
    }


def test_an_error_is_one_that_the_stranger_knows(stranger, outside):
    with pytest.raises(WhatsAppError) as caught:
        stranger.send_template(ASTRID, "none", TemplateLanguage.ENGLISH, [])
    assert caught.value.code == 132001

    with pytest.raises(WhatsAppError) as caught:
        stranger.send_message(ASTRID, "x" * 4097)
    assert caught.value.code == 131009
    with pytest.raises(WhatsAppError) as caught:
        stranger.create_template(replace(TEMPLATE, message_send_ttl_seconds=29))
    assert "message_send_ttl_seconds" in caught.value.user_msg
