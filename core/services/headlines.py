"""Where a message stands: one word for it, and one line.

`ENGLISH` is everything that a `translate` can be given here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from core.cascade.commands import Because
from core.cascade.explain import Translate, in_words, moment
from core.cascade.model import Obstacle, Outcome
from core.cascade.sentences import CHANNELS
from core.services.views import TryView
from core.store import records
from core.store.history import Stored

HEADLINES: Mapping[str, str] = {
    "replied": "Answered on {channel}, {took} after the first try",
    "delivered": "Delivered by {channel}, {took} after the first try",
    "reached": "Sent by {channel}",
    "cancelled": "Cancelled before it got through",
    "not_delivered": "Not delivered: every channel was tried",
    "skipped": "Nothing was sent: no channel can reach this person",
    "skipped.unwanted": "Nothing was sent: this person did not agree to it",
    "skipped.past": "Nothing was sent: its time had passed",
    "planned": "Planned for {at}",
    "held": "{channel} is held until {at}",
    "waiting": "Waiting for {channel}",
    "scheduled": "About to be sent",
}
STARTED = "The event {event} started the reminder {reminder}."
MOVED = "A move started the reminder {reminder}."
WRITTEN_BY_HAND = "Somebody wrote this to them through the API."
ENGLISH = (*HEADLINES.values(), STARTED, MOVED, WRITTEN_BY_HAND)

_UNWANTED = (Obstacle.OPTED_OUT, Obstacle.NO_CONSENT)
_PAST = (Obstacle.TOO_LATE, Obstacle.QUIET)


def status_of(stored: Stored, tries: Sequence[TryView]) -> str:
    """The word for it, as docs/reference/statuses.md lists them."""
    for status in ("replied", "clicked", "read", "delivered"):
        if any(getattr(one, f"{status}_at") for one in tries):
            return status
    match stored.row["outcome"]:
        case Outcome.NOT_REACHED:
            return "not_delivered"
        case None:
            return _under_way(stored, tries)
        case outcome:
            return str(outcome)


def _under_way(stored: Stored, tries: Sequence[TryView]) -> str:
    if pause := _pause(stored):
        return str(pause["because"])
    return "waiting" if any(one.sending_at for one in tries) else "scheduled"


def _pause(stored: Stored) -> records.Row | None:
    """The note that says until when nothing is sent, while nothing is."""
    if stored.row["next_step"] is None:
        return None
    told = [one for one in stored.notes if one["because"] in _PAUSES]
    return told[-1] if told else None


_PAUSES = (Because.PLANNED, Because.HELD)


def headline_of(stored: Stored, tries: Sequence[TryView], translate: Translate) -> str:
    """The line for it."""
    status = status_of(stored, tries)
    words = _words(stored, tries, translate)
    if "took" in words:
        status = "replied" if status == "replied" else "delivered"
    if status == "skipped":
        status = _skipped(stored)
    return translate(HEADLINES[status]).format_map(words)


def _words(
    stored: Stored, tries: Sequence[TryView], translate: Translate
) -> dict[str, str]:
    arrivals = [(at, one) for one in tries if (at := _arrived_at(one)) is not None]
    if arrivals:
        at, first = min(arrivals, key=itemgetter(0))
        took = in_words(_since_first(at, tries), translate)
        return {"channel": CHANNELS[first.channel], "took": took}
    if pause := _pause(stored):
        channel = CHANNELS.get(pause["facts"].get("channel"), "")
        zone = ZoneInfo(stored.row["time_zone"])
        return {"channel": channel, "at": moment(pause["facts"], zone)}
    return {"channel": CHANNELS[tries[-1].channel] if tries else ""}


def _arrived_at(one: TryView) -> datetime | None:
    return one.delivered_at or one.read_at or one.clicked_at or one.replied_at


def _since_first(at: datetime, tries: Sequence[TryView]) -> timedelta:
    began = tries[0].sending_at or tries[0].due_at
    # Providers tell whole seconds, so an arrival can seem to come before its sending.
    return max(at - began, timedelta())


def _skipped(stored: Stored) -> str:
    """Why nothing was sent, in short: by the plan, or by the last step passed over."""
    obstacles = [
        one["facts"]["obstacle"]
        for one in stored.notes
        if one["because"] == Because.PASSED_OVER
    ]
    if any(one in _UNWANTED for one in obstacles):
        return "skipped.unwanted"
    return "skipped.past" if not obstacles or obstacles[-1] in _PAST else "skipped"
