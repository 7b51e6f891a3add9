"""Senders that providers refuse, whole or for one template. A row goes as soon as the provider
accepts again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select, tuple_, update

from core.store.tables import breakers
from core.store.upsert import insert_or_update

_KEY = ("account_id", "sender", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a provider refused: a sender as a whole (`template` is `""`) or one template."""

    account_id: int
    sender: str
    template: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker(Fault):
    """What is known of a fault. Its breaker is open while `retry_at` is ahead."""

    failures: int
    since: datetime
    failed_at: datetime
    retry_at: datetime | None


def breakers_of(
    tx: Connection, accounts: Collection[int]
) -> dict[tuple[int, str, str], Breaker]:
    """What is wrong in these accounts, by account, sender and template."""
    query = select(*_COLUMNS).where(breakers.c.account_id.in_(accounts))
    found = (Breaker(**row) for row in tx.execute(query).mappings())
    return {(one.account_id, one.sender, one.template): one for one in found}


_FAULT = (*_KEY, "code", "detail")
_COLUMNS = [
    breakers.c[name] for name in (*_FAULT, "failures", "since", "failed_at", "retry_at")
]


def count_fault(tx: Connection, fault: Fault, now: datetime) -> int:
    """One more failure. How many there were in a row."""
    row = {name: getattr(fault, name) for name in _FAULT}
    row |= {"failures": 1, "since": now, "failed_at": now, "retry_at": None}
    changes = {
        "failures": breakers.c.failures + 1,
        "code": fault.code,
        "detail": fault.detail,
        "failed_at": now,
    }
    insert_or_update(tx, breakers, row, same=_KEY, changes=changes)
    failures = select(breakers.c.failures).where(_same(fault))
    return int(tx.execute(failures).scalar_one())


def keep_open(tx: Connection, fault: Fault, retry_at: datetime) -> None:
    """Nobody uses this sender, or this template of it, until then."""
    tx.execute(update(breakers).where(_same(fault)).values(retry_at=retry_at))


def close(tx: Connection, taken: Collection[tuple[int, str, str]]) -> list[Fault]:
    """These work again, by account, sender and template. What had been wrong.

    A provider that accepts a template accepts the sender too.
    """
    if not taken:
        return []
    works = {(*one[:2], template) for one in taken for template in ("", one[2])}
    key = tuple_(*(breakers.c[name] for name in _KEY))
    mended = delete(breakers).where(key.in_(sorted(works)))
    columns = (breakers.c[name] for name in _FAULT)
    return [Fault(**row) for row in tx.execute(mended.returning(*columns)).mappings()]


def _same(fault: Fault) -> ColumnElement[bool]:
    return and_(*(breakers.c[name] == getattr(fault, name) for name in _KEY))
