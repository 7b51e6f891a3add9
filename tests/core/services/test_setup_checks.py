"""What is wrong with a set-up file, and how it is said."""

import copy
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connectors.registry import load_registry
from core.errors import SetupErrors
from core.occasions import EVENTS
from core.services.setup import setup_schema
from core.services.setup.document import parse
from core.services.setup.read import read
from tests.support.riverside import setup

DOCS = Path(__file__).parents[3] / "docs"
REGISTRY = load_registry()
SMS = "{channel: sms, sender: sms"
SHIPPED = "{{ order.name }} is on its way"


def problems(text, env=None):
    with pytest.raises(SetupErrors) as caught:
        read(text, env or {}, REGISTRY)
    return str(caught.value).splitlines()


def changed(old, new):
    text = setup()
    assert old in text
    return text.replace(old, new)


def test_the_schema_in_the_docs_is_the_one_in_the_code():
    assert json.loads(
        (DOCS / "reference" / "setup.schema.json").read_text()
    ) == setup_schema(REGISTRY)


def test_the_page_shows_the_example_and_every_event():
    page = (DOCS / "reference" / "setup.md").read_text()

    assert (DOCS / "example.yaml").read_text() in page
    assert [name for name in EVENTS if f"`{name}`" not in page] == []


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(setup_schema(REGISTRY))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "Europe/Rome",
            "Europe/Rom",
            "account.timezone: 'Europe/Rom' is not a known time zone. "
            "Did you mean Europe/Rome?",
        ),
        (
            "currency: EUR",
            "currency: ERU",
            "account.currency: 'ERU' is not a known currency. Write it like EUR",
        ),
        (
            "country: IT",
            "country: it",
            "account.country: 'it' is not a known country. Did you mean IT?",
        ),
        (
            "platform: shopify",
            "platform: shopfy",
            "connections[0].platform: 'shopfy' is not a known platform. "
            f"Did you mean shopify? Known: {', '.join(REGISTRY.platforms)}",
        ),
        (
            'phone_number_id: "100"',
            "phone_number_id: 100",
            "senders[0].config.phone_number_id: must be text, not 100. Put it in quotes",
        ),
        (
            "key: riverside",
            "key: River.side",
            "account.key: 'River.side' cannot be used here. Your own short name for the "
            "account: lower case letters, digits, - and _",
        ),
        (
            "on: order.shipped",
            "on: order.shiped",
            "reminders[0].on: 'order.shiped' is not a known event. Did you mean "
            f"order.shipped? Known: {', '.join(EVENTS)}",
        ),
        (
            "message: shipped",
            "message: shiped",
            "reminders[0].message: 'shiped' is not a known message. "
            "Did you mean shipped? Known: shipped",
        ),
        (
            SMS,
            f"{SMS}s",
            "reminders[0].steps[1].sender: 'smss' is not a known sender. "
            "Did you mean sms? Known: wa, sms",
        ),
        (
            SMS,
            "{channel: sms, sender: wa",
            "reminders[0].steps[1].channel: whatsapp_cloud does not send SMS. "
            "It sends WhatsApp; choose another channel or sender",
        ),
        (
            "{channel: whatsapp, sender: wa",
            "{channel: whatsapp, sender: sms",
            "reminders[0].steps[0].channel: the sender sms is not on WhatsApp. "
            "Give senders[1].config what it needs there",
        ),
        (
            SMS,
            f"{SMS}, until: read",
            "reminders[0].steps[1].until: SMS by twilio cannot report read. "
            "It can report accepted, sent, delivered, replied",
        ),
        (
            SMS,
            f"{SMS}, utnil: sent",
            "reminders[0].steps[1].utnil: is not a setting. Did you mean until? "
            "Known: channel, sender, until, wait, only_if",
        ),
        (
            "wait: 30m",
            "wait: 0s",
            "reminders[0].steps[0].wait: 0s is too short. Use from 1s to 30d",
        ),
        (
            "wait: 30m",
            "wait: 30d1s",
            "reminders[0].steps[0].wait: 30d1s is too long. Use from 1s to 30d",
        ),
        (
            "limits: {per_second: none",
            "limits: {per_second: 1e400",
            "senders[0].limits.per_second: inf cannot be used here. "
            "Messages in a second, or none",
        ),
        (
            "limits: {per_second: none",
            "limits: {per_second: 0",
            "senders[0].limits.per_second: 0 cannot be used here. "
            "Messages in a second, or none",
        ),
        (
            "limits: {per_second: none",
            "limits: {people_per_day: many",
            "senders[0].limits.people_per_day: 'many' cannot be used here. "
            "Different people in 24 hours, or none",
        ),
        (
            "country: IT}",
            "country: IT, limits: {per_person: 6s}}",
            "account.limits.per_person: is not a setting. Did you mean per_person_per_day? "
            "Known: per_second, per_day, per_person_per_day",
        ),
        (
            "wait: 30m",
            "wait: 30",
            "reminders[0].steps[0].wait: must be text, not 30. How long it may take until "
            "the next step: 45s, 30m, 12h, 2d or 1h30m",
        ),
        (
            "    message: shipped\n",
            "    message: shipped\n    purpose: spam\n",
            "reminders[0].purpose: 'spam' is not a known purpose. "
            "Known: authentication, transactional, service, marketing",
        ),
        (
            "    message: shipped\n",
            "    message: shipped\n    expires: 0s\n",
            "reminders[0].expires: 0s is too short. Use from 1s to 30d",
        ),
        (
            SHIPPED,
            "{{ order.nmae }} is on its way",
            "messages[0].sms: order.nmae is not a field of order.shipped. Did you mean "
            "order.name? Known: recipient.first_name, recipient.last_name, "
            "recipient.phone, order.name, order.id, order.total, order.currency, "
            "shipment.total, tracking.number, tracking.url, tracking.company",
        ),
        (
            SMS,
            "{channel: sms, sender: [sms, sms]",
            "reminders[0].steps[1].sender[1]: 'sms' stands here twice. "
            "Name every sender once",
        ),
        (
            SMS,
            "{channel: sms, sender: [sms, wa]",
            "reminders[0].steps[1].channel: whatsapp_cloud does not send SMS. "
            "It sends WhatsApp; choose another channel or sender",
        ),
        (
            SMS,
            "{channel: sms, sender: []",
            "reminders[0].steps[1].sender: is empty. The key of the sender, or several in order",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{country: [IT, XX]}}",
            "reminders[0].steps[1].only_if.country[1]: 'XX' is not a known country. "
            "Write it like IT",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{order.name: {{at_least: 50}}}}",
            "reminders[0].steps[1].only_if.order.name: order.name is not a number that "
            "order.shipped has. Did you mean order.total? "
            "Known: country, order.total, shipment.total",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{order.total: {{at_least: 50, at_most: 49.5}}}}",
            "reminders[0].steps[1].only_if.order.total: no number is at least 50 and at "
            "most 49.5. Exchange the two",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{order.total: {{at_lest: 50}}}}",
            "reminders[0].steps[1].only_if.order.total.at_lest: is not a setting. "
            "Did you mean at_least? Known: at_least, at_most",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{order.total: {{at_least: 1e400}}}}",
            "reminders[0].steps[1].only_if.order.total.at_least: inf cannot be used here. "
            "A number that is no more than the field",
        ),
        (
            SMS,
            f"{SMS}, only_if: {{}}",
            "reminders[0].steps[1].only_if: is empty. "
            "What must hold for this step to be used",
        ),
        (
            "{key: wa, ",
            "{key: wa, failures: {131049: retri}, ",
            "senders[0].failures.131049: 'retri' is not a known meaning. Did you mean "
            "retry? Known: next, retry, template, window, suppress, halt, "
            "unknown",
        ),
        (
            "    message: shipped\n",
            "    message: shipped\n    unread: ignore\n",
            "reminders[0].unread: 'ignore' is not a known unread. "
            "Known: assume_seen, clicks_and_replies, fall_back",
        ),
        (
            '"+15005550006"',
            "+15005550006",
            "senders[1].config.from: must be text, not 15005550006. Put it in quotes",
        ),
    ],
)
def test_a_problem_has_a_place_a_value_and_a_fix(old, new, problem):
    assert problems(changed(old, new)) == [problem]


