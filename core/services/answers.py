"""What people answer about an occasion becomes an event of our own.

It is kept in the inbox like any platform's, in the transaction that keeps the reply, and read
from there: so it is never lost and can be replayed. No answer goes round in circles: what it
starts, it starts once for an occasion, as every event does.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from core.occasions import ANSWERS, answer_event
from core.ports import Contact, Happening, Ignored
from core.store import inbox
from core.store.inbox import EVENT, OURS, Arrival, Waiting
from core.store.people import Written
from core.store.replies import Answered


def note_answer(
    tx: Connection, came: Waiting, written: Written, reply_id: int, answered: Answered
) -> str:
    """Keep an answer as an event. What it is called, `""` if it is none of an occasion."""
    name = answer_event(answered.event, written.answer) if written.answer else ""
    if not name:
        return ""
    body = {
        "event": name,
        "subject": answered.subject,
        "message": answered.cascade_id,
        "text": (written.text or written.button).strip(),
        "channel": written.channel,
    }
    arrival = Arrival(
        account_id=came.account_id,
        kind=EVENT,
        origin_id=OURS,
        delivery_id=f"reply:{reply_id}",
        topic=name,
        url="",
        headers={},
        body=json.dumps(body).encode(),
        received_at=came.received_at,
    )
    inbox.add(tx, arrival)
    return name


def told_by_us(arrival: Waiting) -> Sequence[Happening] | Ignored:
    """What an event of our own says. Whom it is about is known from the occasion."""
    if arrival.topic not in ANSWERS:
        return Ignored(reason="what the API was asked for was made when it came in")
    body = json.loads(arrival.body)
    happening = Happening(
        name=body["event"],
        subject=body["subject"],
        contact=Contact(),
        fields={"answer.text": body["text"], "answer.channel": body["channel"]},
    )
    return [happening]
