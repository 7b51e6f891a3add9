"""Senders that providers refuse, whole or for one template. A row goes as soon as the provider
accepts again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    or_,
    select,
    text,
    tuple_,
    update,
)

from core.store.many import among
from core.store.tables import breakers
from core.store.upsert import insert_or_update
from core.values import dataclass

_KEY = ("account_id", "sender", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a provider refused: a sender as a whole (`template` is `""`) or one template.

    `later`: it had accepted the message first, so that accepting the next one proves nothing.
    """

    account_id: int
    sender: str
    template: str
    code: str
    detail: str
    later: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker(Fault):
    """What is known of a fault. Its breaker is open once it has a `retry_at`.

    Until then nobody uses it but the cascade that is its `probe`; from then on another one may.
    """

    failures: int
    since: datetime
    failed_at: datetime
    retry_at: datetime | None
    probe: str | None

    def stops(self, cascade_id: str) -> bool:
        """Whether it keeps a cascade from sending what it has decided to."""
        return self.retry_at is not None and self.probe != cascade_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that a provider has taken: whose, by which sender, with which template.

    `proved`: more is known than that it was accepted.
    """

    account_id: int
    sender: str
    template: str
    cascade_id: str
    proved: bool


Breakers = dict[tuple[int, str, str], Breaker]  # by account, sender and template


def lock(
    tx: Connection, accounts: Collection[int], failing: Collection[int] = ()
) -> set[int]:
    """Those of these accounts in which something is broken, and those that are `failing`.

    Nobody else can change what is broken in them until this transaction ends. Who wants to,
    comes here first, and once, so that all come in one order. To lock rows would not do: what
    breaks has none yet, and what happens to several accounts does so in any order.
    """
    faulty = {*tx.scalars(_FAULTY, {"accounts": accounts}), *failing}
    if faulty and tx.dialect.name == "postgresql":
        tx.execute(_LOCK, {"accounts": sorted(faulty)})
    return faulty


_FAULTY = (
    select(breakers.c.account_id)
    .where(among(breakers.c.account_id, "accounts"))
    .distinct()
)
_LOCK = text(
    "SELECT pg_advisory_xact_lock(1651663979, account) FROM unnest(CAST(:accounts AS int[])) account"
)  # the number stands for breakers


def breakers_of(tx: Connection, accounts: Collection[int]) -> Breakers:
    """What is wrong in these accounts."""
    rows = tx.execute(_ALL, {"accounts": accounts}).mappings()
    found = (Breaker(**row) for row in rows)
    return {(one.account_id, one.sender, one.template): one for one in found}


_FAULT = (*_KEY, "code", "detail", "later")
_COLUMNS = [
    breakers.c[name]
    for name in (*_FAULT, "failures", "since", "failed_at", "retry_at", "probe")
]
_ALL = select(*_COLUMNS).where(among(breakers.c.account_id, "accounts"))


def count_fault(tx: Connection, fault: Fault, cascade_id: str, now: datetime) -> int:
    """One more failure, in an account that is locked. How many there were in a row.

    0 if this one says nothing new: what was under way when the breaker opened fails for the same
    reason, and only its probe counts.
    """
    same = select(*_COLUMNS).where(_same(fault))
    known = tx.execute(same).mappings().one_or_none()
    if known and Breaker(**known).stops(cascade_id):
        return 0
    row = {name: getattr(fault, name) for name in _FAULT}
    row |= {"failures": 1, "since": now, "failed_at": now, "retry_at": None}
    changes = {
        "failures": breakers.c.failures + 1,
        "code": fault.code,
        "detail": fault.detail,
        "later": fault.later,
        "failed_at": now,
    }
    insert_or_update(tx, breakers, row, same=_KEY, changes=changes)
    failures = select(breakers.c.failures).where(_same(fault))
    return int(tx.execute(failures).scalar_one())


def keep_open(tx: Connection, fault: Fault, retry_at: datetime) -> None:
    """Nobody uses this sender, or this template of it, until then."""
    _let(tx, fault, None, retry_at)


def let_try(tx: Connection, fault: Fault, cascade_id: str, retry_at: datetime) -> None:
    """One cascade may use it; the others wait until then."""
    _let(tx, fault, cascade_id, retry_at)


def _let(tx: Connection, fault: Fault, probe: str | None, retry_at: datetime) -> None:
    values = {"probe": probe, "retry_at": retry_at}
    tx.execute(update(breakers).where(_same(fault)).values(values))


def close(tx: Connection, taken: Collection[Taken]) -> list[Fault]:
    """What works again after these, in accounts that are locked. What had been wrong.

    A provider that accepts a template accepts the sender too. Of what is open only the probe
    tells anything: others went out before. What was refused after it had been accepted works
    again when a message gets further than that.
    """
    if not taken:
        return []
    key = tuple_(*(breakers.c[name] for name in _KEY))
    proved = [one for one in taken if one.proved]
    enough = or_(~breakers.c.later, key.in_(_works(proved)))
    probes = sorted({one.cascade_id for one in taken})
    news = or_(breakers.c.retry_at.is_(None), breakers.c.probe.in_(probes))
    mended = delete(breakers).where(key.in_(_works(taken)), enough, news)
    columns = (breakers.c[name] for name in _FAULT)
    return [Fault(**row) for row in tx.execute(mended.returning(*columns)).mappings()]


def _works(taken: Collection[Taken]) -> list[tuple[int, str, str]]:
    """The keys of what these messages went by."""
    return sorted(
        {
            (one.account_id, one.sender, template)
            for one in taken
            for template in ("", one.template)
        }
    )


def _same(fault: Fault) -> ColumnElement[bool]:
    return and_(*(breakers.c[name] == getattr(fault, name) for name in _KEY))
