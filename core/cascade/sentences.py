"""All that is told of a message, in English: what languages translate, and what is stored.

`explain` makes sentences of it.
"""

from collections.abc import Mapping

from core.occasions import STOPS

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
    "planned.held": "Planned for {at}, when quiet hours in {place} ({clock}) end; it was due at {due}.",
    "planned.earlier": "Planned for {at}, before quiet hours in {place} ({clock}): after them it is too late.",
    "planned.sent_anyway": "Planned for {at}, in quiet hours in {place} ({clock}): after them it is too late.",
    "planned.inside": "It was due at {due}, before we knew of it: it goes out now.",
    "planned.skipped_inside": "It was due at {due}, before we knew of it: it is left out.",
    "planned.left_to_next": "It was due at {due}, before we knew of it: the next reminder tells of it.",
    "planned.past": "What it is about is past.",
    "planned.skipped_too_late": "It was due at {due}, in quiet hours in {place} ({clock}); after them it is too late.",
    "trying.first": "Sending by {channel}; it has {wait} to be {until}.",
    "trying.passed_over": "Sending by {channel}, the first channel that can reach this person.",
    "trying.failed": "Sending by {channel} because {after} failed ({after_code}).",
    "trying.timed_out": "Sending by {channel} because {after} was not {after_until} within {after_wait}.",
    "trying.took_over": "Sending by {channel} through {sender} because {after_sender} could not ({after_code}).",
    "trying.again": "Sending by {channel} again: it was put off ({after_code}).",
    "retrying": "Trying {channel} again at {due_at}, try {try}.",
    "held.quiet": "{channel} is held until {at}: these are quiet hours in {place} ({clock}).",
    "held.full": "{channel} is held until {at}: the day's limit of messages is reached.",
    "passed_over.no_address": "{channel} is passed over: {reason}.",
    "passed_over.in_doubt": "{channel} is passed over: it may have been sent there already.",
    "passed_over.too_late": "{channel} is passed over: it is too late for that.",
    "passed_over.quiet": "{channel} is passed over: quiet hours in {place} ({clock}) end only at {at}, when it is too late.",
    "passed_over.full": "{channel} is passed over: the day's limit of messages is reached until {at}, when it is too late.",
    "passed_over.condition": "{channel} is passed over: it is only for {condition}, and it is {known} here.",
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
    "sent": "Sent by {channel}.",
    "delivered": "Delivered by {channel}.",
    "read": "Read on {channel}.",
    "clicked": "The link was opened on {channel}.",
    "replied": "Answered on {channel}.",
    "failed.next": "{channel} cannot reach this person: {detail} (code {code}).",
    "failed.retry": "{channel} could not take it just now: {detail} (code {code}).",
    "failed.template": "{channel} refused what the message says: {detail} (code {code}).",
    "failed.window": "{channel} takes only a template here: {detail} (code {code}).",
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
# Words that stand in sentences, by what is stored.
WORDS: Mapping[str, Mapping[str, str]] = {
    "until": {
        "accepted": "accepted",
        "sent": "sent",
        "delivered": "delivered",
        "read": "read",
        "clicked": "clicked",
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
    "zone_source": {
        "person": "their own time zone",
        "event": "where it takes place",
        "phone": "by their phone number",
        "account": "our own time zone",
    },
    "answer": {
        "confirm": "they confirm",
        "cancel": "they cancel",
        "reschedule": "they ask for another time",
    },
    "word": {
        "stop": "they want no more messages",
        "start": "they want messages again",
        "help": "they ask for help",
    },
    "carrier": {
        "stop": "the carrier takes it as STOP",
        "start": "the carrier takes it as START",
        "help": "the carrier takes it as HELP",
    },
    "purpose": {
        "authentication": "authentication",
        "transactional": "transactional",
        "service": "service",
        "marketing": "marketing",
    },
    "unit": {
        "d": "{count} d",
        "h": "{count} h",
        "min": "{count} min",
        "s": "{count} s",
    },
}
# What a person wrote, by how many things it means.
WROTE = (
    "They wrote by {channel}: “{text}”.",
    "They wrote by {channel}: “{text}” – {one}.",
    "They wrote by {channel}: “{text}” – {one}, and {other}.",
)
ACCEPTED = "{channel}'s provider accepted it."
AS_TEXT = "Sent as free text: they wrote {ago} ago."
NO_TEXT = "something without words"
NO_REASON = "no reason given"
UNKNOWN = "unknown"
# Half sentences that are stored as they were first said, with what stood in them.
SAID = (
    *STOPS.values(),
    "it was moved",
    "they answered “{words}”",
    "they asked us to stop",
    "no email address",
    "no phone number",
    "{phone} is not a phone number",
    "{phone} is not a phone number in {country}",
    "{phone} has no country code and there is no country to go by",
    "{phone} is ambiguous: no mobile number in {country}, but it would be a number abroad if a + is missing",
    "code {code}",
    "their choice in the app",
    "the carrier",
    "their provider",
    "their reply",
)
ENGLISH = (
    *SENTENCES.values(),
    QUIET_AHEAD,
    ANYWAY,
    *(word for words in WORDS.values() for word in words.values()),
    *WROTE,
    ACCEPTED,
    AS_TEXT,
    NO_TEXT,
    NO_REASON,
    UNKNOWN,
    *SAID,
)
