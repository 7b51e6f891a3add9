"""Who may be written to, on which channel, for which purpose.

What a person agreed to and what they refused are two logs. Both may be learnt late and in any
order: the times in them decide, not the order in which they are known.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from core.cascade.model import Channel
from core.cascade.status import Scope
from core.values import dataclass


class Purpose(StrEnum):
    """Why a message is written."""

    AUTHENTICATION = "authentication"  # a code that the person has just asked for
    TRANSACTIONAL = "transactional"  # about something they bought or booked
    SERVICE = "service"  # about their relation to the business
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's yes or no to a purpose; on every channel if `channel` is None.

    `source` says how we know, as `form at the desk`.
    """

    channel: Channel | None = None
    purpose: Purpose
    given: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An opt-out, or its end if `lifted`. `channel` and `sender` of None mean every one.

    `sender` is a sender's key; `words` are what the person wrote, if they did.
    """

    channel: Channel | None = None
    sender: str | None = None
    scope: Scope
    source: str
    at: datetime
    words: str = ""
    lifted: bool = False

    def concerns(self, channel: Channel, sender: str) -> bool:
        """Whether it speaks of what this sender sends on this channel."""
        return self.channel in (None, channel) and self.sender in (None, sender)


class Refused(StrEnum):
    """Why a message may not be sent."""

    NO_CONSENT = "no_consent"
    WITHDRAWN = "consent_withdrawn"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a message may not be sent, and how we know. Nothing is known of NO_CONSENT."""

    why: Refused
    purpose: Purpose
    scope: Scope | None = None
    source: str = ""
    at: datetime | None = None
    words: str = ""

    @property
    def reason(self) -> str:
        """Half a sentence."""
        match self.why, self.scope:
            case Refused.OPTED_OUT, scope if scope:
                return f"{_OPTED_OUT[scope]} ({self.source})"
            case Refused.WITHDRAWN, _:
                return f"they withdrew their consent to {self.purpose} messages ({self.source})"
            case _:
                return f"there is no consent to {self.purpose} messages"


_OPTED_OUT = {
    Scope.SENDER: "they want nothing from this sender",
    Scope.CHANNEL_MARKETING: "they want no marketing there",
    Scope.EVERYWHERE: "they want no messages at all",
}

_BARS = {
    Scope.SENDER: frozenset(Purpose),
    Scope.CHANNEL_MARKETING: frozenset({Purpose.MARKETING}),
    Scope.EVERYWHERE: frozenset(Purpose) - {Purpose.AUTHENTICATION},
}


def why_not(
    purpose: Purpose,
    channel: Channel,
    sender: str,
    consents: Iterable[Consent],
    suppressions: Iterable[Suppression],
) -> Refusal | None:
    """Why this sender may not write to a person there; None if it may."""
    if stop := _stop(purpose, channel, sender, suppressions):
        return Refusal(
            why=Refused.OPTED_OUT,
            purpose=purpose,
            scope=stop.scope,
            source=stop.source,
            at=stop.at,
            words=stop.words,
        )
    last = _last_word(purpose, channel, consents)
    if last and not last.given:
        return Refusal(
            why=Refused.WITHDRAWN, purpose=purpose, source=last.source, at=last.at
        )
    if purpose is Purpose.MARKETING and not last:
        return Refusal(why=Refused.NO_CONSENT, purpose=purpose)
    return None


def _last_word(
    purpose: Purpose, channel: Channel, consents: Iterable[Consent]
) -> Consent | None:
    """What the person said last; at the same time, the no counts."""
    said = (
        one
        for one in consents
        if one.purpose is purpose and one.channel in (None, channel)
    )
    return max(said, key=lambda one: (one.at, not one.given, one.source), default=None)


def _stop(
    purpose: Purpose,
    channel: Channel,
    sender: str,
    suppressions: Iterable[Suppression],
) -> Suppression | None:
    """The last opt-out that stands in the way and was not lifted later."""
    told = [
        one
        for one in suppressions
        if purpose in _BARS[one.scope] and one.concerns(channel, sender)
    ]
    standing = (
        stop
        for stop in told
        if not stop.lifted and not any(_lifts(other, stop) for other in told)
    )
    return max(
        standing,
        key=lambda one: (one.at, one.scope, one.source, one.words),
        default=None,
    )


def _lifts(start: Suppression, stop: Suppression) -> bool:
    # Who stopped one channel by name does not start it by a word on another: a start lifts
    # what is as wide as itself, or wider where it speaks of it.
    return (
        start.lifted
        and start.at > stop.at
        and start.scope is stop.scope
        and stop.channel in (None, start.channel)
        and stop.sender in (None, start.sender)
    )


def asked_to_stop(
    channel: Channel,
    sender: str,
    source: str,
    at: datetime,
    words: str = "",
    *,
    lifted: bool = False,
) -> tuple[Suppression, Suppression]:
    """What STOP to a sender means: nothing more from it, and no marketing anywhere.

    With `lifted`, what START means, which ends both.
    """
    here = Suppression(
        channel=channel,
        sender=sender,
        scope=Scope.SENDER,
        source=source,
        at=at,
        words=words,
        lifted=lifted,
    )
    wide = replace(here, channel=None, sender=None, scope=Scope.CHANNEL_MARKETING)
    return here, wide
