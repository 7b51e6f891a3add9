"""Who may be sent a text just now, where that takes the person to have written first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.model import Channel
from core.message.variants import variant
from core.ports import Window
from core.store import records, replies
from core.store.attempts import Claimed
from core.store.people import Person
from core.store.replies import Spoken

LONGEST = timedelta(days=7)  # that any provider lets texts through after a person's own


def window_of(app: Everreach, provider: str, channel: Channel) -> Window | None:
    """The provider's rule for texts on a channel; None if there is none."""
    able = app.registry.channels[provider].capabilities.get(channel)
    return able.window if able else None


def number_of(sender: records.Row, window: Window) -> str:
    """What a sender's number is called in its settings, or `""`."""
    return str(sender["config"].get(window.number) or "")


def with_windows(
    app: Everreach, tx: Connection, claimed: Sequence[Claimed], now: datetime
) -> list[Claimed]:
    """These attempts, each with when its person last wrote, where that lets a text go out."""
    asking = {one.reference for one in claimed if _window(app, one) and _has_text(one)}
    if not asking:
        return list(claimed)
    people = {one.person for one in claimed if one.reference in asking}
    known = replies.spoken(tx, people, claimed[0].channel, now - LONGEST)
    return [
        replace(one, wrote_at=_wrote_at(app, one, known.get(one.person, ()), now))
        if one.reference in asking
        else one
        for one in claimed
    ]


def _wrote_at(
    app: Everreach, claimed: Claimed, said: Sequence[Spoken], now: datetime
) -> datetime | None:
    window = _window(app, claimed)
    assert window
    return last_word(said, claimed.sender, window, now)


def _window(app: Everreach, claimed: Claimed) -> Window | None:
    return window_of(app, claimed.sender["provider"], claimed.channel)


def last_word(
    said: Sequence[Spoken], sender: records.Row, window: Window, now: datetime
) -> datetime | None:
    """When a person last wrote to the number of a sender, if its window is still open."""
    number = number_of(sender, window)
    heard = (
        one.at
        for one in said
        if (one.number == number if number else one.sender_id == sender["id"])
    )
    last = max(heard, default=None)
    return last if last and now < last + window.lasts else None


def open_to(
    app: Everreach,
    tx: Connection,
    person: Person,
    channel: Channel,
    sender: records.Row,
    now: datetime,
) -> datetime | None:
    """Until when a person may be sent texts there by this sender; None if they may not."""
    window = window_of(app, sender["provider"], channel)
    assert window
    said = replies.spoken(tx, {person}, channel, now - window.lasts)
    last = last_word(said.get(person, ()), sender, window, now)
    return last + window.lasts if last else None


def _has_text(claimed: Claimed) -> bool:
    locale = claimed.recipient.get("locale", "")
    return bool(variant(claimed.content, claimed.channel, locale).said("text"))