def test_a_message_must_say_something_on_every_channel_that_a_step_uses():
    text = "\n".join(line for line in setup().splitlines() if "    sms:" not in line)

    assert problems(text) == [
        "reminders[0].steps[1].channel: the message shipped says nothing on SMS. "
        "Give messages[0] a part called sms"
    ]


def test_a_message_must_say_something():
    text = setup().replace("reminders:", "  - key: silent\nreminders:")

    assert problems(text) == [
        "messages[1].text: is missing. A message has a text, or says something on "
        "whatsapp or sms or viber or rcs or email"
    ]


def test_a_key_stands_for_one_thing():
    text = setup().replace("reminders:", "  - {key: shipped, sms: Hello}\nreminders:")

    assert problems(text) == [
        "messages[1].key: 'shipped' is the key of messages[0] too. "
        "Give one of them another key"
    ]


def test_the_syntax_of_a_text_is_checked():
    (problem,) = problems(changed(SHIPPED, "{{ order.name"))

    assert problem.startswith("messages[0].sms: expected token")
    assert problem.endswith("Write fields as {{ order.name }}")


def test_a_message_that_nothing_uses_is_checked_too():
    text = setup().replace(
        "reminders:", '  - {key: x, sms: "{{ oder.id }}"}\nreminders:'
    )

    (problem,) = problems(text)
    assert problem.startswith("messages[1].sms: oder.id is not a field of any event")


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = changed(SHIPPED, "{{ order.nmae }}").replace("wait: 30m", "wait: soon")
    text = text.replace("country: IT", "country: XX").replace('"100"', '"x"')
    text = text.replace(SMS, "{channel: sms, sender: smss, until: raed")

    assert [problem.partition(":")[0] for problem in problems(text)] == [
        "account.country",
        "senders[0].config.phone_number_id",
        "messages[0].sms",
        "reminders[0].steps[0].wait",
        "reminders[0].steps[1].until",
        "reminders[0].steps[1].sender",
    ]


