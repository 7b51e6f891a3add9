"""What has been sent by whom and to whom, where a limit asks for it.

An `Owner` is what has limits: a sender of an account, or with 0 in its place the account itself.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, select

from core.cascade.limits import Pace
from core.store import records
from core.store.many import among, insert_each
from core.store.tables import paces, written
from core.store.upsert import insert_new

Owner = tuple[int, int]  # account id and sender id
Person = tuple[Owner, str]  # who writes to them, and their recipient_key

_OWNER = ("account_id", "sender_id")


def lock(tx: Connection, owners: Collection[Owner]) -> dict[Owner, Pace]:
    """The paces that nobody else is sending by, ours until the transaction ends."""
    if not owners:
        return {}
    ours = _found(tx, _LOCKED, owners)
    for owner in sorted(set(owners) - ours.keys()):
        if _insert(tx, owner):
            ours[owner] = Pace()
    return ours


def read(tx: Connection, owners: Collection[Owner]) -> dict[Owner, Pace]:
    """The paces as they stand."""
    if not owners:
        return {}
    return _found(tx, _PACES, owners)


def save(tx: Connection, spent: Mapping[Owner, Pace]) -> None:
    """Write down what was sent."""
    rows = [
        {
            **_columns(owner),
            "free_at": pace.free_at,
            "messages": dict(pace.messages),
            "people": dict(pace.people),
        }
        for owner, pace in spent.items()
    ]
    insert_each(tx, paces, rows, same=_OWNER)


def times(tx: Connection, people: Collection[Person]) -> dict[Person, list[datetime]]:
    """When these people got their latest messages, oldest first."""
    if not people:
        return {}
    values = {
        "accounts": {account for (account, _), _ in people},
        "senders": {sender for (_, sender), _ in people},
        "people": {person for _, person in people},
    }
    found = (
        (((account, sender), person), times)
        for account, sender, person, times in tx.execute(_TIMES, values)
    )
    return {one: moments(times) for one, times in found if one in people}


# Three lists, not a list of triples: as with `_PACES`.
_TIMES = select(
    *(written.c[name] for name in (*_OWNER, "person", "times")),
).where(
    among(written.c.account_id, "accounts"),
    among(written.c.sender_id, "senders"),
    among(written.c.person, "people"),
)


def times_to(
    account: ColumnElement[int], person: ColumnElement[str], sender: ColumnElement[int]
) -> ScalarSelect[Any]:
    """The same of one person and one sender, as part of a query; `moments` reads it."""
    whose = (written.c.account_id, written.c.sender_id, written.c.person)
    same = (
        mine == theirs
        for mine, theirs in zip(whose, (account, sender, person), strict=True)
    )
    return select(written.c.times).where(*same).scalar_subquery()


def moments(times: str | None) -> list[datetime]:
    """When a person got their latest messages, as it is kept."""
    return [datetime.fromisoformat(at) for at in times.split()] if times else []


def write_down(tx: Connection, latest: Mapping[Person, Sequence[datetime]]) -> None:
    """Keep when people got their latest messages."""
    rows = [
        {
            "account_id": account,
            "sender_id": sender,
            "person": person,
            "times": " ".join(at.isoformat() for at in moments),
        }
        for ((account, sender), person), moments in latest.items()
    ]
    insert_each(tx, written, rows, same=(*_OWNER, "person"))


def is_busy(
    account: ColumnElement[int], sender: ColumnElement[int], now: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether a sender or its account has to wait before it sends more."""
    either = paces.c.sender_id.in_((0, sender))
    waits = (paces.c.account_id == account, either, paces.c.free_at > now)
    return select(paces.c.id).where(*waits).exists()


def _found(
    tx: Connection, query: Select[Any], owners: Collection[Owner]
) -> dict[Owner, Pace]:
    values = {
        "accounts": {account for account, _ in owners},
        "senders": {sender for _, sender in owners},
    }
    rows = tx.execute(query, values).mappings()
    return {_owner(row): _pace(row) for row in rows if _owner(row) in owners}


# Lists of accounts and of senders, not of pairs: for those SQLite would read the whole table.
_PACES = select(paces).where(
    among(paces.c.account_id, "accounts"), among(paces.c.sender_id, "senders")
)
_LOCKED = _PACES.order_by(*(paces.c[name] for name in _OWNER)).with_for_update(
    skip_locked=True
)


def _insert(tx: Connection, owner: Owner) -> bool:
    row: dict[str, Any] = {
        **_columns(owner),
        "free_at": None,
        "messages": {},
        "people": {},
    }
    return insert_new(tx, paces, row) is not None


def _columns(owner: Owner) -> dict[str, int]:
    return dict(zip(_OWNER, owner, strict=True))


def _owner(row: records.Row) -> Owner:
    return row["account_id"], row["sender_id"]


def _pace(row: records.Row) -> Pace:
    return Pace(free_at=row["free_at"], messages=row["messages"], people=row["people"])
