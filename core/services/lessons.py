"""What is learnt from what happened to a message, for the messages to come."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Suppression
from core.cascade.events import Event, Reported
from core.cascade.model import Attempt, Fate
from core.cascade.status import Failure, FailureClass, Scope, Until
from core.store import breakers, memory, notices, people, records, replies
from core.store.breakers import Fault, Taken
from core.store.cascades import Loaded
from core.store.memory import Whom
from core.store.people import Person
from core.values import dataclass

log = structlog.get_logger()

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# So many refusals in a row open a breaker. One word about the account is enough; a template is
# also refused for what a single message says in it.
ENOUGH = {FailureClass.HALT: 1, FailureClass.TEMPLATE: 3}
OUR_OWN = frozenset(
    {"breaker", "content", "expired", "opted_out", "removed"}
)  # no provider said so

_ARRIVED = ("delivered_at", "read_at", "clicked_at", "replied_at")
_FURTHER = ("sent_at", *_ARRIVED)  # than being accepted

SENDER_BROKEN, TEMPLATE_REFUSED = "sender_broken", "template_refused"


def may_trip(event: Event) -> bool:
    """Whether an event may tell that something is broken."""
    failure = event.marks.failure if isinstance(event, Reported) else None
    return failure is not None and failure.kind in ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An attempt before and after something happened to it."""

    loaded: Loaded
    before: Attempt
    after: Attempt
    news: frozenset[str]  # the marks that it did not have before

    @property
    def whom(self) -> Whom:
        """To whom the attempt goes."""
        address = self.loaded.cascade.recipient.address(self.after.channel)
        return Whom(
            account_id=self.loaded.account["id"],
            channel=self.after.channel,
            address=address or "",
        )

    @property
    def account_id(self) -> int:
        """Whose it is."""
        return int(self.loaded.account["id"])

    @property
    def person(self) -> Person:
        """To whom the attempt goes, on any channel."""
        return self.account_id, self.whom.address

    @property
    def template(self) -> str:
        """The template that it uses, or `""`."""
        locale = self.loaded.cascade.recipient.locale
        return records.template_of(self.loaded.definition, self.after.channel, locale)

    @property
    def was_accepted(self) -> bool:
        """Whether its provider had accepted it before this."""
        return self.before.marks.accepted_at is not None

    @property
    def failure(self) -> Failure | None:
        """The failure that has just become known, unless the message has arrived."""
        return self.after.failure if self.is_new("failed_at") else None

    def is_new(self, *names: str) -> bool:
        """Whether one of these facts has just become known."""
        return not self.news.isdisjoint(names)

    @property
    def was_unread(self) -> bool:
        """Whether its time to be read has just run out on the person's device."""
        marks, over = self.after.marks, self.after.fate is Fate.TIMED_OUT
        asked = self.after.until is Until.READ and marks.arrived and not marks.seen
        return asked and over and not self.before.fate


def forget_everybody(app: Everreach) -> None:
    """Know nothing of anybody's phone any more, in any account."""
    with app.store.write() as tx:
        memory.forget_all(tx)


def learn(
    tx: Connection,
    changes: Sequence[Change],
    now: datetime,
    faulty: Collection[int],
    taken: Collection[Taken] = (),
) -> None:
    """Remember what these changes say of people and senders.

    `faulty` are the accounts in which something is broken or may be from now on; they are
    locked. `taken` is what providers took at the same moment besides.
    """
    works = {_taken(change) for change in changes if _works(change)}
    arrived = [c for c in changes if c.is_new(*_ARRIVED)]
    memory.forget(tx, {change.whom for change in arrived})
    memory.was_read(tx, {change.whom for change in changes if change.is_new("read_at")})
    for change in changes:
        if change.was_unread:
            memory.was_unread(tx, change.whom)
        if change.is_new("clicked_at", "replied_at") and not change.after.marks.read_at:
            memory.answered_unread(tx, change.whom)
        if change.failure:
            _fail(tx, change, change.failure, now)
            if change.failure.code not in OUR_OWN:
                _trip(tx, change, change.failure, now, works.union(taken))
    mend(tx, {one for one in works if one.account_id in faulty}, now)


