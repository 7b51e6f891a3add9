"""What messages say: checked when a file is applied, kept when they go out, and previewed."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from click.testing import CliRunner

from connectors.channels.twilio import Twilio
from connectors.channels.twilio.settings import Settings as TwilioSettings
from connectors.registry import load_registry
from core.cascade.model import Channel
from core.cascade.status import Until
from core.errors import SetupError, SetupErrors
from core.message.content import ButtonKind, MediaKind
from core.message.sms import Encoding
from core.ports import Capabilities
from core.services.previews import preview
from core.services.setup.read import read
from tests.support.line import Line
from tests.support.loopback import Providers
from tests.support.riverside import fulfillment, setup
from webapp.cli import main
from webapp.previews import told


class Settings(TwilioSettings):
    """Those of a sender that is on every channel."""

    def able(self, channel: Channel) -> Capabilities | None:
        return Everywhere.capabilities[channel]


class Everywhere(Twilio):
    """A provider that serves every channel: mail without anything, the others with it all."""

    name = "everywhere"
    Config = Settings
    rich = Capabilities(
        reports=frozenset({Until.ACCEPTED, Until.SENT}),
        text=1000,
        templates=True,
        media=frozenset(MediaKind),
        buttons=frozenset(ButtonKind),
        most_buttons=2,
    )
    capabilities: Mapping[Channel, Capabilities] = {
        **dict.fromkeys(Channel, rich),
        Channel.EMAIL: Capabilities(reports=frozenset({Until.ACCEPTED}), text=9000),
    }

    def outlives(self, channel: Channel, window: timedelta) -> str:
        return ""


REGISTRY = load_registry()
REGISTRY = type(REGISTRY)(
    channels={**REGISTRY.channels, "everywhere": Everywhere()},
    platforms=REGISTRY.platforms,
)
FILE = """
account: {key: clinic, name: Clinic, timezone: Europe/Rome, currency: EUR, country: IT}
senders:
  - {key: all, provider: everywhere, config: {account_sid: AC00000000000000000000000000000001, auth_token: x, from: "+15005550006"}}
messages:
  - {key: visit, SAID}
reminders:
  - {key: visit, on: appointment.booked, message: visit, steps: [STEPS]}
