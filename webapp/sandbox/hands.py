"""What a person does with a phone: writes back, or presses a button below a message.

It reaches Everreach as the message's provider tells it: in its shape, with its signature.
"""

from typing import TYPE_CHECKING, Any

from core.cascade.model import Channel
from core.message.content import Button, ButtonKind
from webapp.sandbox.cast import Customer
from webapp.sandbox.phones import PhoneMessage

if TYPE_CHECKING:
    from webapp.sandbox.world import World

LONGEST = 300  # characters of an answer


def write(world: "World", who: Customer, to: PhoneMessage, text: str) -> None:
    """Answer a message with some words."""
    channel = Channel(to.channel)
    match to.provider:
        case "whatsapp_cloud":
            world.meta.hear(who.number, text=text)
        case "twilio":
            world.twilio.hear(who.number, channel, {"Body": text})
        case "vonage":
            said = {"message_type": "text", "text": text}
            world.vonage.hear(who.number, channel, said)
        case "dexatel":
            world.dexatel.hear(who.number, channel, text)
        case "kannel":
            world.kannel.hear(who.number, text)
        case _:
            world.mail.hear(who.email, text, to.id)


def press(world: "World", who: Customer, on: PhoneMessage, button: Button) -> None:
    """Press a reply button. Where a provider knows none, its words are written instead."""
    channel = Channel(on.channel)
    match on.provider:
        case "whatsapp_cloud":
            world.meta.hear(who.number, button=button, answers=on.id)
        case "twilio":
            world.twilio.hear(who.number, channel, _as_twilio(on, button))
        case "vonage":
            world.vonage.hear(who.number, channel, _as_vonage(on, button))
        case _:
            write(world, who, on, button.text)


def reply_button(on: PhoneMessage, index: int) -> Button | None:
    """The button of a message at a place, if there is one and it answers."""
    found = on.buttons[index : index + 1] if index >= 0 else ()
    return next((one for one in found if one.kind is ButtonKind.REPLY), None)


def _as_twilio(on: PhoneMessage, button: Button) -> dict[str, str]:
    pressed = {"ButtonText": button.text, "ButtonPayload": button.value}
    return {"Body": button.text, **pressed, "OriginalRepliedMessageSid": on.id}


def _as_vonage(on: PhoneMessage, button: Button) -> dict[str, Any]:
    chosen = {"id": button.value, "title": button.text}
    said = {"message_type": "reply", "reply": chosen}
    context = {"context": {"message_uuid": on.id}} if on.channel == "whatsapp" else {}
    return {**said, **context}
