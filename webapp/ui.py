"""What templates need besides values: words, icons, local times and masked numbers.

`install` gives all of it to an app's Jinja environment.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask, current_app, url_for
from markupsafe import Markup, escape

from core.cascade.explain import mask_numbers
from core.cascade.sentences import WORDS
from core.services.views import MessageView, TryView
from webapp.languages import language, translate


class Face(NamedTuple):
    """How a value looks: its word, its icon and its tone (a class in the style sheet)."""

    word: str
    icon: str
    tone: str = "idle"


MESSAGE_FACES: Final = {
    "planned": Face("Planned", "calendar"),
    "held": Face("Held", "pause", "warn"),
    "scheduled": Face("Scheduled", "clock"),
    "waiting": Face("Waiting", "hourglass", "info"),
    "reached": Face("Sent", "send", "good"),
    "delivered": Face("Delivered", "check", "good"),
    "read": Face("Read", "eye", "good"),
    "clicked": Face("Link opened", "link", "good"),
    "replied": Face("Answered", "reply", "good"),
    "not_delivered": Face("Not delivered", "x", "bad"),
    "skipped": Face("Skipped", "skip"),
    "cancelled": Face("Cancelled", "ban"),
}

TRY_FACES: Final = {
    "queued": Face("Queued", "clock"),
    "sending": Face("Sending", "send", "info"),
    "accepted": Face("Accepted by provider", "check", "info"),
    "sent": Face("Sent", "send", "info"),
    "delivered": Face("Delivered", "checks", "good"),
    "read": Face("Read", "eye", "good"),
    "clicked": Face("Link opened", "link", "good"),
    "replied": Face("Answered", "reply", "good"),
    "failed": Face("Failed", "x", "bad"),
    "timed_out": Face("Timed out", "clock-x", "warn"),
    "delivered_late": Face("Delivered late", "history", "warn"),
    "unknown": Face("Outcome unknown", "help", "warn"),
    "called_off": Face("Called off", "ban"),
}

LINE_FACES: Final = {
    "started": Face("Started", "bolt", "accent"),
    "planned": Face("Planned", "calendar"),
    "trying": Face("Try", "send", "info"),
    "retrying": Face("Try again", "retry", "warn"),
    "held": Face("Held", "pause", "warn"),
    "passed_over": Face("Passed over", "skip"),
    "sender_passed_over": Face("Sender passed over", "unplugged", "warn"),
    "departed": Face("Left the queue", "clock"),
    "unknown": Face("Outcome unknown", "help", "warn"),
    "accepted": Face("Accepted", "check"),
    "sent": Face("Sent", "send"),
    "delivered": Face("Delivered", "checks", "good"),
    "read": Face("Read", "eye", "good"),
    "clicked": Face("Link opened", "link", "good"),
    "replied": Face("Answered", "reply", "good"),
    "failed": Face("Failed", "x", "bad"),
    "late": Face("Late", "history", "warn"),
    "asked": Face("Provider asked", "help", "info"),
    "timed_out": Face("Timed out", "clock-x", "warn"),
    "followed": Face("New version", "history"),
    "wrote": Face("They wrote", "reply", "info"),
    "as_text": Face("Free text", "messages", "info"),
    "still_queued": Face("Still queued", "clock", "warn"),
    "assumed_seen": Face("Counts as seen", "eye", "good"),
    "finished": Face("Finished", "flag", "accent"),
}

CHANNEL_FACES: Final = {
    "whatsapp": Face("WhatsApp", "message-circle", "whatsapp"),
    "sms": Face("SMS", "message-square", "sms"),
    "viber": Face("Viber", "phone", "viber"),
    "rcs": Face("RCS", "messages", "rcs"),
    "email": Face("Email", "mail", "email"),
}

ORDER_FACES: Final = {
    "new": Face("To ship", "package"),
    "shipped": Face("Shipped", "truck", "info"),
    "out_for_delivery": Face("Out for delivery", "truck-delivery", "info"),
    "delivered": Face("Delivered", "home-check", "good"),
}

PHONE_ICONS: Final = {
    "reachable": "check",
    "no_whatsapp": "message-circle-off",
    "receipts_off": "eye-off",
    "switched_off": "power",
    "no_such_number": "phone-off",
    "busy": "busy",
}

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)

# Everything that is translated here, but for what only the sandbox shows.
ENGLISH: Final = (
    *(
        face.word
        for faces in (MESSAGE_FACES, TRY_FACES, LINE_FACES, CHANNEL_FACES)
        for face in faces.values()
    ),
    *DAYS,
    *MONTHS,
)

_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Hop(NamedTuple):
    """One step of the way a message took: the channel, how it ended, after how many tries."""

    channel: Face
    outcome: Face
    tries: int


def message_face(status: str) -> Face:
    """How a message's status looks."""
    return _face(MESSAGE_FACES, status)