"""


def a_file(said, *channels):
    steps = ", ".join(f"{{channel: {each}, sender: all}}" for each in channels)
    return read(FILE.replace("SAID", said).replace("STEPS", steps), {}, REGISTRY)


def problems(said, *channels):
    with pytest.raises(SetupErrors) as caught:
        a_file(said, *channels)
    return str(caught.value).splitlines()


def test_all_channels_may_be_steps_and_wait_as_long_as_is_usual_there():
    said = "text: Hello, subject: News, whatsapp: {template: hello, language: en}"

    steps = a_file(said, *Channel, "sms").reminders["visit"]["definition"]["steps"]
    assert [(each["channel"], each["until"], each["wait"]) for each in steps] == [
        ("whatsapp", "sent", 600),
        ("sms", "sent", 600),
        ("viber", "sent", 600),
        ("rcs", "sent", 600),
        ("email", "accepted", 3600),
        ("sms", "sent", 86400),
    ]


HERE = "reminders[0].steps[0].channel"
CANNOT = "by all cannot send the message visit:"


@pytest.mark.parametrize(
    ("said", "channel", "problem"),
    [
        (
            "sms: Hello",
            "viber",
            f"{HERE}: the message visit says nothing on Viber. "
            "Give messages[0] a part called viber",
        ),
        (
            "text: Hello",
            "email",
            f"{HERE}: email {CANNOT} this message has no subject for email",
        ),
        (
            "text: Hello, languages: {it: {text: %s}}" % ("a" * 1001),
            "rcs",
            f"{HERE}: RCS {CANNOT} it has 1001 characters, and at most 1000 can be sent "
            "here. That is in it",
        ),
        (
            "text: Hello, buttons: [{link: a, text: A}, {link: b, text: B}, {reply: c, text: C}]",
            "viber",
            f"{HERE}: Viber {CANNOT} it has 3 buttons, and 2 can be shown",
        ),
        (
            "sms: {text: %s, max_parts: 1}" % ("a" * 161),
            "sms",
            f"{HERE}: SMS {CANNOT} it would take 2 SMS, and max_parts is 1",
        ),
        (
            "text: '{{ appointment.starts_at | money }}'",
            "sms",
            "messages[0].text: money is for amounts such as 49.90. "
            "It was tried with the examples of fields",
        ),
        (
            "text: Hello, whatsapp: {template: hello}",
            "whatsapp",
            "messages[0].whatsapp.language: is missing. "
            "The language it was approved in, such as en or pt_BR",
        ),
        (
            "text: Hello, image: a, video: b",
            "sms",
            "messages[0].video: there is the image already. "
            "There can be one of image, video, document",
        ),
        (
            "text: Hello, buttons: [{link: a, reply: b, text: A}]",
            "sms",
            "messages[0].buttons[0]: is not one button. Give it one of link, reply, code",
        ),
        (
            "rcs: {text: Hello, buttons: [a]}",
            "rcs",
            "messages[0].rcs.buttons[0]: has no text to stand on it. "
            'Write it like {link: "…", text: "…"}',
        ),
        (
            "text: Hello, languages: {italian: {text: Ciao}}",
            "sms",
            "messages[0].languages: 'italian' cannot be used here. "
            "Languages have names such as it or pt_BR",
        ),
        (
            "text: Hello, languages: {it: {txt: Ciao}}",
            "sms",
            "messages[0].languages.it.txt: is not a setting. "
            "Known: language, text, subject, image, video, document, buttons, unshown, "
            "whatsapp, sms, viber, rcs, email",
        ),
        (
            "text: Hello, languages: {it: {text: '{{ appointment.url }}{{ oder.id }}'}}",
            "sms",
            "messages[0].languages.it.text: oder.id is not a field of appointment.booked. "
            "Known: recipient.first_name, recipient.last_name, recipient.phone, "
            "appointment.starts_at, appointment.ends_at, appointment.title, "
            "appointment.location, appointment.url",
        ),
    ],
)
def test_what_could_not_go_out_is_refused(said, channel, problem):
    assert problems(said, channel) == [problem]


def test_what_may_be_a_mistake_is_told():
    said = "text: Hi, buttons: [{reply: ok, text: OK}], languages: {it: {text: Ciao}}"

    assert a_file(said, "whatsapp").warnings == (
        "messages[0].languages.it.buttons: is missing; it stays as it is in messages[0]",
        f"{HERE}: there is no template, so it goes only to who wrote in the last 24 hours",
    )


# --- What goes out ----------------------------------------------------------------------------

SMS_TEXT = "    sms: "


def test_what_an_sms_said_is_kept_with_its_parts(line: Line) -> None:
    line.set_up((SMS_TEXT, f"    sms: 'ş{'a' * 70}'\n    rcs: "))
    first = line.ship().tries[0]
    line.report(first, "failed", code=131026)

    whatsapp, sms = line.message.tries
    assert (whatsapp.parts, whatsapp.length) == (None, "")
    assert (sms.parts, sms.text) == (2, "ş" + "a" * 70)
    assert sms.length == "2 SMS parts, Unicode because of “ş”"


def test_a_message_that_needs_too_many_parts_is_not_sent(
    line: Line, providers: Providers
) -> None:
    line.set_up((SMS_TEXT, "    sms: '{{ order.name }}'\n    rcs: "))
    first = line.ship(body=fulfillment(name="#" + "9" * 2000)).tries[0]
    line.report(first, "failed", code=131026)

    sms = line.message.tries[-1]
    assert (sms.channel, sms.failure_code) == ("sms", "content")
    assert sms.failure_detail is not None
    assert "2001 characters, and at most 1600" in sms.failure_detail
    assert len(providers.calls) == 1


# --- Previews ---------------------------------------------------------------------------------


def test_a_preview_shows_every_channel_with_examples(line: Line) -> None:
    whatsapp, sms = preview(line.app, "shipped")

    assert sms.composed
    assert sms.composed.parts
    assert told(whatsapp).splitlines() == [
        "WhatsApp by whatsapp_cloud",
        "    the template order_shipped in en",
        "    body 1: Anna",
        "    body 2: #1001",
    ]
    assert told(sms).splitlines() == [
        "SMS by twilio",
        "    #1001 is on its way: https://track.example/RR100200300",
        "    → One SMS: 54 units of GSM 7-bit, 106 left",
    ]
    assert sms.composed.parts.encoding is Encoding.GSM7


def test_a_preview_takes_a_language_a_channel_and_fields(line: Line) -> None:
    italian = "    languages: {it: {sms: '{{ order.name }} è in viaggio'}}\n    sms: "
    line.set_up((SMS_TEXT, italian))

    (sms,) = preview(
        line.app,
        "shipped",
        locale="it-IT",
        channel=Channel.SMS,
        fields={"order.name": "№ 7"},
    )

    assert sms.composed
    assert (sms.composed.text, sms.composed.unusual) == ("№ 7 è in viaggio", "№")


def test_a_preview_of_what_cannot_be_said_tells_why(line: Line) -> None:
    fields = {"order.name": "x" * 2000}

    (sms,) = preview(line.app, "shipped", channel=Channel.SMS, fields=fields)
    assert "at most 1600 can be sent here" in told(sms)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"key": "shiped"}, "there is no message shiped"),
        ({"key": "shipped", "account": "other"}, "there is no message shipped"),
        ({"key": "shipped"}, "several accounts have it. Name one: riverside, seaside"),
        (
            {"key": "shipped", "account": "seaside", "fields": {"order.nam": "x"}},
            "order.nam is not one of its fields",
        ),
    ],
)
def test_a_preview_of_nothing_says_so(line: Line, options, problem) -> None:
    line.set_up_other("seaside")

    with pytest.raises(SetupError, match=problem):
        preview(line.app, **options)


def test_the_command_shows_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EVERREACH_HOME", str(tmp_path))
    file = tmp_path / "riverside.yaml"
    file.write_text(setup())
    runner = CliRunner()

    assert runner.invoke(main, ["apply", str(file)]).exit_code == 0
    shown = runner.invoke(
        main, ["preview", "shipped", "--channel", "sms", "--field", "order.name=#7"]
    )
    assert shown.output.splitlines()[1].strip().startswith("#7 is on its way")