@pytest.mark.parametrize(
    "text",
    [
        changed("client_secret: shop-secret", "client_secret: {a: hush-hush}"),
        changed(
            "{shop: riverside.myshopify.com, client_secret: shop-secret}", "hush-hush"
        ),
        changed("client_secret: shop-secret", "client_sceret: hush-hush"),
        changed("access_token: token", "access_token: hush-hush é"),
        changed("access_token: token", "access_token: *hush-hush"),
        changed("access_token: token", "access_token: !hush-hush"),
        changed("platform: shopify", "platform: shopfy").replace(
            "shop-secret", "hush-hush"
        ),
        changed("client_secret: shop-secret", 'client_secret: "${hush-hush"'),
        changed("client_secret: shop-secret", 'client_secret: "hush-hush "'),
        changed('phone_number_id: "100"', "phone_number_id: x${TOKEN}"),
    ],
)
def test_a_problem_never_shows_a_secret(text):
    told = problems(text, {"TOKEN": "hush-hush"})

    assert told
    assert not any("hush-hush" in line for line in told)


def test_a_variable_that_is_not_set_is_named():
    text = changed("client_secret: shop-secret", 'client_secret: "${SHOP_SECRET}"')

    assert problems(text) == [
        "connections[0].config.client_secret: the environment variable SHOP_SECRET is not "
        "set. Set SHOP_SECRET where you apply this file"
    ]


def test_a_variable_may_stand_inside_a_text_and_in_a_list():
    text = changed(
        "client_secret: shop-secret", "client_secret: [a, 'b${SHOP_SECRET}']"
    )
    read_setup = read(text, {"SHOP_SECRET": "c"}, REGISTRY)

    assert read_setup.connections["shop"]["secrets"] == {"client_secret": ["a", "bc"]}


