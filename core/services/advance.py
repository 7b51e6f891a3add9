"""Load cascades, let the machine decide, save. Everything that happens comes through here."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.commands import Ask, Command, Send
from core.cascade.events import Answered, Event, Reported, Started, TimedOut
from core.cascade.machine import decide
from core.cascade.model import Cascade
from core.cascade.status import news
from core.services.lessons import Change, learn, may_trip
from core.services.outlook import Outlook
from core.store import breakers, cascades, decisions, setup
from core.store.breakers import Taken
from core.store.cascades import Loaded
from core.store.decisions import NOTHING, Decided, Exchanged
from core.store.work import QUESTIONS

AT_ONCE = 100  # so many are decided while PostgreSQL writes down those before them


def advance(
    app: Everreach,
    tx: Connection,
    happened: Sequence[tuple[str, Event]],
    now: datetime,
    exchanged: Exchanged = NOTHING,
    taken: Collection[Taken] = (),
) -> set[str]:
    """Tell each cascade what happened to it, in order. The lanes that may now have work.

    `happened` are (cascade id, event) pairs; one cascade may stand in several. Attempts that
    are `exchanged` are let go of, each of a cascade to which something happened. `taken` is what
    providers took at the same moment.
    """
    if not happened:
        return set()
    advancing = _Advancing(app, tx, now, happened)
    told, senders = list(_by_cascade(happened).items()), advancing.senders
    with app.store.pipeline(tx):
        for first in range(0, len(told), AT_ONCE):
            decided = [advancing.tell(*one) for one in told[first : first + AT_ONCE]]
            decisions.save(tx, decided, now, senders=senders, exchanged=exchanged)
    learn(tx, advancing.changes, now, advancing.faulty, taken)
    return advancing.lanes


class _Advancing:
    """Some cascades on their way."""

    def __init__(
        self,
        app: Everreach,
        tx: Connection,
        now: datetime,
        happened: Sequence[tuple[str, Event]],
    ) -> None:
        self._now = now
        self._loaded = cascades.load(tx, (cascade_id for cascade_id, _ in happened))
        accounts = {one.account["id"] for one in self._loaded.values()}
        failing = {self._account(one) for one, event in happened if may_trip(event)}
        self.faulty = breakers.lock(tx, accounts, failing)
        sending = {cascade_id for cascade_id, event in happened if _may_send(event)}
        watched = [self._loaded[cascade_id] for cascade_id in sending]
        self.senders: decisions.Senders = decisions.NO_SENDERS
        self._outlook: Outlook | None = None
        if watched:
            self.senders = setup.senders_of(tx, {one.account["id"] for one in watched})
            self._outlook = Outlook(
                app=app,
                tx=tx,
                now=now,
                loaded=watched,
                senders=self.senders,
                faulty=self.faulty,
            )
        self.changes: list[Change] = []
        self.lanes: set[str] = set()

    def _account(self, cascade_id: str) -> int:
        return int(self._loaded[cascade_id].account["id"])

    def tell(self, cascade_id: str, events: Sequence[Event]) -> Decided:
        """What is decided about a cascade to which all this happened."""
        loaded = self._loaded[cascade_id]
        cascade, commands = loaded.cascade, list[Command]()
        for event in events:
            if self._outlook and _may_send(event):
                cascade = self._outlook.of(loaded, cascade, event)
            after, following = decide(cascade, event, self._now)
            self.changes += _changes(loaded, cascade, after)
            self._follow(loaded, after, following)
            cascade = after
            commands += following
        return Decided(
            account_id=loaded.account["id"],
            before=loaded.cascade,
            after=cascade,
            commands=commands,
        )

    def _follow(
        self, loaded: Loaded, after: Cascade, commands: Sequence[Command]
    ) -> None:
        for command in commands:
            if isinstance(command, Ask):
                self.lanes.add(QUESTIONS)
            if isinstance(command, Send):
                attempt = after.attempts[command.attempt]
                self.lanes.add(attempt.channel)
                assert self._outlook
                step = after.steps[attempt.step]
                self._outlook.sending(loaded, step, attempt.sender)


def _may_send(event: Event) -> bool:
    if isinstance(event, Reported):
        return event.marks.failed_at is not None
    return isinstance(event, Started | Answered | TimedOut)


def _by_cascade(happened: Sequence[tuple[str, Event]]) -> dict[str, list[Event]]:
    told: dict[str, list[Event]] = {}
    for cascade_id, event in happened:
        told.setdefault(cascade_id, []).append(event)
    return told


def _changes(loaded: Loaded, before: Cascade, after: Cascade) -> Iterator[Change]:
    """The attempts that were there before and are different now."""
    for was, now in zip(before.attempts, after.attempts, strict=False):
        if was != now:
            known = frozenset(news(was.marks, now.marks))
            yield Change(loaded=loaded, before=was, after=now, news=known)
