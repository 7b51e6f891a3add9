"""What one person gets on one channel: in which language, and with what a channel lacks."""

from collections.abc import Mapping
from typing import Any

import pytest

from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import ContentError
from core.message.compose import Composed, compose
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
from core.message.reader import Reader
from core.message.sms import Encoding, Parts
from core.message.variants import template_of
from core.ports import Capabilities
from core.services.setup.contents import content_of

RICH = Capabilities(
    reports=frozenset(Until),
    text=1000,
    templates=True,
    media=frozenset(MediaKind),
    buttons=frozenset(ButtonKind),
    most_buttons=3,
)
PLAIN = Capabilities(reports=frozenset({Until.SENT, Until.REPLIED}), text=1600)
MUTE = Capabilities(reports=frozenset({Until.SENT}), text=1600)
TEMPLATES = Capabilities(reports=frozenset(Until), templates=True)

FIELDS = {"order.name": "#1001", "tracking.url": "https://t.example/1"}
TRACK = {"link": "{{ tracking.url }}", "text": "Track it"}
CONFIRM = {"reply": "confirm", "text": "Confirm"}
MOVE = {"reply": "reschedule", "text": "Move it"}


def said(
    message: Mapping[str, Any],
    channel: str = "sms",
    locale: str = "",
    able: Capabilities = PLAIN,
    *,
    open_window: bool = False,
) -> Composed:
    """A message as it stands in the set-up file, for one person."""
    return compose(
        content_of(message),
        Channel(channel),
        FIELDS,
        able=able,
        reader=Reader(locale=locale, zone="Europe/Rome", currency="EUR"),
        open_window=open_window,
    )


# --- Languages ------------------------------------------------------------------------------

MANY = {
    "text": "Hello",
    "sms": "Hello by SMS",
    "languages": {
        "it": {"text": "Ciao"},
        "pt_BR": {"text": "Oi", "sms": "Oi por SMS"},
        "pt": {"sms": "Olá por SMS"},
    },
}


@pytest.mark.parametrize(
    ("locale", "channel", "text"),
    [
        ("", "sms", "Hello by SMS"),
        ("", "viber", "Hello"),
        ("en-GB", "sms", "Hello by SMS"),
        ("it", "viber", "Ciao"),
        # The person's language comes before words for the channel in another.
        ("it", "sms", "Ciao"),
        ("it-CH", "sms", "Ciao"),
        ("IT_it", "sms", "Ciao"),
        ("pt-BR", "sms", "Oi por SMS"),
        ("pt-BR", "viber", "Oi"),
        ("pt-PT", "sms", "Olá por SMS"),
        ("pt", "viber", "Hello"),
        ("no language", "viber", "Hello"),
    ],
)
def test_the_persons_language_comes_first_then_the_channel(locale, channel, text):
    assert said(MANY, channel, locale).text == text


def test_a_language_may_replace_a_part_of_the_template_only():
    message = {
        "whatsapp": {"template": "shipped", "language": "en", "body": ["Hi", "x"]},
        "languages": {"it": {"whatsapp": {"language": "it", "body": ["Ciao", "x"]}}},
    }

    composed = said(message, "whatsapp", "it_IT", TEMPLATES)

    body = (Parameter(text="Ciao"), Parameter(text="x"))
    assert composed.content == Template(template="shipped", language="it", body=body)
    assert template_of(content_of(message), "whatsapp", "it_IT") == "shipped/it"


def test_html_in_another_language_than_the_text_is_left_out():
    message = {
        "text": "Hello",
        "subject": "News",
        "email": {"html": "<p>Hello</p>"},
        "languages": {"it": {"text": "Ciao", "subject": "Novità"}},
    }

    assert said(message, "email", "it").content == Email(subject="Novità", text="Ciao")


@pytest.mark.parametrize(
    ("locale", "language", "date"),
    [
        ("it", None, "24 novembre 2026"),  # nothing is told: as the person reads
        ("it", "en", "November 24, 2026"),
        ("en_GB", "en", "24 November 2026"),  # habits of one's own country
    ],
)
def test_dates_are_in_the_language_of_the_text(locale, language, date):
    message = {"text": "{{ order.name | default('x') }} {{ a.at | date }}"}
    if language:
        message["language"] = language
    composed = compose(
        content_of(message),
        Channel.VIBER,
        {**FIELDS, "a.at": "2026-11-24T10:00:00+01:00"},
        able=PLAIN,
        reader=Reader(locale=locale, zone="Europe/Rome"),
    )

    assert composed.text == f"#1001 {date}"


