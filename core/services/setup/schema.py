"""The shape of a set-up file as a JSON Schema, for editors and for ourselves."""

from collections.abc import Mapping
from typing import Any

from core.cascade.conditions import AT_LEAST, AT_MOST, COUNTRY
from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.cascade.schedule import (
    AT_ONCE,
    CLOCK_PATTERN,
    OFFSET_PATTERN,
    WEEK,
    IfInside,
    TooLate,
)
from core.cascade.status import FailureClass, Until
from core.durations import PATTERN as DURATION
from core.message.compose import MAX_PARTS
from core.message.price import CATEGORIES
from core.occasions import EVENTS
from core.ports import ChannelConnector, PlatformConnector, Registry
from core.services.outlook import CLICKS_AND_REPLIES, UNREAD_RULES
from core.services.replies import ON_REPLY

Schema = dict[str, Any]

CHANNELS = tuple(Channel)
# How long a step may take that does not say; a mail is not looked at within minutes.
LAST_WAIT, OTHER_WAIT, EMAIL_WAIT = "24h", "10m", "1h"
LARGEST_NUMBER = 10**15
LANGUAGE = r"^[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?$(?!\n)"
UNSHOWN = ("link", "nothing")
MOST_PARTS = 255  # more cannot be joined: 3GPP TS 23.040, 9.2.3.24.1
_FIELDS = "May use fields such as {{ order.name }}"


