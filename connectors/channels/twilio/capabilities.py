"""What can be sent through Twilio, channel by channel.

https://www.twilio.com/docs/messaging/channels
"""

from collections.abc import Mapping
from datetime import timedelta

from core.cascade.model import Channel
from core.cascade.status import REPORTABLE, Until
from core.message.content import MediaKind
from core.ports import Capabilities, Expiry, Pricing, Window

MAX_CHARACTERS = 1600
MAX_VALIDITY = 36_000  # seconds

_EXPIRY = Expiry(
    shortest=timedelta(seconds=1), longest=timedelta(seconds=MAX_VALIDITY), sure=False
)
_SEEN = frozenset(MediaKind) - {MediaKind.DOCUMENT}

# Buttons are parts of Content templates; a text of our own has none.
CAPABILITIES: Mapping[Channel, Capabilities] = {
    Channel.SMS: Capabilities(
        reports=REPORTABLE - {Until.READ},
        text=MAX_CHARACTERS,
        media=_SEEN,  # by MMS, where the number can send any
        expiry=_EXPIRY,
        pricing=Pricing.QUERY,
    ),
    Channel.WHATSAPP: Capabilities(
        reports=REPORTABLE,
        text=MAX_CHARACTERS,
        templates=True,
        # A document would come without its text:
        # https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages
        media=_SEEN,
        expiry=_EXPIRY,
        pricing=Pricing.QUERY,
        # https://www.twilio.com/docs/whatsapp/key-concepts#the-24-hour-window
        window=Window(lasts=timedelta(hours=24), number="whatsapp_from"),
    ),
    Channel.RCS: Capabilities(
        reports=REPORTABLE,
        text=MAX_CHARACTERS,
        templates=True,
        media=frozenset(MediaKind),
        expiry=_EXPIRY,
        pricing=Pricing.QUERY,
    ),
}
