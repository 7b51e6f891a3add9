"""Why each thing happened, as one plain sentence from what was stored.

`translate` takes the English sentence with its {placeholders} and gives another language's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from core.cascade.commands import Because, Fact

Translate = Callable[[str], str]

CHANNELS = {
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "viber": "Viber",
    "rcs": "RCS",
    "email": "email",
}

_TRYING = {
    "first": "Sending by {channel}; it has {wait} to be {until}.",
    "passed_over": "Sending by {channel}, the first channel that can reach this person.",
    "failed": "Sending by {channel} because {after} failed ({after_code}).",
    "timed_out": "Sending by {channel} because {after} was not {after_until} within {after_wait}.",
}
_FINISHED = {
    "reached": "Done: {channel} got through, so nothing more is sent.",
    "not_reached": "Done: every channel was tried and none got through.",
    "skipped": "Nothing was sent: no channel can reach this person.",
    "cancelled": "Cancelled: {reason}. Nothing more is sent.",
}
_FAILED = {
    "next": "{channel} cannot reach this person: {detail} (code {code}).",
    "retry": "{channel} could not take it just now: {detail} (code {code}).",
    "template": "{channel} refused what the message says: {detail} (code {code}).",
    "suppress": "This person does not take messages from us by {channel}: {detail} (code {code}).",
    "halt": "Our {channel} sender is not working: {detail} (code {code}).",
    "unknown": "{channel} failed: {detail} (code {code}).",
}
_SENTENCES = {
    Because.RETRYING: "Trying {channel} again at {due_at}, try {try}.",
    Because.PASSED_OVER: "{channel} is passed over: {reason}.",
    Because.UNKNOWN: "No answer came from {channel}. It may have been sent, so it is not sent there again.",
    Because.ACCEPTED: "{channel}'s provider accepted it.",
    Because.SENT: "Sent by {channel}.",
    Because.DELIVERED: "Delivered by {channel}.",
    Because.READ: "Read on {channel}.",
    Because.LATE: "{channel} arrived late, after we had moved on.",
    Because.TIMED_OUT: "{channel} was not {until} within {wait}; the last we heard was “{status}”.",
}
_UNTIL = {
    "accepted": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
}
_STATUS = {
    "queued": "not sent yet",
    "unknown": "no answer",
    "accepted": "accepted by the provider",
    "sent": "sent",
    "delivered": "delivered",
    "failed": "failed",
}


def sentence(
    because: str, facts: Mapping[str, Fact], zone: tzinfo, translate: Translate = str
) -> str:
    """The sentence for one note. Times are told in `zone`."""
    template = _template(Because(because), facts)
    return translate(template).format_map(_words(facts, zone, translate))


def _template(because: Because, facts: Mapping[str, Fact]) -> str:
    match because:
        case Because.TRYING:
            return _TRYING[str(facts["why"])]
        case Because.FINISHED:
            return _FINISHED[str(facts["outcome"])]
        case Because.FAILED:
            return _FAILED[str(facts["class"])]
        case _:
            return _SENTENCES[because]


def _words(
    facts: Mapping[str, Fact], zone: tzinfo, translate: Translate
) -> dict[str, Any]:
    words: dict[str, Any] = dict(facts)
    for name in ("channel", "after"):
        words[name] = CHANNELS.get(str(facts.get(name)), facts.get(name))
    for name in ("wait", "after_wait"):
        words[name] = in_words(timedelta(seconds=float(facts.get(name) or 0)))
    for name in ("until", "after_until"):
        words[name] = translate(_UNTIL.get(str(facts.get(name)), ""))
    words["detail"] = str(facts.get("detail", "")).rstrip(". ") or "no reason given"
    words["status"] = translate(_STATUS.get(str(facts.get("status")), ""))
    if due_at := facts.get("due_at"):
        words["due_at"] = (
            datetime.fromisoformat(str(due_at)).astimezone(zone).strftime("%H:%M:%S")
        )
    return words


def in_words(duration: timedelta) -> str:
    """`1 h 5 min`, `30 min`, `5 min 9 s`, `0 s`: at most two parts."""
    seconds = round(duration.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
