"""Why each thing happened, as one plain sentence from what was stored.

`translate` takes the English sentence with its {placeholders} and gives another language's.
Every sentence that it can be given stands in this file, in `SENTENCES` and `WORDS`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from core.cascade.commands import Because
from core.cascade.model import Fact

Translate = Callable[[str], str]

CHANNELS = {
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "viber": "Viber",
    "rcs": "RCS",
    "email": "email",
}

# By kind of note; where its facts decide between sentences, by `kind.fact`.
SENTENCES: Mapping[str, str] = {
    "planned.on_time": "Planned for {at}.",
    "planned.held": "Planned for {at}, when quiet hours in {place} end; it was due at {due}.",
    "planned.earlier": "Planned for {at}, before quiet hours in {place}: after them it is too late.",
    "planned.sent_anyway": "Planned for {at}, in quiet hours in {place}: after them it is too late.",
    "planned.inside": "It was due at {due}, before we knew of it: it goes out now.",
    "planned.skipped_inside": "It was due at {due}, before we knew of it: it is left out.",
    "planned.left_to_next": "It was due at {due}, before we knew of it: the next reminder tells of it.",
    "planned.past": "What it is about is past.",
    "planned.skipped_too_late": "It was due at {due}, in quiet hours in {place}; after them it is too late.",
    "trying.first": "Sending by {channel}; it has {wait} to be {until}.",
    "trying.passed_over": "Sending by {channel}, the first channel that can reach this person.",
    "trying.failed": "Sending by {channel} because {after} failed ({after_code}).",
    "trying.timed_out": "Sending by {channel} because {after} was not {after_until} within {after_wait}.",
    "trying.took_over": "Sending by {channel} through {sender} because {after_sender} could not ({after_code}).",
    "trying.again": "Sending by {channel} again: it was put off ({after_code}).",
    "retrying": "Trying {channel} again at {due_at}, try {try}.",
    "held.quiet": "{channel} is held until {at}: these are quiet hours in {place}.",
    "held.full": "{channel} is held until {at}: this person has had enough messages for a day.",
    "passed_over.no_address": "{channel} is passed over: {reason}.",
    "passed_over.in_doubt": "{channel} is passed over: it may have been sent there already.",
    "passed_over.too_late": "{channel} is passed over: it is too late for that.",
    "passed_over.quiet": "{channel} is passed over: quiet hours in {place} end only at {at}, when it is too late.",
    "passed_over.full": "{channel} is passed over: this person has had enough messages until {at}, when it is too late.",
    "passed_over.condition": "{channel} is passed over: it is only for {condition}.",
    "passed_over.unreachable": "{channel} is passed over: this person could not be reached there on {since} ({code}); it is tried again from {at}.",
    "passed_over.opted_out": "{channel} is passed over: this person opted out on {since} ({source}).",
    "passed_over.no_consent": "{channel} is passed over: there is no consent to {purpose} messages there.",
    "passed_over.no_sender": "{channel} is passed over: none of its senders can be used.",
    "sender_passed_over.broken": "{sender} is passed over: it has not been working since {since} ({code}); it is tried again at {at}.",
    "sender_passed_over.bad_template": "{sender} is passed over: its template has not been accepted since {since} ({code}); it is tried again at {at}.",
    "sender_passed_over.used_up": "{sender} is passed over: it has sent all that it may in a day; it may again from {at}.",
    "sender_passed_over.opted_out": "{sender} is passed over: this person opted out of it on {since} ({source}).",
    "departed": "{channel} left the queue after {waited}; its time begins only now.",
    "unknown": "No answer came from {channel}. It may have been sent, so it is not sent there again.",
    "accepted": "{channel}'s provider accepted it.",
    "sent": "Sent by {channel}.",
    "delivered": "Delivered by {channel}.",
    "read": "Read on {channel}.",
    "replied": "Answered on {channel}.",
    "failed.next": "{channel} cannot reach this person: {detail} (code {code}).",
    "failed.retry": "{channel} could not take it just now: {detail} (code {code}).",
    "failed.template": "{channel} refused what the message says: {detail} (code {code}).",
    "failed.suppress": "This person does not take messages from us by {channel}: {detail} (code {code}).",
    "failed.halt": "Our {channel} sender is not working: {detail} (code {code}).",
    "failed.unknown": "{channel} failed: {detail} (code {code}).",
    "late": "{channel} arrived late, after we had moved on.",
    "asked": "{channel} was silent for {wait}, so its provider is asked before anything else is sent.",
    "timed_out": "{channel} was not {until} within {wait}; the last we heard was “{status}”.",
    "still_queued": "{channel} could not leave the queue within {wait}; it is given as long again.",
    "assumed_seen": "{channel} was delivered, and this person's reading is never reported: it counts as seen.",
    "followed": "The reminder was changed; from here on its version {version} counts.",
    "finished.reached": "Done: {channel} got through, so nothing more is sent.",
    "finished.not_reached": "Done: every channel was tried and none got through.",
    "finished.skipped": "Done: nothing was sent.",
    "finished.cancelled": "Cancelled: {reason}. Nothing more is sent.",
}
# What may be added to the sentence of a message that goes out.
QUIET_AHEAD = "{sentence}; quiet hours start at {quiet_from} in {place}."
ANYWAY = "{sentence}; these are quiet hours in {place}, but later is too late."
FULL_ANYWAY = (
    "{sentence}; this person has had enough messages for a day, but later is too late."
)

_DECIDED_BY = {
    Because.PLANNED: "why",
    Because.TRYING: "why",
    Because.HELD: "why",
    Because.FINISHED: "outcome",
    Because.FAILED: "class",
    Because.PASSED_OVER: "obstacle",
    Because.SENDER_PASSED_OVER: "obstacle",
}
# Words that stand in sentences, by what is stored.
WORDS: Mapping[str, Mapping[str, str]] = {
    "until": {
        "accepted": "accepted",
        "sent": "sent",
        "delivered": "delivered",
        "read": "read",
        "replied": "answered",
    },
    "status": {
        "queued": "not sent yet",
        "unknown": "no answer",
        "accepted": "accepted by the provider",
        "sent": "sent",
        "delivered": "delivered",
        "failed": "failed",
        "read": "read",
    },
}
NO_REASON = "no reason given"


def sentence(
    because: str, facts: Mapping[str, Fact], zone: tzinfo, translate: Translate = str
) -> str:
    """The sentence for one note. Times are told in `zone`, unless the note has its own."""
    words = _words(facts, zone, translate)
    told = translate(SENTENCES[_key(because, facts)]).format_map(words)
    if because != Because.TRYING:
        return told
    if anyway := facts.get("anyway"):
        added = FULL_ANYWAY if anyway == "full" else ANYWAY
        return _extended(added, told, words, translate)
    if facts.get("quiet_from"):
        return _extended(QUIET_AHEAD, told, words, translate)
    return told


def _key(because: str, facts: Mapping[str, Fact]) -> str:
    fact = _DECIDED_BY.get(Because(because))
    return f"{because}.{facts[fact]}" if fact else str(because)


def _extended(
    template: str, told: str, words: Mapping[str, Any], translate: Translate
) -> str:
    return translate(template).format_map({**words, "sentence": told.removesuffix(".")})


def _words(
    facts: Mapping[str, Fact], zone: tzinfo, translate: Translate
) -> dict[str, Any]:
    words: dict[str, Any] = dict(facts)
    for name in ("channel", "after"):
        words[name] = CHANNELS.get(str(facts.get(name)), facts.get(name))
    for name in ("wait", "after_wait", "waited"):
        words[name] = in_words(timedelta(seconds=float(facts.get(name) or 0)))
    for name, kind in (("until", "until"), ("after_until", "until"), ("status",) * 2):
        known = WORDS[kind].get(str(facts.get(name)))
        words[name] = translate(known) if known else ""
    words["detail"] = str(facts.get("detail") or "").rstrip(". ") or NO_REASON
    words["reason"] = translate(str(facts.get("reason") or ""))
    return words | _times(facts, zone)


def _times(facts: Mapping[str, Fact], zone: tzinfo) -> dict[str, str]:
    own = facts.get("zone")
    zone = ZoneInfo(str(own)) if own else zone
    told = {"place": str(own or "").rpartition("/")[2].replace("_", " ")}
    if due_at := facts.get("due_at"):
        told["due_at"] = _local(due_at, zone).strftime("%H:%M:%S")
    for name, fact in _TIMES:
        if moment := facts.get(fact):
            told[name] = _local(moment, zone).strftime("%Y-%m-%d %H:%M")
    return told


_TIMES = (("at", "at"), ("at", "start_at"), ("since", "since"), ("due", "due_at"))


def _local(fact: Fact, zone: tzinfo) -> datetime:
    return datetime.fromisoformat(str(fact)).astimezone(zone)


def in_words(duration: timedelta) -> str:
    """`1 h 5 min`, `30 min`, `5 min 9 s`, `0 s`: at most two parts."""
    seconds = round(duration.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