def _fail(tx: Connection, change: Change, failure: Failure, now: datetime) -> None:
    if failure.kind is FailureClass.NEXT and failure.remember:
        memory.remember(tx, change.whom, failure.code, now, now + failure.remember)
    told = failure.code not in OUR_OWN
    if failure.kind is FailureClass.UNKNOWN and told:
        # Somebody may know what it means: the tables and `failures` are there for that.
        about = {"sender": change.after.sender, "channel": change.after.channel}
        log.warning("unknown_failure_code", code=failure.code, **about)
    if failure.kind is FailureClass.SUPPRESS and told and change.whom.address:
        _suppress(tx, change, failure, now)
    if failure.kind is FailureClass.WINDOW:
        replies.close_window(tx, change.person, change.after.channel)


def _suppress(tx: Connection, change: Change, failure: Failure, now: datetime) -> None:
    """Heed an opt-out that only the provider has heard of, as far as that means it."""
    scope = failure.scope or Scope.SENDER
    here = Suppression(
        channel=change.after.channel,
        sender=change.after.sender if scope is Scope.SENDER else None,
        scope=scope,
        source=f"code {failure.code}",
        at=now,
    )
    # Who stopped a sender asked it by STOP, and who says that wants no marketing anywhere.
    wide = replace(here, channel=None, sender=None, scope=Scope.CHANNEL_MARKETING)
    for suppression in (here, wide) if scope is Scope.SENDER else (here,):
        people.suppress(tx, change.person, suppression)


def _trip(
    tx: Connection,
    change: Change,
    failure: Failure,
    now: datetime,
    works: Collection[Taken],
) -> None:
    """Count against the sender, and stop using it for a while once it is enough.

    A template that others are taken with at the same moment is not what is wrong.
    """
    if failure.kind not in ENOUGH:
        return
    template = change.template if failure.kind is FailureClass.TEMPLATE else ""
    if failure.kind is FailureClass.TEMPLATE and not template:
        return
    if template and any(_is_taken(change, template, one) for one in works):
        return
    fault = Fault(
        account_id=change.account_id,
        sender=change.after.sender,
        template=template,
        code=failure.code,
        detail=failure.detail,
        later=change.was_accepted,
    )
    failures = breakers.count_fault(tx, fault, change.loaded.cascade.id, now)
    times = failures - ENOUGH[failure.kind]
    if times >= 0:
        pause = min(FIRST_PAUSE * 2 ** min(times, 10), LONGEST_PAUSE)
        breakers.keep_open(tx, fault, now + pause)
        facts = {"code": failure.code, "detail": failure.detail, "template": template}
        kind = TEMPLATE_REFUSED if template else SENDER_BROKEN
        notices.post(tx, change.account_id, kind, _about(fault), facts, now)


def _is_taken(change: Change, template: str, taken: Taken) -> bool:
    """Whether another message went by the same, and got further than this one."""
    same = (change.account_id, change.after.sender, template)
    further = taken.proved or not change.was_accepted
    return further and (taken.account_id, taken.sender, taken.template) == same


def mend(tx: Connection, taken: Collection[Taken], now: datetime) -> None:
    """What a provider takes works; what it refuses for another reason, works for all that.

    Their accounts are locked.
    """
    for fault in breakers.close(tx, taken):
        kind = TEMPLATE_REFUSED if fault.template else SENDER_BROKEN
        notices.resolve(tx, fault.account_id, kind, _about(fault), now)


def _taken(change: Change) -> Taken:
    return Taken(
        account_id=change.account_id,
        sender=change.after.sender,
        template="" if change.failure else change.template,
        cascade_id=change.loaded.cascade.id,
        proved=change.is_new(*_FURTHER) or change.was_accepted,
    )


def _works(change: Change) -> bool:
    failure = change.after.failure
    if failure and failure.kind is FailureClass.HALT:
        return False  # accepted, for all we have just heard, but refused by now
    taken = change.is_new("accepted_at", *_FURTHER)
    return taken or _clears_the_sender(change.failure)


def _clears_the_sender(failure: Failure | None) -> bool:
    """Whether a provider has looked at the message itself, so that the account is in order."""
    if failure is None or failure.code in OUR_OWN:
        return False
    return failure.kind in (
        FailureClass.NEXT,
        FailureClass.SUPPRESS,
        FailureClass.TEMPLATE,
        FailureClass.WINDOW,
    )


def _about(fault: Fault) -> str:
    return f"{fault.sender} {fault.template}".strip()