# --- What a channel shows, and what it lacks --------------------------------------------------

WHOLE = {
    "text": "Your parcel {{ order.name }}",
    "image": "https://i.example/{{ order.name }}.png",
    "buttons": [TRACK, CONFIRM, MOVE],
}


def test_a_rich_channel_shows_it_all():
    assert said(WHOLE, "rcs", able=RICH).content == Text(
        text="Your parcel #1001",
        media=Media(kind=MediaKind.IMAGE, url="https://i.example/#1001.png"),
        buttons=(
            Button(kind=ButtonKind.LINK, text="Track it", value="https://t.example/1"),
            Button(kind=ButtonKind.REPLY, text="Confirm", value="confirm"),
            Button(kind=ButtonKind.REPLY, text="Move it", value="reschedule"),
        ),
    )


def test_what_an_sms_lacks_stands_in_its_text():
    assert said(WHOLE).text.splitlines() == [
        "Your parcel #1001",
        "https://i.example/#1001.png",
        "Track it: https://t.example/1",
        "Reply: Confirm / Move it",
    ]


def test_the_hint_to_answer_is_in_the_language_of_the_text():
    message = {**WHOLE, "languages": {"it": {"text": "Il pacco"}}}

    assert said(message, locale="it").text.endswith("Rispondi: Confirm / Move it")


def test_nobody_is_asked_to_answer_where_one_cannot():
    assert "Reply" not in said(WHOLE, able=MUTE).text


def test_a_picture_may_be_left_out():
    assert "i.example" not in said({**WHOLE, "unshown": "nothing"}).text


def test_what_the_text_says_already_is_not_said_twice():
    code = {"code": "{{ order.name }}", "text": "Copy"}
    message = {"text": "#1001: see {{ tracking.url }}.", "buttons": [TRACK, code]}

    assert said(message).text == "#1001: see https://t.example/1."


def test_a_longer_address_is_not_the_same_address():
    message = {"text": "See https://t.example/12", "buttons": [TRACK]}

    assert said(message).text.endswith("Track it: https://t.example/1")


def test_a_picture_makes_an_mms_only_where_sms_asks_for_it():
    picture = "https://i.example/1.png"
    common = said({"text": "Hi", "image": picture}, able=RICH).content
    asked = said({"text": "Hi", "sms": {"image": picture}}, able=RICH)

    assert common == Text(text=f"Hi\n{picture}")
    assert asked.content == Text(
        text="Hi", media=Media(kind=MediaKind.IMAGE, url=picture)
    )
    assert asked.parts is None


def test_a_document_is_called_by_its_name():
    bill = {"url": "https://d.example/1.pdf", "name": "Bill.pdf"}

    text = said({"text": "Hi", "document": bill}).text
    assert text == "Hi\nBill.pdf: https://d.example/1.pdf"


@pytest.mark.parametrize(
    ("message", "able", "why"),
    [
        (
            {"text": "Hi", "buttons": [TRACK, CONFIRM, MOVE, TRACK]},
            RICH,
            "4 buttons, and 3",
        ),
        ({"text": "x" * 1001}, RICH, "1001 characters, and at most 1000"),
        ({"text": "{{ tracking.gone | default(' ') }}"}, RICH, "its text is empty"),
        ({"text": "Hi"}, TEMPLATES, "only templates"),
        ({"viber": {"template": "x"}}, PLAIN, "sends no templates there"),
        ({"sms": "Hi"}, RICH, "says nothing for viber"),
    ],
)
def test_what_is_too_much_or_too_little_stops_the_step(message, able, why):
    with pytest.raises(ContentError, match=why):
        said(message, "viber", able=able)


# --- WhatsApp -------------------------------------------------------------------------------

OPEN = {
    "text": "Hello",
    "image": "https://i.example/1.png",
    "buttons": [CONFIRM],
    "whatsapp": {
        "template": "shipped",
        "language": "en",
        "image": "https://i.example/head.png",
        "buttons": ["{{ order.name }}", None, {"reply": "confirm"}, {"code": "1234"}],
    },
}


