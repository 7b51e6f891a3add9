"""Who has something due: senders that may send, and what waits of each.

Looking for them goes from sender to sender through an index, and costs the same however much
each has queued.
"""

from collections.abc import Callable, Mapping, Sequence
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

from core.cascade.limits import NO_LIMITS, Limits, limits_of
from core.store import inbox as arrivals
from core.store import paces, records
from core.store.attempts import VIA, Via, details_of, via_of
from core.store.paces import Owner
from core.store.tables import (
    UtcTime,
    accounts,
    attempts,
    breakers,
    cascades,
    inbox,
    senders,
)
from core.values import dataclass

UsualLimits = Callable[[str], Limits]  # a provider's


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A sender that has something due, and the limits of it and of its account.

    `held`: its account has unread events. `faulty`: something is broken there.
    """

    id: int
    account_id: int
    via: Via
    held: bool
    faulty: bool
    limits: Mapping[Owner, Limits]  # only where there are any

    @property
    def owner(self) -> Owner:
        """Itself, where it has limits."""
        return self.account_id, self.id

    @property
    def account(self) -> Owner:
        """Its account, where that has."""
        return self.account_id, 0

    @property
    def by_person(self) -> list[Owner]:
        """Those to whom it matters whom a message goes to."""
        return [owner for owner, limits in self.limits.items() if limits.by_person]


def busy_senders(
    tx: Connection,
    channel: str,
    now: datetime,
    usual: UsualLimits,
    *,
    after: int,
    most: int,
) -> list[Busy]:
    """Senders of a channel that have something due and may send; ids above `after`, in order."""
    values = {"channel": channel, "now": now, "after": after, "most": most}
    return [_busy(row, usual) for row in tx.execute(_BUSY, values).mappings()]


def due_of(
    tx: Connection, channel: str, sender: Busy, now: datetime, most: int
) -> Sequence[records.Row]:
    """What a sender has due, oldest first, not in another worker's hands; ours from now on.

    Each is its `details_of`, with when its person got the latest from the sender
    (`times_by_sender`) and from the account (`times_by_account`).
    """
    values = {"channel": channel, "sender": sender.id, "now": now, "most": most}
    return tx.execute(_DUE, values).mappings().all()


def _busy(row: records.Row, usual: UsualLimits) -> Busy:
    own = limits_of(usual(row["sender_provider"]), row["sender_limits"])
    whole = limits_of(NO_LIMITS, row["account_limits"])
    account_id = row["sender_account_id"]
    both = {(account_id, row["id"]): own, (account_id, 0): whole}
    return Busy(
        id=row["id"],
        account_id=account_id,
        via=via_of(row),
        held=bool(row["held"]),
        faulty=bool(row["faulty"]),
        limits={owner: limits for owner, limits in both.items() if limits != NO_LIMITS},
    )


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