def setup_schema(registry: Registry) -> Schema:
    """The JSON Schema (draft 2020-12) of a set-up file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Everreach set-up file",
        **_group(
            "Everything about one account",
            {"account": _account()},
            {
                "connections": _list(
                    "The platforms that tell us what happened",
                    _link("platform", registry.platforms, registry),
                ),
                "senders": _list(
                    "The providers that send for us",
                    _sender(registry),
                ),
                "messages": _list("What is said, channel by channel", _message()),
                "reminders": _list("What is sent when", _reminder()),
                "rates": _list(
                    "What messages cost you, where it is not the list price",
                    _rates(registry),
                ),
            },
        ),
    }


def _account() -> Schema:
    required = {
        "key": _key("the account"),
        "name": _text("What the business is called"),
        "timezone": _text("Where its day begins and ends, such as Europe/Rome"),
        "currency": _text("What it reckons costs in, as three letters such as EUR"),
        "country": _text("Where numbers without a country code are from, such as IT"),
    }
    optional = {"quiet_hours": _quiet_hours(), "limits": _account_limits()}
    return _group("The business that sends", required, optional)


def _quiet_hours() -> Schema:
    clock = "A time of day such as 21:00, by the clock where the person is"
    days = _one_of("A day on which messages may go out", WEEK)
    rule = {
        "from": {"type": "string", "pattern": CLOCK_PATTERN, "description": clock},
        "to": {"type": "string", "pattern": CLOCK_PATTERN, "description": clock},
        "days": _some("The days on which messages may go out", days),
        "purposes": _some("Only for these; else for all", _one_of("", Purpose)),
        "channels": _some("Only for these; else for all", _one_of("", CHANNELS)),
    }
    return _list(
        "When nothing is sent: the first rule that fits counts",
        _group("Hours and days, for some messages or for all", {}, rule),
    )


def _account_limits() -> Schema:
    limits = {
        "per_second": _rate("Messages in a second, by all senders together"),
        "per_day": _count("Messages in 24 hours, by all senders together"),
        "per_person_per_day": _count("Messages to one person in 24 hours"),
    }
    return _group("How much may be sent", {}, limits)


def usual_wait(step: Mapping[str, Any]) -> str:
    """How long a step may take that does not say, and is not the last."""
    return EMAIL_WAIT if step["channel"] == Channel.EMAIL else OTHER_WAIT


def _sender_limits() -> Schema:
    per_person = "The time between two messages to one person, such as 6s"
    limits = {
        "per_second": _rate("Messages in a second"),
        "per_day": _count("Messages in 24 hours"),
        "people_per_day": _count("Different people in 24 hours"),
        "per_person": _or_none(
            {"type": "string", "pattern": DURATION, "description": per_person}
        ),
    }
    return _group("Limits, where they are not the provider's usual", {}, limits)


def _rate(about: str) -> Schema:
    bounds = {"exclusiveMinimum": 0, "maximum": LARGEST_NUMBER}
    return _or_none({"description": about, "type": "number", **bounds})


def _count(about: str) -> Schema:
    return _or_none({"description": about, "type": "integer", "minimum": 1})


def _or_none(schema: Schema) -> Schema:
    """Or the word `none`, which lifts what is usual."""
    about = f"{schema['description']}, or none"
    word = {"type": "string", "pattern": "^none$", "description": about}
    return {"description": about, "anyOf": [{**schema, "description": about}, word]}


def _link(
    kind: str,
    connectors: Mapping[str, PlatformConnector] | Mapping[str, ChannelConnector],
    registry: Registry,
) -> Schema:
    required = {
        "key": _key(f"this link to a {kind}"),
        kind: _one_of(f"The {kind}'s name in Everreach", connectors),
        "config": {"description": f"What the {kind} gave you"},
    }
    configs = [
        _when(kind, name, registry.config_schema(connector))
        for name, connector in connectors.items()
    ]
    optional = {"limits": _sender_limits()} if kind == "provider" else {}
    return {**_group(f"One {kind}", required, optional), "allOf": configs}


def _sender(registry: Registry) -> Schema:
    schema = _link("provider", registry.channels, registry)
    schema["properties"]["failures"] = {
        "description": "What the provider's error codes mean, where it is not the usual",
        "type": "object",
        "propertyNames": _text("An error code of the provider's"),
        "additionalProperties": {
            **_one_of("What this code means", FailureClass),
            "title": "meaning",
        },
    }
    return schema


def _when(kind: str, name: str, config: Schema) -> Schema:
    return {
        "if": {"properties": {kind: {"const": name}}, "required": [kind]},
        "then": {"properties": {"config": _or_variable(config)}},
    }


def _or_variable(schema: Any) -> Any:
    """The same schema, but `${NAME}` may stand where a pattern is asked."""
    if isinstance(schema, list):
        return [_or_variable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    loosened = {name: _or_variable(part) for name, part in schema.items()}
    if isinstance(schema.get("pattern"), str):
        loosened["pattern"] += r"|\$\{"
    return loosened


def _message() -> Schema:
    key = {"key": _key("the message")}
    lives = "How long its short links lead on, such as 30d; for ever if it is not said"
    links_live = {"type": "string", "pattern": DURATION, "description": lives}
    more = {"languages": _languages(), "links_live": links_live}
    return _group("One message", key, {**_said(), **more})


def _languages() -> Schema:
    return {
        "description": "What it says in other languages, by names such as it or pt_BR",
        "type": "object",
        "propertyNames": {
            "pattern": LANGUAGE,
            "description": "Languages have names such as it or pt_BR",
        },
        "additionalProperties": _group("What it says in one language", {}, _said()),
    }


def _said() -> Schema:
    """What a message says in one language: everywhere, and on each channel."""
    unshown = "What becomes of a picture where it cannot be shown"
    return {
        "language": {
            "description": "The language this is written in, such as en or pt_BR",
            "type": "string",
            "pattern": LANGUAGE,
        },
        "text": _text(_FIELDS),
        "subject": _text("The subject of the email"),
        **_media(),
        "buttons": _list("Buttons below the text, in order", _button(["object"])),
        "unshown": {**_one_of(unshown, UNSHOWN), "default": UNSHOWN[0]},
        "whatsapp": _channel("WhatsApp", _template()),
        "sms": _channel("SMS", {**_template(), **_sms()}),
        "viber": _channel("Viber", _template()),
        "rcs": _channel("RCS", _template()),
        "email": _channel("email", _email()),
    }


def _channel(name: str, keys: Schema) -> Schema:
    about = f"What it says by {name}: a text, or a group"
    properties = {"text": _text(_FIELDS), **keys}
    group = {**_group(about, {}, properties), "minProperties": 1}
    return {"description": about, "anyOf": [_text(about), group]}


def _template() -> Schema:
    return {
        "template": _text("The name of the approved template, or its id"),
        "language": _text("The language it was approved in, such as en or pt_BR"),
        "header": _parameters("header"),
        "body": _parameters("body"),
        "buttons": _list(
            "Its buttons, in order: of those of a template only what varies, null if nothing",
            _button(["object", "string", "null"]),
        ),
        **_media(),
    }


def _sms() -> Schema:
    plain = "Make curly quotes, dashes and the like plain where that saves an SMS"
    most = "At most so many SMS at once; the step is passed over if it takes more"
    return {
        "plain_punctuation": {
            "description": plain,
            "type": "boolean",
            "default": False,
        },
        "max_parts": {
            "description": most,
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_PARTS,
            "default": MAX_PARTS,
        },
    }


def _email() -> Schema:
    html = "The same as HTML; without it the mail is plain text"
    return {"subject": _text("The subject"), "html": _text(html)}


def _media() -> Schema:
    """A picture: its address, or of a document that and its name."""
    address = "The public address of the {}; may use fields"
    name = {"name": _text("Its file name")}
    document = address.format("document")
    group = _group(document, {"url": _text(document)}, name)
    return {
        "image": _text(address.format("image")),
        "video": _text(address.format("video")),
        "document": {"description": document, "anyOf": [_text(document), group]},
    }


def _button(kinds: list[str]) -> Schema:
    """A word alone is the end of the address of a template's button."""
    about = "One of link, reply and code, and its text"
    return {
        "description": about,
        "type": kinds,
        "pattern": r"\S",
        "additionalProperties": False,
        "properties": {
            "link": _text("The address it opens; of a template its end"),
            "reply": _text("What it answers, such as confirm"),
            "code": _text("The code it copies"),
            "text": _text("What stands on it"),
        },
    }