def test_a_template_has_its_own_picture_and_buttons():
    assert said(OPEN, "whatsapp", able=RICH).content == Template(
        template="shipped",
        language="en",
        media=Media(kind=MediaKind.IMAGE, url="https://i.example/head.png"),
        buttons=(
            ButtonParameter(kind=ButtonKind.LINK, value="#1001"),
            None,
            ButtonParameter(kind=ButtonKind.REPLY, value="confirm"),
            ButtonParameter(kind=ButtonKind.CODE, value="1234"),
        ),
    )


def test_the_text_goes_instead_while_the_window_is_open():
    content = said(OPEN, "whatsapp", able=RICH, open_window=True).content

    confirm = Button(kind=ButtonKind.REPLY, text="Confirm", value="confirm")
    picture = Media(kind=MediaKind.IMAGE, url="https://i.example/1.png")
    assert content == Text(text="Hello", media=picture, buttons=(confirm,))


def test_a_provider_without_texts_sends_the_template_in_an_open_window_too():
    content = said(OPEN, "whatsapp", able=TEMPLATES, open_window=True).content

    assert isinstance(content, Template)


def test_without_a_template_whatsapp_needs_an_open_window():
    with pytest.raises(ContentError, match="within 24 hours"):
        said({"text": "Hi"}, "whatsapp", able=RICH)

    opened = said({"text": "Hi"}, "whatsapp", able=RICH, open_window=True)
    assert opened.content == Text(text="Hi")


def test_other_channels_take_a_template_by_its_id():
    message = {"text": "Hi", "rcs": {"template": "HX1", "body": {"1": "a"}}}

    content = said(message, "rcs", able=RICH).content
    body = (Parameter(text="a", name="1"),)
    assert content == Template(template="HX1", language="", body=body)
    assert said(message, "rcs", able=PLAIN).content == Text(text="Hi")


# --- Email ----------------------------------------------------------------------------------


def test_html_is_escaped_and_the_text_is_not():
    message = {
        "subject": "About {{ order.name }}",
        "text": "<{{ order.name }}>",
        "email": {"html": "<b>{{ order.name }}</b>"},
    }
    composed = compose(
        content_of(message),
        Channel.EMAIL,
        {"order.name": "<i>1\n&"},
        able=PLAIN,
        reader=Reader(),
    )

    assert composed.content == Email(
        subject="About <i>1 &", text="<<i>1\n&>", html="<b>&lt;i&gt;1\n&amp;</b>"
    )


def test_an_email_shows_its_buttons_as_links():
    message = {**WHOLE, "subject": "News"}

    content = said(message, "email", able=RICH).content
    assert isinstance(content, Email)
    assert "Track it: https://t.example/1" in content.text
    assert content.html == ""


def test_an_email_without_a_subject_does_not_go():
    with pytest.raises(ContentError, match="no subject"):
        said({"text": "Hi"}, "email")


# --- SMS ------------------------------------------------------------------------------------


def test_an_sms_comes_with_its_parts_and_what_makes_it_unicode():
    composed = said({"text": "Beşiktaş" + "a" * 70})

    assert composed.unusual == "ş"
    assert composed.parts == Parts(encoding=Encoding.UCS2, count=2, units=78, left=56)


def test_plain_punctuation_is_used_where_the_owner_allows_it():
    text = "“Hi”" + "a" * 100

    assert said({"text": text}).parts.count == 2
    plain = said({"text": text, "sms": {"plain_punctuation": True}})
    assert (plain.text[:4], plain.parts.count) == ('"Hi"', 1)


@pytest.mark.parametrize(("most", "length"), [({}, 6 * 153), ({"max_parts": 2}, 306)])
def test_too_many_parts_stop_the_step(most, length):
    message = {"sms": {"text": "a" * length, **most}}

    assert said(message).parts.left == 0
    with pytest.raises(ContentError, match=r"SMS, and max_parts is \d"):
        said({"sms": {"text": "a" * length + "b", **most}})


def test_an_sms_that_is_not_one_has_no_parts():
    assert said({"text": "Hi"}, "viber").parts is None
