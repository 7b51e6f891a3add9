import pytest

from connectors.channels.log import CHANNEL
from core.cascade.model import Channel
from core.message.content import (
    Button,
    ButtonKind,
    Email,
    Media,
    MediaKind,
    Text,
)
from core.ports import SendAccepted


@pytest.fixture
def printed(config, outgoing):
    def lines(channel, **changes):
        settings = config("channels/log")
        return CHANNEL.build(outgoing(channel, **changes), settings).text.splitlines()

    return lines


def test_what_is_printed_is_accepted(answer):
    stem = "send_accepted"

    assert CHANNEL.read(answer(f"log/{stem}")) == SendAccepted(provider_id="")


def test_a_text_shows_all_that_it_brings(printed):
    content = Text(
        text="On its way.\nSee you!",
        media=Media(kind=MediaKind.IMAGE, url="https://riverside.example/1.png"),
        buttons=(Button(kind=ButtonKind.REPLY, text="Confirm", value="yes"),),
    )

    assert printed(Channel.RCS, content=content) == [
        "── rcs to +447700900101 (att_0001)",
        "│ image: https://riverside.example/1.png",
        "│ On its way.",
        "│ See you!",
        "│ [Confirm] reply: yes",
        "──",
    ]


def test_a_template_shows_its_parameters(printed):
    assert printed(Channel.WHATSAPP)[1:-1] == [
        "│ template order_shipped (en_GB)",
        "│ header: #1001",
        "│ body first_name: Anna",
        "│ body: RR100200300",
        "│ button link: RR100200300",
    ]


def test_an_email_shows_both_its_bodies(printed):
    content = Email(subject="On its way", text="Soon.", html="<p>Soon.</p>")

    assert printed(Channel.EMAIL, content=content)[1:-1] == [
        "│ Subject: On its way",
        "│ ",
        "│ Soon.",
        "│ ",
        "│ HTML:",
        "│ <p>Soon.</p>",
    ]


def test_no_text_can_take_over_the_terminal(printed):
    content = Text(text="\x1b[2J\x1b]0;gone\x07now\x9b31m")

    assert printed(Channel.SMS, content=content)[1] == "│ [2J]0;gonenow31m"
