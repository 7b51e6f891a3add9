"""What people write back: an answer to a message, and a word about being written to at all."""

from dataclasses import replace

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Suppression, asked_to_stop
from core.cascade.events import Cancelled, Event, replied
from core.cascade.replies import Meaning, StopWord, read_reply
from core.message.mailbox import find_mailbox
from core.occasions import ANSWERS, ENDS
from core.ports import Preference, Reply
from core.services.answers import note_answer
from core.services.windows import number_of, window_of
from core.store import cascades, memory, origins, people, replies
from core.store.inbox import Waiting
from core.store.memory import Whom
from core.store.origins import Origin
from core.store.people import Person, Written
from core.store.replies import Answered

Happened = list[tuple[str, Event]]

ON_REPLY = STOP, GO_ON = "stop", "continue"  # what an answer does to other reminders

STOPPED = "they asked us to stop"
PREFERENCE = "their choice in the app"


def hear(
    app: Everreach, tx: Connection, came_by: Origin, arrival: Waiting, reply: Reply
) -> tuple[str, Happened]:
    """What a reply means: in words, and what it does to cascades."""
    at = reply.at or arrival.received_at
    reply = replace(reply, sender=_known(tx, arrival, reply))
    answered = replies.answered(tx, (arrival.account_id, reply.sender), reply, at)
    if answered and reply.hidden:
        reply = replace(reply, sender=answered.recipient_key)
    sender = _written_to(app, tx, came_by, reply)
    person = (arrival.account_id, reply.sender)
    meaning = _meaning(reply)
    written = _written(app, sender, arrival, reply, meaning, answered)
    reply_id = people.add_reply(tx, written)
    if reply_id is None:
        return "a reply that was told before", []
    memory.forget(tx, {_whom(person, reply)})
    happened: Happened = []
    if answered:
        happened.append((answered.cascade_id, replied(answered.number, at)))
        if meaning.answer:
            note_answer(tx, arrival, written, reply_id, answered)
            happened += _stop_others(tx, answered, reply)
    if meaning.word in _LIFTED:
        happened += _heed(tx, sender, person, reply, written, _LIFTED[meaning.word])
    return _in_words(meaning, answered), happened


def _known(tx: Connection, arrival: Waiting, reply: Reply) -> str:
    """Whom a reply is from, as we know them: who hides may have shown themselves before."""
    if reply.hidden:
        known = replies.known_as(tx, arrival.account_id, reply.sender)
        return known or reply.sender
    return find_mailbox(reply.sender) or reply.sender


def _written_to(
    app: Everreach, tx: Connection, came_by: Origin, reply: Reply
) -> Origin:
    """The sender that was written to: one address of ours may hear for several numbers."""
    window = window_of(app, came_by.connector, reply.channel)
    if not (window and reply.to) or reply.to == number_of(came_by.row, window):
        return came_by
    others = origins.senders_of(tx, came_by.account_id)
    theirs = (
        one
        for one in others
        if one.connector == came_by.connector and number_of(one.row, window) == reply.to
    )
    return next(theirs, came_by)


def _meaning(reply: Reply) -> Meaning:
    """What its text means; where that says nothing, what its button does."""
    text = read_reply(reply.text, reply.carrier)
    return text if text.answer or text.word else read_reply(reply.button)


_LIFTED = {StopWord.STOP: False, StopWord.START: True}


def prefer(
    tx: Connection, arrival: Waiting, choice: Preference
) -> tuple[str, Happened]:
    """What a choice in the provider's own app means."""
    person = (arrival.account_id, choice.sender)
    people.suppress(
        tx,
        person,
        Suppression(
            channel=choice.channel,
            scope=choice.scope,
            source=PREFERENCE,
            at=choice.at or arrival.received_at,
            lifted=choice.wanted,
        ),
    )
    if choice.wanted:
        return "marketing is wanted", []
    return "marketing is not wanted", _stop_marketing(tx, person)


def _written(
    app: Everreach,
    sender: Origin,
    arrival: Waiting,
    reply: Reply,
    meaning: Meaning,
    answered: Answered | None,
) -> Written:
    window = window_of(app, sender.connector, reply.channel)
    number = reply.to or (number_of(sender.row, window) if window else "")
    return Written(
        account_id=arrival.account_id,
        sender_id=sender.id,
        inbox_id=arrival.id,
        channel=reply.channel,
        address=reply.sender,
        provider_id=reply.provider_id,
        at=reply.at or arrival.received_at,
        text=reply.text,
        button=reply.button,
        answers=reply.answers,
        number=number,
        alias=reply.alias,
        opens=window is not None,
        carrier=reply.carrier,
        word=meaning.word,
        answer=meaning.answer,
        cascade_id=answered.cascade_id if answered else None,
    )


def _whom(person: Person, reply: Reply) -> Whom:
    account_id, address = person
    return Whom(account_id=account_id, channel=reply.channel, address=address)


def _stop_others(tx: Connection, answered: Answered, reply: Reply) -> Happened:
    """Who has answered need not be asked again, nor reminded of the same."""
    said = reply.text or reply.button
    cancelled = Cancelled(reason=f"they answered “{said.strip()}”")
    about = answered.account_id, answered.subject
    # The news that it was cancelled, say, is for them whatever they answered before, and so
    # is what an answer has started.
    open_ = cascades.open_about(tx, *about, but_on={*ENDS, *ANSWERS}, but_whose=GO_ON)
    return [(one, cancelled) for one in open_ if one != answered.cascade_id]


def _heed(
    tx: Connection,
    sender: Origin,
    person: Person,
    reply: Reply,
    written: Written,
    lifted: bool,
) -> Happened:
    """Stop or start writing to them."""
    said = asked_to_stop(
        reply.channel,
        sender.row["key"],
        "the carrier" if reply.carrier else "their reply",
        written.at,
        reply.text,
        lifted=lifted,
    )
    for suppression in said:
        people.suppress(tx, person, suppression)
    return [] if lifted else _stop_marketing(tx, person)


def _stop_marketing(tx: Connection, person: Person) -> Happened:
    stopped = Cancelled(reason=STOPPED)
    return [(one, stopped) for one in cascades.open_marketing(tx, *person)]


def _in_words(meaning: Meaning, answered: Answered | None) -> str:
    told = [f"the answer {meaning.answer}"] if meaning.answer else []
    told += [f"the word {meaning.word}"] if meaning.word else []
    what = " and ".join(told) or "a reply"
    return f"{what} to {answered.cascade_id}" if answered else what
