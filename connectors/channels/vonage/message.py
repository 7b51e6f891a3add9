"""Messages as Vonage's Messages API wants them, channel by channel.

https://developer.vonage.com/en/api/messages
"""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.channels.vonage import whatsapp
from connectors.channels.vonage.capabilities import plain, seconds, short
from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.message.content import Button, ButtonKind, Media, Text
from core.ports import Outgoing

Body = dict[str, Any]

# What a tapped link of an RCS message says of itself; the reference follows.
OPENED = "opened:"
_MAX_CARD_TEXT = 2000


def body(message: Outgoing, sender: str) -> Body:
    """The JSON to send. Raises ContentError for what Vonage would refuse anyway."""
    return {
        "channel": _NAMES[message.channel],
        "from": sender,
        "to": message.to.removeprefix("+"),
        **_CONTENTS[message.channel](message),
        "client_ref": message.reference,
        "webhook_url": message.callback_url,
        "webhook_version": "v1",
    }


def _sms(message: Outgoing) -> Body:
    text = plain(Channel.SMS, message.content).text
    return {"message_type": "text", "text": text, "ttl": seconds(message)}


def _whatsapp(message: Outgoing) -> Body:
    return whatsapp.content(message.content)


def _viber(message: Outgoing) -> Body:
    content = plain(Channel.VIBER, message.content)
    promotes = message.purpose is Purpose.MARKETING
    options: Body = {
        "category": "promotion" if promotes else "transaction",
        "ttl": seconds(message),
    }
    for button in content.buttons:
        label = short(button.text, 30, "button")
        options["action"] = {"url": button.value, "text": label}
    shown: Body = {"message_type": "text", "text": content.text}
    if content.media:
        image = {"url": content.media.url, "caption": content.text}
        shown = {"message_type": "image", "image": image}
    return {**shown, "viber_service": options}


def _rcs(message: Outgoing) -> Body:
    content = plain(Channel.RCS, message.content)
    if content.media:
        card = _card(content, content.media, message.reference)
        shown: Body = {"message_type": "custom", "custom": card}
    else:
        shown = {"message_type": "text", "text": content.text}
        if content.buttons:
            chips = [_suggestion(one, message.reference) for one in content.buttons]
            shown["suggestions"] = chips
    return {**shown, "ttl": seconds(message)}


def _suggestion(button: Button, reference: str) -> Body:
    text = short(button.text, 25, "button")
    if button.kind is ButtonKind.REPLY:
        return {"type": "reply", "text": text, "postback_data": button.value}
    opened = f"{OPENED}{reference}"
    about = {"type": "open_url", "text": text, "postback_data": opened}
    return {**about, "url": button.value}


def _card(content: Text, media: Media, reference: str) -> Body:
    """As Google has it: Vonage's own `card` wants a title, and there is none.

    https://developer.vonage.com/en/messages/guides/rcs/rcs-custom-messages
    """
    shown: Body = {
        "description": short(content.text, _MAX_CARD_TEXT, "text beside a picture"),
        "media": {"height": "MEDIUM", "contentInfo": {"fileUrl": media.url}},
    }
    if content.buttons:
        chips = [_card_suggestion(one, reference) for one in content.buttons]
        shown["suggestions"] = chips
    card = {"cardOrientation": "VERTICAL", "cardContent": shown}
    return {"contentMessage": {"richCard": {"standaloneCard": card}}}


def _card_suggestion(button: Button, reference: str) -> Body:
    text = short(button.text, 25, "button")
    if button.kind is ButtonKind.REPLY:
        return {"reply": {"text": text, "postbackData": button.value}}
    opens = {"openUrlAction": {"url": button.value}}
    return {"action": {"text": text, "postbackData": f"{OPENED}{reference}", **opens}}


_NAMES: Mapping[Channel, str] = {
    Channel.SMS: "sms",
    Channel.WHATSAPP: "whatsapp",
    Channel.VIBER: "viber_service",
    Channel.RCS: "rcs",
}
CHANNELS: Mapping[str, Channel] = {name: one for one, name in _NAMES.items()}
_CONTENTS: Mapping[Channel, Callable[[Outgoing], Body]] = {
    Channel.SMS: _sms,
    Channel.WHATSAPP: _whatsapp,
    Channel.VIBER: _viber,
    Channel.RCS: _rcs,
}