def test_a_doubled_dollar_is_no_variable():
    text = changed("client_secret: shop-secret", 'client_secret: "a$${b}$c"')
    read_setup = read(text, {}, REGISTRY)

    assert read_setup.connections["shop"]["secrets"] == {"client_secret": "a${b}$c"}


def test_messages_do_not_use_variables():
    text = changed(SHIPPED, "${NAME}")

    assert (
        "${NAME}"
        in read(text, {}, REGISTRY).messages["shipped"]["content"]["sms"]["text"]
    )


ACCOUNT, REMINDER = "country: IT", "message: shipped\n    steps"


def ruled(rule):
    return changed(ACCOUNT, f"{ACCOUNT}, quiet_hours: [{rule}]")


def timed(more, event="appointment.booked"):
    text = changed("on: order.shipped", f"on: {event}").replace(
        REMINDER, f"{more}\n    {REMINDER}"
    )
    return text.replace("order.name", "appointment.title | default('x')").replace(
        "tracking.url", "appointment.url"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            ruled("{from: 25:00, to: 08:00}"),
            "account.quiet_hours[0].from: '25:00' cannot be used here. "
            "A time of day such as 21:00, by the clock where the person is",
        ),
        (
            ruled("{from: 21:00}"),
            "account.quiet_hours[0]: quiet hours need a beginning and an end. "
            "Write it like from: 21:00, to: 08:00",
        ),
        (
            ruled("{from: 08:00, to: 08:00}"),
            "account.quiet_hours[0]: quiet hours end when they begin. "
            "Write it like from: 21:00, to: 08:00",
        ),
        (
            ruled("{channels: [sms]}"),
            "account.quiet_hours[0]: says nothing about hours or days. "
            "Say from when to when, or on which days messages may go out",
        ),
        (
            ruled("{days: []}"),
            "account.quiet_hours[0].days: is empty. "
            "The days on which messages may go out",
        ),
        (
            ruled("{days: [mon, tus]}"),
            "account.quiet_hours[0].days[1]: 'tus' is not a known day. "
            "Known: mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            timed("send: 24h befor"),
            "reminders[0].send: '24h befor' cannot be used here. "
            "at once, or such as 24h before, 3d before at 10:00, 2h after",
        ),
        (
            timed("send: 0h before"),
            "reminders[0].send: '0h before' cannot be used here. "
            "Write at once for no time at all",
        ),
        (
            timed("send: 400d before"),
            "reminders[0].send: '400d before' cannot be used here. "
            "Use no more than 366d",
        ),
        (
            timed("send: 24h before", "appointment.cancelled"),
            "reminders[0].send: appointment.cancelled has no moment that this could be "
            "before or after. Send it at once; appointment.booked, appointment.moved, "
            "payment.upcoming have one",
        ),
        (
            timed("quiet_hours: [{from: 21:00, to: 08:00, channels: [fax]}]"),
            "reminders[0].quiet_hours[0].channels[0]: 'fax' is not a known channel. "
            "Known: whatsapp, sms, viber, rcs, email",
        ),
    ],
)
def test_a_time_that_makes_no_sense_is_told(text, problem):
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            ruled("{from: 21:00, to: 08:00, purposes: [authentication]}"),
            "account.quiet_hours[0]: authentication knows no quiet hours: "
            "a code is sent at any time",
        ),
        (
            timed("purpose: authentication\n    quiet_hours: [{days: [mon]}]"),
            "reminders[0].quiet_hours[0]: authentication knows no quiet hours: "
            "a code is sent at any time",
        ),
        (
            timed("if_inside: skip"),
            "reminders[0].if_inside: means nothing to a reminder that is sent at once",
        ),
    ],
)
def test_a_time_that_means_nothing_is_warned_of(text, warning):
    assert warning in read(text, {}, REGISTRY).warnings


