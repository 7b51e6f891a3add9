"""An account and what belongs to it, as a set-up file names them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from core.store.many import among
from core.store.records import Row
from core.store.tables import accounts, connections, messages, reminders, senders

_TABLES: Mapping[str, Table] = {
    "account": accounts,
    "connection": connections,
    "sender": senders,
    "message": messages,
    "reminder": reminders,
}


def find_account(tx: Connection, key: str) -> Row | None:
    """An account, which nobody else can set up until this transaction ends."""
    # Workers may refer to it meanwhile (`key_share`), while they hold what is wanted here next.
    query = select(accounts).where(accounts.c.key == key)
    query = query.with_for_update(key_share=True)
    return tx.execute(query).mappings().one_or_none()


def lock(tx: Connection, accounts_: Collection[int]) -> None:
    """Let nobody else set these accounts up, or read their events, until this has ended."""
    mine = select(accounts.c.id).where(accounts.c.id.in_(accounts_))
    tx.execute(mine.order_by(accounts.c.id).with_for_update(key_share=True))


def other_account(tx: Connection, key: str) -> str | None:
    """The key of some account that is not this one."""
    query = select(accounts.c.key).where(accounts.c.key != key).limit(1)
    return tx.scalar(query)


def newest(tx: Connection, kind: str, account_id: int) -> dict[str, Row]:
    """Everything of one kind by key, active or not; of reminders the newest version."""
    table = _TABLES[kind]
    order = table.c.version if "version" in table.c else table.c.id
    query = select(table).where(table.c.account_id == account_id).order_by(order)
    return {row["key"]: row for row in tx.execute(query).mappings()}


def add(tx: Connection, kind: str, columns: Mapping[str, Any]) -> int:
    """Insert a row. Its id."""
    table = _TABLES[kind]
    return int(tx.execute(insert(table).returning(table.c.id), columns).scalar_one())


def change(tx: Connection, kind: str, row_id: int, columns: Mapping[str, Any]) -> None:
    """Change some columns of a row."""
    table = _TABLES[kind]
    tx.execute(update(table).where(table.c.id == row_id).values(**columns))


def accounts_that_say(tx: Connection, message: str) -> list[Row]:
    """The accounts that have a message of this key, which may have been switched off."""
    query = select(accounts).join(messages, messages.c.account_id == accounts.c.id)
    mine = query.where(messages.c.key == message).order_by(accounts.c.key)
    return list(tx.execute(mine).mappings())


def senders_of(tx: Connection, accounts: Collection[int]) -> dict[tuple[int, str], Row]:
    """Id, provider and limits of every sender of these accounts, by account and key."""
    rows = tx.execute(_SENDERS, {"accounts": accounts}).mappings()
    return {(row["account_id"], row["key"]): row for row in rows}


_SENDERS = select(*senders.c["account_id", "key", "id", "provider", "limits"]).where(
    among(senders.c.account_id, "accounts")
)
