"""What people tell us through WhatsApp: what they write, press and prefer.

Messages: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
Preferences: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
"""

from collections.abc import Iterator

from connectors.payload import Json
from core.cascade.model import Channel
from core.cascade.status import Scope
from core.ports import Preference, Reply


def replies(message: Json, contacts: Json, number: Json) -> Iterator[Reply]:
    """What a person wrote to a number of ours, by its id.

    Nothing if WhatsApp itself speaks, or says of nobody who it was.
    """
    kind, called = message["type"].text(), _called(message, contacts)
    writer = _e164(message["from"].text_or_empty()) or called
    if kind == "system" or not writer:
        return
    text, button = _said(kind, message)
    answered = message["context"]["id"], message["reaction"]["message_id"]
    yield Reply(
        channel=Channel.WHATSAPP,
        sender=writer,
        provider_id=message["id"].text(),
        at=message["timestamp"].unix_time(),
        text=text,
        button=button,
        answers=next(filter(None, (id.text_or_empty() for id in answered)), None),
        to=number.text_or_empty(),
        alias=called,
    )


def preferences(told: Json) -> Iterator[Preference]:
    """A person's choice about marketing, taken in WhatsApp's own settings."""
    wanted = {"stop": False, "resume": True}.get(told["value"].text_or_empty())
    number = told["wa_id"].text_or_empty()
    if wanted is None or not number:
        return
    if told["category"].text_or_empty() == "marketing_messages":
        yield Preference(
            channel=Channel.WHATSAPP,
            sender=_e164(number),
            wanted=wanted,
            scope=Scope.CHANNEL_MARKETING,
            at=told["timestamp"].unix_time(),
        )


def _called(message: Json, contacts: Json) -> str:
    """What Meta calls the person for this business, whether or not they hide their number."""
    people = [message["from_user_id"], *(one["user_id"] for one in contacts.each())]
    named = {person.text_or_empty() for person in people if person.present}
    return named.pop() if len(named) == 1 else ""


def _said(kind: str, message: Json) -> tuple[str, str]:
    """The text that a person wrote or saw on the button, and the button's payload."""
    if kind == "text":
        return message["text"]["body"].text_or_empty(), ""
    if kind == "button":
        button = message["button"]
        return button["text"].text_or_empty(), button["payload"].text_or_empty()
    if kind == "interactive":
        chosen = message["interactive"]
        for part in (chosen["button_reply"], chosen["list_reply"]):
            if part.present:
                return part["title"].text_or_empty(), part["id"].text_or_empty()
    if kind in _CAPTIONED:
        return message[kind]["caption"].text_or_empty(), ""
    return "", ""


_CAPTIONED = frozenset({"image", "video", "document"})


def _e164(number: str) -> str:
    return f"+{number.removeprefix('+')}" if number else ""
