"""Who sends next: attempts that are due, sender by sender, as fast as limits allow.

Every sender that has something due gets an equal share of a batch, so that one with a million
messages does not delay another's single one.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from sqlalchemy import Connection

from core.cascade.limits import (
    NO_LIMITS,
    Pace,
    allowance,
    full_until,
    spend,
    used_up_until,
)
from core.store import paces, records
from core.store.attempts import Claimed, claimed
from core.store.busy import Busy, UsualLimits, busy_senders, due_of
from core.store.many import update_each
from core.store.paces import Owner, Person
from core.store.tables import attempts
from core.store.turns import Turns
from core.values import dataclass

USED_UP, FULL = "used_up", "full"  # why an attempt that is due may not go


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

    def look(after: int, most: int) -> list[Busy]:
        return busy_senders(tx, channel, now, usual, after=after, most=most)

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

    def take(self, busy: Sequence[Busy]) -> None:
        """A fair share from each, as far as limits allow."""
        owners = {owner for one in busy for owner in one.limits}
        self.ours = paces.lock(self.tx, owners)
        for place, sender in enumerate(busy):
            left = self.limit - len(self.claims.taken) - len(self.claims.refused)
            share = -(-left // (len(busy) - place))
            # A sender by which another worker is sending right now is left to it.
            if share and sender.limits.keys() <= self.ours.keys():
                self._take_from(sender, share)

    def _take_from(self, sender: Busy, share: int) -> None:
        if refusal := self._used_up(sender):
            due = self._due(sender, share)
            self.claims.refused |= {row["reference"]: refusal for row in due}
        elif most := self._allowance(sender, share):
            due = self._due(sender, most)
            if sender.limits:
                due = self._counted(sender, due)
            self.claims.taken += [row["reference"] for row in due]

    def _used_up(self, sender: Busy) -> Limited | None:
        for owner, limits in sender.limits.items():
            if until := used_up_until(self.ours[owner], limits, self.now):
                own = owner == sender.owner
                return Limited(code=USED_UP, until=until if own else None)
        return None

    def _allowance(self, sender: Busy, share: int) -> int:
        most = (
            allowance(self.ours[owner], limits, self.now)
            for owner, limits in sender.limits.items()
        )
        return min([share, *(one for one in most if one is not None)])

    def _due(self, sender: Busy, most: int) -> Sequence[records.Row]:
        due = due_of(self.tx, self.channel, sender, self.now, most)
        self.claims.due += [claimed(row, sender.via, self.now) for row in due]
        return due

    def _counted(
        self, sender: Busy, due: Sequence[records.Row]
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

    def _look_up(self, sender: Busy, due: Sequence[records.Row]) -> None:
        """What was known of them. Of whom another sender has had a turn with, we know more."""
        for owner in sender.by_person:
            whose = "times_by_sender" if owner == sender.owner else "times_by_account"
            for row in due:
                times = paces.moments(row[whose])
                self.latest.setdefault((owner, row["recipient_key"]), times)

    def _may_go(self, sender: Busy, row: records.Row) -> bool:
        reference = row["reference"]
        if self._is_full(sender, row):
            self.claims.refused[reference] = Limited(code=FULL)
            return False
        if free_at := self._free_at(sender, row):
            self.claims.put_off[reference] = free_at
            return False
        return True

    def _is_full(self, sender: Busy, row: records.Row) -> bool:
        limit = sender.limits.get(sender.account, NO_LIMITS).per_person_per_day
        if not limit or row["definition"]["purpose"] == "authentication":
            return False
        times = self.latest[sender.account, row["recipient_key"]]
        return full_until(times, limit, self.now) is not None

    def _free_at(self, sender: Busy, row: records.Row) -> datetime | None:
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

    def _give(self, sender: Busy, row: records.Row) -> datetime | None:
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
