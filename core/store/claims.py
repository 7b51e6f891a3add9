"""Who sends next: attempts that are due, sender by sender, as fast as limits allow.

Every sender that has something due gets an equal share of a batch, so that one with a million
messages does not delay another's single one. Looking for them goes from sender to sender
through an index, and costs the same however much each has queued.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    select,
)

from core.cascade.limits import (
    NO_LIMITS,
    Limits,
    Pace,
    allowance,
    full_until,
    limits_of,
    spend,
    used_up_until,
)
from core.store import inbox as arrivals
from core.store import paces, records
from core.store.attempts import VIA, Claimed, Via, claimed, details_of, via_of
from core.store.many import update_each
from core.store.paces import Owner, Person
from core.store.tables import (
    UtcTime,
    accounts,
    attempts,
    breakers,
    cascades,
    inbox,
    senders,
)
from core.store.turns import Turns

USED_UP, FULL = "used_up", "full"  # why an attempt that is due may not go

UsualLimits = Callable[[str], Limits]  # a provider's


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """Why an attempt that is due may not go.

    `until` is when its sender may send again; None if its account or its person has had enough.
    """

    code: str
    until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Claims:
    """What a worker took, and what it had to leave.

    `taken` may be sent; `refused` are ours too, but may not go; `put_off` go a little later.
    `due` are all of them. `held` are accounts with unread events, `faulty` those in which
    something is broken. `paces` and `times` are what counts from now on, where limits ask for it.
    """

    due: list[Claimed] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    refused: dict[str, Limited] = field(default_factory=dict)
    put_off: dict[str, datetime] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    faulty: set[int] = field(default_factory=set)
    paces: dict[Owner, Pace] = field(default_factory=dict)
    times: dict[Person, list[datetime]] = field(default_factory=dict)

    @property
    def ours(self) -> list[Claimed]:
        """What this worker took, to be sent or to be refused."""
        return [one for one in self.due if one.reference not in self.put_off]

    @property
    def any(self) -> bool:
        """Whether anything came of it."""
        return bool(self.taken or self.refused or self.put_off)


def claim(
    tx: Connection,
    channel: str,
    now: datetime,
    limit: int,
    *,
    usual: UsualLimits,
    turns: Turns,
) -> Claims:
    """Choose attempts that are due, to be taken in this transaction (`save`, `attempts.take`).

    Each is given to one worker only: until this transaction ends, nobody else can choose it.
    Nothing is chosen of an account that has unread events: they may call off what is due.
    """

    def look(after: int, most: int) -> list[_Busy]:
        values = {"channel": channel, "now": now, "after": after, "most": most}
        return [_busy(row, usual) for row in tx.execute(_BUSY, values).mappings()]

    busy = turns.take(channel, look, limit)
    claiming = _Claiming(tx, channel, now, limit)
    claims = claiming.claims
    claims.held = {one.account_id for one in busy if one.held}
    claims.faulty = {one.account_id for one in busy if one.faulty}
    claiming.take([one for one in busy if not one.held])
    return claims


def save(tx: Connection, claims: Claims) -> None:
    """Put off and count what was decided, whatever becomes of it."""
    put_off = claims.put_off.items()
    rows = [{"key": key, "due_at": at} for key, at in put_off]
    update_each(tx, attempts.c.reference, rows)
    paces.save(tx, claims.paces)
    paces.write_down(tx, claims.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Busy:
    """A sender that has something due, and the limits of it and of its account."""

    id: int
    account_id: int
    via: Via
    held: bool
    faulty: bool
    limits: Mapping[Owner, Limits]  # only where there are any

    @property
    def owner(self) -> Owner:
        return self.account_id, self.id

    @property
    def account(self) -> Owner:
        return self.account_id, 0

    @property
    def by_person(self) -> list[Owner]:
        """Those to whom it matters whom a message goes to."""
        return [owner for owner, limits in self.limits.items() if limits.by_person]


def _busy(row: records.Row, usual: UsualLimits) -> _Busy:
    own = limits_of(usual(row["sender_provider"]), row["sender_limits"])
    whole = limits_of(NO_LIMITS, row["account_limits"])
    account_id = row["sender_account_id"]
    both = {(account_id, row["id"]): own, (account_id, 0): whole}
    return _Busy(
        id=row["id"],
        account_id=account_id,
        via=via_of(row),
        held=bool(row["held"]),
        faulty=bool(row["faulty"]),
        limits={owner: limits for owner, limits in both.items() if limits != NO_LIMITS},
    )


@dataclass
class _Claiming:
    """A batch on its way."""

    tx: Connection
    channel: str
    now: datetime
    limit: int
    claims: Claims = field(default_factory=Claims)
    ours: dict[Owner, Pace] = field(default_factory=dict)
    latest: dict[Person, list[datetime]] = field(default_factory=dict)
    in_line: dict[Person, datetime] = field(default_factory=dict)  # free for the next

    def take(self, busy: Sequence[_Busy]) -> None:
        """A fair share from each, as far as limits allow."""
        owners = {owner for one in busy for owner in one.limits}
        self.ours = paces.lock(self.tx, owners)
        for place, sender in enumerate(busy):
            left = self.limit - len(self.claims.taken) - len(self.claims.refused)
            share = -(-left // (len(busy) - place))
            # A sender by which another worker is sending right now is left to it.
            if share and sender.limits.keys() <= self.ours.keys():
                self._take_from(sender, share)

    def _take_from(self, sender: _Busy, share: int) -> None:
        if refusal := self._used_up(sender):
            due = self._due(sender, share)
            self.claims.refused |= {row["reference"]: refusal for row in due}
        elif most := self._allowance(sender, share):
            due = self._due(sender, most)
            if sender.limits:
                due = self._counted(sender, due)
            self.claims.taken += [row["reference"] for row in due]

    def _used_up(self, sender: _Busy) -> Limited | None:
        for owner, limits in sender.limits.items():
            if until := used_up_until(self.ours[owner], limits, self.now):
                own = owner == sender.owner
                return Limited(code=USED_UP, until=until if own else None)
        return None

    def _allowance(self, sender: _Busy, share: int) -> int:
        most = (
            allowance(self.ours[owner], limits, self.now)
            for owner, limits in sender.limits.items()
        )
        return min([share, *(one for one in most if one is not None)])

    def _due(self, sender: _Busy, most: int) -> Sequence[records.Row]:
        values = {"channel": self.channel, "sender": sender.id, "now": self.now}
        due = self.tx.execute(_DUE, {**values, "most": most}).mappings().all()
        self.claims.due += [claimed(row, sender.via, self.now) for row in due]
        return due

    def _counted(
        self, sender: _Busy, due: Sequence[records.Row]
    ) -> Sequence[records.Row]:
        """Those of the due that may go, counted against every limit."""
        before: list[datetime | None] = []
        going = []
        self._look_up(sender, due)
        for row in due:
            if self._may_go(sender, row):
                going.append(row)
                before.append(self._give(sender, row))
        for owner, limits in sender.limits.items():
            self.ours[owner] = spend(self.ours[owner], limits, self.now, before)
            self.claims.paces[owner] = self.ours[owner]
        return going

    # --- People

    def _look_up(self, sender: _Busy, due: Sequence[records.Row]) -> None:
        """What was known of them. Of whom another sender has had a turn with, we know more."""
        for owner in sender.by_person:
            whose = "times_by_sender" if owner == sender.owner else "times_by_account"
            for row in due:
                times = paces.moments(row[whose])
                self.latest.setdefault((owner, row["recipient_key"]), times)

    def _may_go(self, sender: _Busy, row: records.Row) -> bool:
        reference = row["reference"]
        if self._is_full(sender, row):
            self.claims.refused[reference] = Limited(code=FULL)
            return False
        if free_at := self._free_at(sender, row):
            self.claims.put_off[reference] = free_at
            return False
        return True

    def _is_full(self, sender: _Busy, row: records.Row) -> bool:
        limit = sender.limits.get(sender.account, NO_LIMITS).per_person_per_day
        if not limit or row["definition"]["purpose"] == "authentication":
            return False
        times = self.latest[sender.account, row["recipient_key"]]
        return full_until(times, limit, self.now) is not None

    def _free_at(self, sender: _Busy, row: records.Row) -> datetime | None:
        """When this person may have it, if not now. Whoever waits stands in line."""
        pause = sender.limits.get(sender.owner, NO_LIMITS).per_person
        if not pause:
            return None
        person = (sender.owner, row["recipient_key"])
        times = self.latest[person]
        free_at = times[-1] + pause if times else self.now
        if free_at <= self.now:
            return None
        free_at = max(free_at, self.in_line.get(person, free_at))
        self.in_line[person] = free_at + pause
        return free_at

    def _give(self, sender: _Busy, row: records.Row) -> datetime | None:
        """A person gets one. When they had got their last from this sender."""
        before: datetime | None = None
        for owner in sender.by_person:
            person = (owner, row["recipient_key"])
            times, kept = self.latest[person], 1
            if owner == sender.owner:
                before = times[-1] if times else None
            elif row["definition"]["purpose"] == "authentication":
                continue
            else:
                kept = sender.limits[owner].per_person_per_day or 1
            self.latest[person] = [*times, self.now][-kept:]
            self.claims.times[person] = self.latest[person]
        return before


# --- Looking for work ------------------------------------------------------------------------

_NOW = bindparam("now", type_=UtcTime)


def has_work(channel: str) -> ColumnElement[bool]:
    """Whether a sender of a channel has something due and may send. Takes `now`."""
    return _busy_senders(literal_column(f"'{channel}'"), literal_column("0")).exists()


def _busy_senders(
    channel: ColumnElement[str], after: ColumnElement[int]
) -> Select[Any]:
    walk = _walk(channel, after)
    queued = _is_queued(attempts, channel, walk.c.id)
    # As the least of them: with EXISTS, PostgreSQL may read all that are due and join them.
    first = select(func.min(attempts.c.due_at)).where(queued).scalar_subquery()
    return (
        select(walk.c.id)
        .join(senders, senders.c.id == walk.c.id)
        .where(
            first <= _NOW,
            ~paces.is_busy(senders.c.account_id, senders.c.id, _NOW),
        )
    )


def _walk(channel: ColumnElement[str], after: ColumnElement[int]) -> CTE:
    """The senders that have something queued, by hopping from one to the next."""
    here, there = attempts.alias(), attempts.alias()
    first = select(func.min(here.c.sender_id)).where(
        _is_queued(here, channel), here.c.sender_id > after
    )
    walk = select(first.scalar_subquery().label("id")).cte(recursive=True)
    following = select(func.min(there.c.sender_id)).where(
        _is_queued(there, channel), there.c.sender_id > walk.c.id
    )
    hop = select(following.scalar_subquery()).where(walk.c.id.is_not(None))
    return walk.union_all(hop)


def _is_queued(
    table: Any, channel: ColumnElement[str], sender: ColumnElement[int] | None = None
) -> ColumnElement[bool]:
    # Written out: as a parameter, the state would hide the partial index.
    state: ColumnElement[str] = literal_column("'queued'")
    queued = and_(table.c.state == state, table.c.channel == channel)
    return queued if sender is None else and_(queued, table.c.sender_id == sender)


def _has_events() -> ColumnElement[bool]:
    events = arrivals.unread(arrivals.EVENT, senders.c.account_id)
    first = events.with_only_columns(func.min(inbox.c.id)).scalar_subquery()
    return first.is_not(None)


_CHANNEL = bindparam("channel", type_=attempts.c.channel.type)
_BUSY = (
    _busy_senders(_CHANNEL, bindparam("after"))
    .add_columns(
        *VIA,
        accounts.c.limits.label("account_limits"),
        _has_events().label("held"),
        exists().where(breakers.c.account_id == senders.c.account_id).label("faulty"),
    )
    .join(accounts, accounts.c.id == senders.c.account_id)
    .order_by("id")
    .limit(bindparam("most"))
)
# They are locked and counted before anything is joined to them.
_FIRST = (
    select(
        *attempts.c["reference", "account_id", "cascade_id", "sender_id", "number"],
        *attempts.c["step", "channel", "until", "due_at"],
    )
    .where(
        _is_queued(attempts, _CHANNEL, bindparam("sender")), attempts.c.due_at <= _NOW
    )
    .order_by(attempts.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .subquery("first")
)
_PERSON = (_FIRST.c.account_id, cascades.c.recipient_key)
_DUE = details_of(_FIRST).add_columns(
    paces.times_to(*_PERSON, _FIRST.c.sender_id).label("times_by_sender"),
    paces.times_to(*_PERSON, literal(0)).label("times_by_account"),
)
