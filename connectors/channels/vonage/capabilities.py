"""What Vonage can do on each channel, and what a text may hold there.

https://developer.vonage.com/en/api/messages
"""

from collections.abc import Mapping
from datetime import timedelta

from core.cascade.model import Channel
from core.cascade.status import REPORTABLE, Until
from core.errors import ContentError
from core.message.content import ButtonKind, Content, MediaKind, Text
from core.ports import Capabilities, Expiry, Outgoing, Pricing, Window

_REPORTED = frozenset({Until.ACCEPTED, Until.SENT, Until.DELIVERED, Until.REPLIED})
_DAY = timedelta(days=1)

CAPABILITIES: Mapping[Channel, Capabilities] = {
    Channel.SMS: Capabilities(
        reports=_REPORTED,
        text=1000,
        expiry=Expiry(shortest=timedelta(seconds=20), longest=7 * _DAY, sure=False),
        pricing=Pricing.RECEIPT,
    ),
    Channel.WHATSAPP: Capabilities(
        reports=REPORTABLE,
        text=4096,
        templates=True,
        media=frozenset(MediaKind),
        buttons=frozenset({ButtonKind.LINK, ButtonKind.REPLY}),
        most_buttons=3,
        pricing=Pricing.RECEIPT,
        window=Window(lasts=_DAY, number="whatsapp_from"),
    ),
    # A video there needs a preview, its length and its size, which nobody tells us.
    Channel.VIBER: Capabilities(
        reports=REPORTABLE,
        text=1000,
        media=frozenset({MediaKind.IMAGE}),
        buttons=frozenset({ButtonKind.LINK}),
        most_buttons=1,
        expiry=Expiry(shortest=timedelta(seconds=30), longest=3 * _DAY, sure=True),
        pricing=Pricing.RECEIPT,
    ),
    Channel.RCS: Capabilities(
        reports=REPORTABLE,
        text=3072,
        media=frozenset({MediaKind.IMAGE, MediaKind.VIDEO}),
        buttons=frozenset({ButtonKind.LINK, ButtonKind.REPLY}),
        most_buttons=4,
        expiry=Expiry(shortest=timedelta(minutes=5), longest=3 * _DAY, sure=True),
        pricing=Pricing.RECEIPT,
    ),
}


def seconds(message: Outgoing) -> int:
    """For how long Vonage is to try: the window, as near as the channel allows."""
    expiry = CAPABILITIES[message.channel].expiry
    assert expiry
    lasts = min(max(message.window, expiry.shortest), expiry.longest)
    return int(lasts.total_seconds())


def plain(channel: Channel, content: Content) -> Text:
    """The text, if it can be sent there with all that it has. Raises ContentError."""
    able = CAPABILITIES[channel]
    if not isinstance(content, Text):
        raise ContentError("content is not a text")
    if not content.text.strip():
        raise ContentError("text is empty")
    short(content.text, able.text, "text")
    if content.media and content.media.kind not in able.media:
        raise ContentError(f"no {content.media.kind} can be sent by {channel}")
    for button in content.buttons:
        if button.kind not in able.buttons:
            raise ContentError(f"no {button.kind} button can be sent by {channel}")
    if len(content.buttons) > able.most_buttons:
        raise ContentError(f"there are more than {able.most_buttons} buttons")
    return content


def short(text: str, most: int, what: str) -> str:
    """The text, if it is no longer than that. Raises ContentError."""
    if len(text) > most:
        raise ContentError(f"{what} is longer than {most} characters")
    return text