def _parameters(part: str) -> Schema:
    text = _text(_FIELDS)
    return {
        "description": f"The {part}'s parameters: a list, or by name if they have names",
        "type": ["array", "object"],
        "items": text,
        "additionalProperties": text,
    }


def _reminder() -> Schema:
    steps = _list("The channels, in the order to try them", _step())
    required = {
        "key": _key("the reminder"),
        "on": _one_of("The event that starts it", EVENTS),
        "message": _text("The key of the message"),
        "steps": {**steps, "minItems": 1},
    }
    purpose = _one_of("Why you may write to this person", Purpose)
    unread = _one_of("What counts for a person who never reports read", UNREAD_RULES)
    on_reply = "What it does when they answer another reminder of the same"
    expires = "How long after the event it is still of use; nothing is sent later"
    optional = {
        "purpose": {**purpose, "default": "transactional"},
        "expires": {"type": "string", "pattern": DURATION, "description": expires},
        "send": {
            "type": "string",
            "pattern": OFFSET_PATTERN,
            "default": AT_ONCE,
            "description": "at once, or such as 24h before, 3d before at 10:00, 2h after",
        },
        "if_inside": {
            **_one_of("What to do if it should have gone out already", IfInside),
            "default": IfInside.SEND_NOW.value,
        },
        "too_late": {
            **_one_of("What to do if quiet hours end when it is too late", TooLate),
            "default": TooLate.SKIP.value,
        },
        "quiet_hours": _quiet_hours(),
        "unread": {**unread, "default": CLICKS_AND_REPLIES},
        "on_reply": {**_one_of(on_reply, ON_REPLY), "default": ON_REPLY[0]},
    }
    return _group("One reminder", required, optional)


def _rates(registry: Registry) -> Schema:
    required = {
        "channel": _one_of("What is sent", Channel),
        "price": {
            "title": "a price",
            "description": 'Of a message, of an SMS for each part, in quotes: "0.075"',
            "type": "string",
            "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$(?!\n)",
        },
    }
    day = "The first day on which it holds, such as 2026-10-01; always, if left out"
    optional = {
        "country": _one_or_more("Where the number is from, as codes such as IT"),
        "category": _one_of("What it is charged as", CATEGORIES),
        "provider": _one_of("Whose price it is", registry.channels),
        "from": {
            "title": "a day",
            "description": day,
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)",
        },
        "currency": _text("As three letters such as EUR; else the account's"),
    }
    return _group("One price", required, optional)


def _step() -> Schema:
    required = {
        "channel": _one_of("Where to write", CHANNELS),
        "sender": _one_or_more("The key of the sender, or several in order"),
    }
    wait = "How long it may take until the next step: 45s, 30m, 12h, 2d or 1h30m"
    optional = {
        "until": _one_of("How far the message must get", Until),
        "wait": {"type": "string", "pattern": DURATION, "description": wait},
        "only_if": _only_if(),
    }
    return _group("One step", required, optional)


def _only_if() -> Schema:
    number = {"type": "number", "minimum": 0, "maximum": LARGEST_NUMBER}
    bounds = {
        AT_LEAST: {**number, "description": "A number that is no more than the field"},
        AT_MOST: {**number, "description": "A number that is no less than the field"},
    }
    bounded = _group("Between which numbers the field must be", {}, bounds)
    countries = _one_or_more("The person's country, or several, as codes such as IT")
    return {
        "description": "What must hold for this step to be used",
        "type": "object",
        "properties": {COUNTRY: countries},
        "additionalProperties": {**bounded, "minProperties": 1},
        "minProperties": 1,
    }


def _group(about: str, required: Schema, optional: Schema | None = None) -> Schema:
    return {
        "description": about,
        "type": "object",
        "additionalProperties": False,
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def _list(about: str, items: Schema) -> Schema:
    return {"description": about, "type": "array", "items": items}


def _some(about: str, items: Schema) -> Schema:
    return {**_list(about, items), "minItems": 1}


def _text(about: str) -> Schema:
    return {"description": about, "type": "string", "pattern": r"\S"}


def _one_or_more(about: str) -> Schema:
    schema = {**_text(about), "items": _text(about), "minItems": 1}
    return {**schema, "type": ["string", "array"]}


def _key(what: str) -> Schema:
    return {
        "description": f"Your own short name for {what}: lower case letters, digits, - and _",
        "type": "string",
        "pattern": r"^[a-z0-9][a-z0-9_-]{0,62}$(?!\n)",
    }


def _one_of(about: str, names: Any) -> Schema:
    return {"description": about, "enum": [str(name) for name in names]}