def test_a_field_that_may_be_unknown_is_warned_of():
    warnings = read(setup(wait="30d"), {}, REGISTRY).warnings

    assert warnings == (
        "messages[0].whatsapp.body[0]: recipient.first_name may be unknown, and the step "
        "is passed over then; give it a default: "
        "{{ recipient.first_name | default('…') }}",
    )


AFTER_WHATSAPP = "and SMS may have gone out by then: WhatsApp keeps"
READ_IS_WANTED = "WhatsApp may have arrived when SMS goes out: it is not enough here"


@pytest.mark.parametrize(
    ("until", "doubts"),
    [
        ("accepted", []),
        ("sent", []),
        ("delivered", [("wait", AFTER_WHATSAPP)]),
        ("read", [("wait", AFTER_WHATSAPP), ("until", READ_IS_WANTED)]),
        ("replied", [("wait", AFTER_WHATSAPP), ("until", READ_IS_WANTED)]),
    ],
)
def test_two_messages_that_may_both_arrive_are_warned_of(until, doubts):
    _, *warnings = read(setup(until=until), {}, REGISTRY).warnings

    assert len(warnings) == len(doubts)
    for warning, (where, told) in zip(warnings, doubts, strict=True):
        assert warning.startswith(f"reminders[0].steps[0].{where}: ")
        assert told in warning


def test_what_changes_nothing_is_warned_of():
    text = changed(
        "    message: shipped\n", "    message: shipped\n    unread: fall_back\n"
    )

    assert (
        "reminders[0].unread: no step waits until it is read, so this changes nothing"
        in (read(text, {}, REGISTRY).warnings)
    )
    text = text.replace("until: delivered", "until: read")
    assert not any("unread" in line for line in read(text, {}, REGISTRY).warnings)


def test_a_code_that_never_expires_is_warned_of():
    text = changed(
        "    message: shipped\n", "    message: shipped\n    purpose: authentication\n"
    )

    assert any(
        "reminders[0].expires: is missing" in line
        for line in read(text, {}, REGISTRY).warnings
    )
    text = text.replace("    purpose:", "    expires: 5m\n    purpose:")
    assert not any("expires" in line for line in read(text, {}, REGISTRY).warnings)


def test_a_file_with_nothing_but_an_account_is_enough():
    assert read(setup().partition("connections:")[0], {}, REGISTRY).reminders == {}


def values_in(value, path=()):
    """The path of everything in a document."""
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in items:
            yield from values_in(item, (*path, step))


WHOLE = parse(
    timed(
        "send: 3d before at 10:00\n    if_inside: next\n    too_late: earlier\n"
        "    quiet_hours: [{from: 21:00, to: 08:00, days: [mon], purposes: [service]}]"
    )
    .replace(SMS, f"{SMS}, only_if: {{country: [IT]}}")
    .replace("sender: wa", "sender: [wa]")
    .replace("{key: wa, ", "{key: wa, failures: {131049: retry}, ")
    .replace("    message:", "    unread: fall_back\n    message:")
)
ODDITIES = [None, True, 7, 1.5, "", " ", "x", "{{", "${A}", [], [None], {}, {"x": 1}]


@given(st.sampled_from(list(values_in(WHOLE))[1:]), st.sampled_from(ODDITIES))
@settings(deadline=None)
def test_whatever_stands_anywhere_is_refused_or_read(path, oddity):
    document = copy.deepcopy(WHOLE)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = oddity

    with suppress(SetupErrors):
        read(json.dumps(document), {}, REGISTRY)


def test_an_empty_file_is_refused():
    assert problems("# nothing yet\n") == [
        "the file: is empty. Everything about one account"
    ]


def test_what_has_no_shape_at_all_is_refused():
    told = problems(
        "connections: {a: 1}\nsenders: x\nmessages: [1]\nreminders: [{steps: 1}]"
    )

    assert [problem.partition(": ")[0] for problem in told] == [
        "account",
        "connections",
        "senders",
        "messages[0]",
        "reminders[0].steps",
        "reminders[0].key",
        "reminders[0].on",
        "reminders[0].message",
    ]