def try_face(status: str) -> Face:
    """How a try's status looks."""
    return _face(TRY_FACES, status)


def line_face(because: str) -> Face:
    """How a line of the timeline looks."""
    return _face(LINE_FACES, because)


def channel_face(channel: str) -> Face:
    """How a channel looks."""
    return _face(CHANNEL_FACES, channel)


def order_face(state: str) -> Face:
    """How an order in the sandbox's shop looks."""
    return _face(ORDER_FACES, state)


def phone_icon(kind: str) -> str:
    """The icon for what is special about a phone in the sandbox."""
    return PHONE_ICONS.get(kind, "phone")


def _face(faces: Mapping[str, Face], value: str) -> Face:
    face = faces.get(value) or Face(value.replace("_", " ").capitalize(), "help")
    return face._replace(word=translate(face.word))


def path(message: MessageView) -> Iterator[Hop]:
    """The channels a message was tried on, one hop per step."""
    for _, group in groupby(message.tries, key=lambda one: one.step):
        tries = list(group)
        last = tries[-1]
        yield Hop(channel_face(last.channel), try_face(last.status), len(tries))


def texts(message: MessageView) -> list[TryView]:
    """The tries that have a text to show, one per step: the last one."""
    said = {one.step: one for one in message.tries if one.text}
    return list(said.values())


def duration(value: timedelta) -> str:
    """A duration in at most two units: `30 min`, `5 min 9 s`."""
    seconds = max(0, int(value.total_seconds()))
    for (name, size), (small, part) in pairwise(_UNITS):
        if seconds >= size:
            whole, rest = _count(seconds // size, name), seconds % size // part
            return f"{whole} {_count(rest, small)}" if rest else whole
    return _count(seconds, "s")


def _count(number: int, unit: str) -> str:
    return translate(WORDS["unit"][unit], count=number)


def mask(phone: str | None) -> str:
    """A phone number of which only the last three digits can be read."""
    return f"••• {phone[-3:]}" if phone else translate("no phone number")


def clock_time(at: datetime, zone: str) -> str:
    """The time of day in a zone: `14:30:05`."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def minute(at: datetime, zone: str) -> str:
    """The time of day in a zone, to the minute: `14:30`."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def day(at: datetime, zone: str) -> str:
    """The day in a zone: `Tue 24 Nov`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{translate(DAYS[local.weekday()])} {local.day} {_month(local)}"


def moment(at: datetime, zone: str) -> str:
    """Day, time and zone, for where nothing around them says which: with the year."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {_month(local)} {local:%Y, %H:%M:%S} {zone}"


def _month(local: datetime) -> str:
    return translate(MONTHS[local.month - 1])


def is_paused(message: MessageView) -> bool:
    """Whether it waits for a moment, and not for news of a message."""
    return message.status in ("planned", "held")


def awaited(message: MessageView, now: datetime) -> tuple[int, int] | None:
    """How much of the current wait is over: seconds gone and seconds in all."""
    if message.finished_at or not message.deadline_at or not message.tries:
        return None
    if is_paused(message):
        return None
    step = message.tries[-1].step
    began = next(one.due_at for one in message.tries if one.step == step)
    whole = max(1, int((message.deadline_at - began).total_seconds()))
    return min(whole, max(0, int((now - began).total_seconds()))), whole


def has_page(endpoint: str) -> bool:
    """Whether this app has a page: the sandbox's pages are not everywhere."""
    return endpoint in current_app.view_functions


def icon_url(name: str) -> str:
    """Where an icon of the sprite is."""
    return url_for("static", filename="icons.svg", _anchor=name)


_FILTERS: Final = (
    message_face,
    try_face,
    line_face,
    channel_face,
    order_face,
    phone_icon,
    is_paused,
    mask_numbers,
    path,
    texts,
    duration,
    mask,
    clock_time,
    minute,
    day,
    moment,
)
_GLOBALS: Final = (awaited, has_page, icon_url, language)


def _marked(text: str, **words: Any) -> Markup:
    """A translation with words in its places, of which only markup stays markup."""
    return escape(translate(text)).format_map(words)


def install(app: Flask) -> None:
    """Give an app's templates the filters and functions of this module."""
    app.jinja_env.filters.update(_by_name(_FILTERS))
    app.jinja_env.globals.update(_by_name(_GLOBALS), _=_marked)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _by_name(functions: Iterable[object]) -> dict[str, object]:
    return {getattr(function, "__name__", ""): function for function in functions}
