"""Which worlds are explored."""

from datetime import timedelta

from core.cascade.model import Channel, Recipient, Step
from core.cascade.status import Until
from tests.explore.world import Bound


def step(channel: Channel, until: Until = Until.DELIVERED, sender: str = "") -> Step:
    """A step with a window of half an hour."""
    wait = timedelta(minutes=30)
    return Step(channel=channel, sender=sender or channel, until=until, wait=wait)


WHATSAPP, SMS, EMAIL = step(Channel.WHATSAPP), step(Channel.SMS), step(Channel.EMAIL)
WHATSAPP_READ = step(Channel.WHATSAPP, Until.READ)
VIBER_READ = step(Channel.VIBER, Until.READ)
SMS_ACCEPTED = step(Channel.SMS, Until.ACCEPTED)
SMS_SENT = step(Channel.SMS, Until.SENT)
SMS_ELSEWHERE = step(Channel.SMS, sender="another")
BY_ID = frozenset({Channel.SMS})  # where receipts tell only the provider's id

# Seconds: in every run of the tests, and what the diagram is drawn from.
SMALL = (
    Bound(
        name="two steps",
        steps=(WHATSAPP, SMS),
        receipts=1,
        by_id=BY_ID,
        cancels=True,
    ),
    Bound(
        name="one step, read",
        steps=(WHATSAPP_READ,),
        receipts=2,
        retries=2,
        cancels=True,
    ),
    Bound(
        name="two steps, read",
        steps=(WHATSAPP_READ, VIBER_READ),
        receipts=2,
        retries=0,
        cancels=True,
    ),
    Bound(
        name="too late",
        steps=(WHATSAPP, SMS),
        receipts=0,
        retries=2,
        expires=timedelta(minutes=10),
    ),
    Bound(name="one channel twice", steps=(SMS, SMS_ELSEWHERE), receipts=0),
    Bound(name="a channel left out", steps=(EMAIL, SMS_ACCEPTED, EMAIL), receipts=1),
    Bound(name="nobody", steps=(WHATSAPP, EMAIL), receipts=0, recipient=Recipient()),
)

# Minutes: `make explore`.
THREE = (WHATSAPP_READ, SMS_SENT, VIBER_READ)
AGAIN = (SMS, WHATSAPP, SMS_ELSEWHERE)
BIG = (
    *SMALL,
    Bound(name="one step, all receipts", steps=(WHATSAPP_READ,), receipts=10),
    Bound(name="two steps, receipts", steps=SMALL[0].steps, receipts=2, by_id=BY_ID),
    Bound(
        name="three steps",
        steps=THREE,
        receipts=2,
        retries=0,
        by_id=BY_ID,
        cancels=True,
    ),
    Bound(name="three steps, retries", steps=THREE, receipts=1, by_id=BY_ID),
    Bound(name="a channel again", steps=AGAIN, receipts=1, retries=0, by_id=BY_ID),
    Bound(name="a channel again, retries", steps=AGAIN, receipts=0),
)
