"""Which worlds are explored."""

from datetime import time, timedelta

from core.cascade.model import Channel, Recipient, Sender, Step
from core.cascade.schedule import Hours, TooLate
from core.cascade.status import Until
from tests.explore.world import MINUTE, Bound

SIESTA = Hours(zone="UTC", quiet_from=time(12, 20), quiet_until=time(12, 50))


def step(
    channel: Channel, until: Until = Until.DELIVERED, senders: str = "", **more: object
) -> Step:
    """A step with a window of half an hour. `senders` are keys, and can be asked if marked `?`."""
    keys = senders.split() or [channel]
    return Step(
        channel=channel,
        senders=tuple(
            Sender(key=key.rstrip("?"), can_be_asked=key.endswith("?")) for key in keys
        ),
        until=until,
        wait=timedelta(minutes=30),
        **more,  # type: ignore[arg-type]
    )


WHATSAPP, SMS, EMAIL = step(Channel.WHATSAPP), step(Channel.SMS), step(Channel.EMAIL)
WHATSAPP_READ = step(Channel.WHATSAPP, Until.READ)
WHATSAPP_ASKED = step(Channel.WHATSAPP, senders="whatsapp?")
WHATSAPP_TWO = step(Channel.WHATSAPP, senders="one two")
WHATSAPP_ALL = step(Channel.WHATSAPP, senders="one? two?", hours=SIESTA)
WHATSAPP_QUIET = step(Channel.WHATSAPP, senders="one two", hours=SIESTA)
WHATSAPP_SEEN = step(Channel.WHATSAPP, Until.READ, "whatsapp?", assume_seen=True)
VIBER_READ = step(Channel.VIBER, Until.READ)
VIBER_REPLIED = step(Channel.VIBER, Until.REPLIED)
SMS_CLICKED = step(Channel.SMS, Until.CLICKED)
SMS_ACCEPTED = step(Channel.SMS, Until.ACCEPTED)
SMS_SENT = step(Channel.SMS, Until.SENT)
SMS_QUIET = step(Channel.SMS, hours=SIESTA)
SMS_ELSEWHERE = step(Channel.SMS, senders="another")
BY_ID = frozenset({Channel.SMS})  # where receipts tell only the provider's id

# Seconds: in every run of the tests, and what the diagram is drawn from.
SMALL = (
    Bound(
        name="two steps",
        steps=(WHATSAPP, SMS),
        receipts=1,
        retries=0,
        by_id=BY_ID,
        cancels=True,
    ),
    Bound(
        name="a slow worker", steps=(WHATSAPP, SMS), receipts=0, retries=0, slow=True
    ),
    Bound(name="one step, read", steps=(WHATSAPP_READ,), receipts=2, cancels=True),
    Bound(
        name="two steps, read",
        steps=(WHATSAPP_READ, VIBER_READ),
        receipts=1,
        retries=0,
        cancels=True,
    ),
    Bound(name="two senders", steps=(WHATSAPP_TWO,), receipts=0, halts=True),
    Bound(
        name="two senders, broken",
        steps=(WHATSAPP_TWO, SMS),
        receipts=0,
        retries=0,
        halts=True,
        fickle=("two",),
        turns=1,
    ),
    Bound(
        name="asked",
        steps=(WHATSAPP_ASKED, SMS),
        receipts=0,
        retries=0,
        fickle=(Channel.SMS,),
        turns=1,
    ),
    Bound(
        name="quiet hours",
        steps=(WHATSAPP_QUIET, SMS_QUIET),
        receipts=0,
        retries=0,
        halts=True,
        starts=10 * MINUTE,
    ),
    Bound(name="held", steps=(WHATSAPP, SMS_QUIET), receipts=1, retries=0),
    Bound(name="busy, quiet hours", steps=(SMS_QUIET,), receipts=0),
    Bound(
        name="quiet hours, late",
        steps=(WHATSAPP, SMS_QUIET),
        receipts=0,
        retries=0,
        expires=45 * MINUTE,
    ),
    Bound(
        name="quiet hours, anyway",
        steps=(WHATSAPP, SMS_QUIET),
        receipts=0,
        retries=0,
        expires=45 * MINUTE,
        too_late=TooLate.SEND_ANYWAY,
    ),
    Bound(
        name="enough for a day",
        steps=(WHATSAPP, SMS),
        receipts=0,
        retries=0,
        full=40 * MINUTE,
        starts=5 * MINUTE,
        cancels=True,
    ),
    Bound(name="seen", steps=(WHATSAPP_SEEN, SMS), receipts=1, retries=0),
    Bound(
        name="answered",
        steps=(VIBER_REPLIED, SMS),
        receipts=1,
        retries=0,
        replies=True,
    ),
    Bound(
        name="clicked",
        steps=(SMS_CLICKED, EMAIL),
        receipts=1,
        retries=0,
        clicks=True,
        recipient=Recipient(phone="+46701740605", email="anna@riverside.example"),
    ),
    Bound(
        name="too late",
        steps=(WHATSAPP, SMS),
        receipts=0,
        expires=timedelta(minutes=10),
        slow=True,
    ),
    Bound(name="one channel twice", steps=(SMS, SMS_ELSEWHERE), receipts=0, retries=0),
    Bound(
        name="a channel left out",
        steps=(EMAIL, SMS_ACCEPTED, EMAIL),
        receipts=0,
    ),
    Bound(name="nobody", steps=(WHATSAPP, EMAIL), receipts=0, recipient=Recipient()),
)
BY_NAME = {bound.name: bound for bound in SMALL}

# Minutes: `make explore`.
THREE = (WHATSAPP_READ, SMS_SENT, VIBER_READ)
AGAIN = (SMS, WHATSAPP, SMS_ELSEWHERE)
BIG = (
    *SMALL,
    Bound(
        name="asked, retries",
        steps=(WHATSAPP_ASKED, SMS),
        receipts=0,
        cancels=True,
        fickle=(Channel.SMS,),
        turns=1,
    ),
    Bound(name="one step, all receipts", steps=(WHATSAPP_READ,), receipts=10),
    Bound(name="two steps, retries", steps=SMALL[0].steps, receipts=1, by_id=BY_ID),
    Bound(name="a slow worker, retries", steps=(WHATSAPP, SMS), receipts=0, slow=True),
    Bound(
        name="three steps",
        steps=THREE,
        receipts=1,
        retries=0,
        by_id=BY_ID,
        cancels=True,
    ),
    Bound(
        name="three steps, two senders",
        steps=(WHATSAPP_TWO, SMS, VIBER_READ),
        receipts=0,
        retries=0,
        halts=True,
    ),
    Bound(
        name="two senders, retries",
        steps=(WHATSAPP_TWO, SMS),
        receipts=0,
        halts=True,
        fickle=("one", "two"),
        turns=1,
    ),
    Bound(
        name="asked, quiet hours",
        steps=(WHATSAPP_ALL, SMS_QUIET),
        receipts=1,
        retries=0,
        halts=True,
        starts=10 * MINUTE,
    ),
    Bound(
        name="retries, quiet hours",
        steps=(WHATSAPP_ALL, SMS_QUIET),
        receipts=0,
    ),
    Bound(
        name="three steps, replies",
        steps=(VIBER_REPLIED, WHATSAPP_READ, SMS),
        receipts=1,
        retries=0,
        replies=True,
    ),
    Bound(name="a channel again", steps=AGAIN, receipts=1, retries=0, by_id=BY_ID),
    Bound(name="a channel again, retries", steps=AGAIN, receipts=0),
)
