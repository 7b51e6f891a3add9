"""What was learnt of people from earlier messages: who is not to be found on a channel, and
whose reading is never reported."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    select,
    update,
)

from core.cascade.model import Channel
from core.store import records
from core.store.many import among_people, by_people
from core.store.tables import habits, unreachable
from core.store.upsert import insert_new, insert_or_update
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """A person on a channel, as one account knows them."""

    account_id: int
    channel: Channel
    address: str

    @property
    def person(self) -> tuple[int, str]:
        """Who it is, on any channel."""
        return self.account_id, self.address


Addresses = Collection[tuple[int, str]]  # account id and phone or email


# --- Who cannot be reached -------------------------------------------------------------------


def remember(
    tx: Connection, whom: Whom, code: str, now: datetime, until: datetime
) -> None:
    """Believe until then that a person is not on a channel."""
    row = {**_columns(whom), "code": code, "since": now, "until": until}
    insert_or_update(tx, unreachable, row, same=("account_id", "address", "channel"))


def forget(tx: Connection, whom: Collection[Whom]) -> None:
    """A sign of life: these are to be found there after all."""
    _drop(tx, unreachable, whom)


def forget_all(tx: Connection) -> None:
    """Whatever was learnt of anybody, in every account."""
    tx.execute(delete(unreachable))
    tx.execute(delete(habits))


def unreachable_at(
    tx: Connection, addresses: Addresses, now: datetime
) -> dict[Whom, records.Row]:
    """What is believed now of these people, by (account id, address)."""
    values = {**by_people(addresses), "now": now}
    rows = tx.execute(_UNREACHABLE, values).mappings()
    return {_whom(row): row for row in rows}


# --- How reading is reported -----------------------------------------------------------------


def habits_of(tx: Connection, addresses: Addresses) -> dict[Whom, records.Row]:
    """How these people's reading is reported, where it is not as usual."""
    rows = tx.execute(_HABITS, by_people(addresses)).mappings()
    return {_whom(row): row for row in rows}


def was_unread(tx: Connection, whom: Whom) -> None:
    """One more message was delivered and its reading never reported."""
    _habit(tx, whom)
    known = update(habits).where(_is(habits, whom))
    tx.execute(known.values(unread=habits.c.unread + 1))


def answered_unread(tx: Connection, whom: Whom) -> None:
    """They answered a message whose reading was never reported."""
    _habit(tx, whom)
    tx.execute(update(habits).where(_is(habits, whom)).values(answers=True))


def was_read(tx: Connection, whom: Collection[Whom]) -> None:
    """Reading is reported after all."""
    _drop(tx, habits, whom)


def _habit(tx: Connection, whom: Whom) -> None:
    insert_new(tx, habits, {**_columns(whom), "unread": 0, "answers": False})


# ---------------------------------------------------------------------------------------------


def _columns(whom: Whom) -> dict[str, int | str]:
    return {name: getattr(whom, name) for name in whom.__slots__}


def _whom(row: records.Row) -> Whom:
    channel = Channel(row["channel"])
    return Whom(account_id=row["account_id"], channel=channel, address=row["address"])


def _is(table: Table, whom: Whom) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _columns(whom).items()))


def _drop(tx: Connection, table: Table, whom: Collection[Whom]) -> None:
    """Forget what a table knows of these: of most people, nothing."""
    if not whom:
        return
    people = by_people([one.person for one in whom])
    known = {_whom(row) for row in tx.execute(_KNOWN[table], people).mappings()}
    for one in sorted(known.intersection(whom), key=_in_order):
        tx.execute(delete(table).where(_is(table, one)))


def _in_order(whom: Whom) -> tuple[int, str, str]:
    """The order in which everybody locks them."""
    return whom.account_id, whom.address, whom.channel


_UNREACHABLE = select(unreachable).where(
    among_people(unreachable), unreachable.c.until > bindparam("now")
)
_HABITS = select(habits).where(among_people(habits))
_KNOWN = {
    table: select(*table.c["account_id", "address", "channel"]).where(
        among_people(table)
    )
    for table in (unreachable, habits)
}
