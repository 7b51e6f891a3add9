"""What Dexatel can do, channel by channel.

Nobody is told that a message was read. A document may have no text beside it, a picture on
Viber only with a link button whose shape is not documented; so neither is sent.
https://developers.dexatel.com/docs/whatsapp-notify
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from core.cascade.model import Channel
from core.cascade.status import Until
from core.message.content import ButtonKind, MediaKind
from core.ports import Capabilities, Pricing, Window

MAX_CHARACTERS = 1000

_PLAIN = Capabilities(
    reports=frozenset({Until.ACCEPTED, Until.DELIVERED, Until.REPLIED}),
    text=MAX_CHARACTERS,
    templates=True,
    pricing=Pricing.RECEIPT,
)

CAPABILITIES: Mapping[Channel, Capabilities] = {
    Channel.SMS: _PLAIN,
    Channel.VIBER: _PLAIN,
    Channel.WHATSAPP: replace(
        _PLAIN,
        media=frozenset({MediaKind.IMAGE, MediaKind.VIDEO}),
        buttons=frozenset({ButtonKind.REPLY}),
        most_buttons=1,
        window=Window(lasts=timedelta(hours=24), number="from"),
    ),
}
