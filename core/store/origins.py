"""Who may write to us: connections and senders, by their public address."""

from typing import Any

from sqlalchemy import Connection, Select, Table, Text, bindparam, cast, select

from core.store import records
from core.store.tables import accounts, connections, senders
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A connection or sender. `connector` is the name of its platform or provider."""

    id: int
    account_id: int
    connector: str
    row: records.Row


def connection(tx: Connection, platform: str, address: str) -> Origin | None:
    """The active connection at `<account>.<connection>`."""
    return _find(tx, connections, "platform", platform, address)


def sender(tx: Connection, provider: str, address: str) -> Origin | None:
    """The active sender at `<account>.<sender>`."""
    return _find(tx, senders, "provider", provider, address)


def connection_by_id(tx: Connection, connection_id: int) -> Origin:
    """A connection by its id, active or not."""
    return _by_id(tx, connections, "platform", connection_id)


def sender_by_id(tx: Connection, sender_id: int) -> Origin:
    """A sender by its id, active or not."""
    return _by_id(tx, senders, "provider", sender_id)


def senders_of(tx: Connection, account_id: int) -> list[Origin]:
    """An account's active senders."""
    mine = (senders.c.account_id == account_id, senders.c.active)
    query = _select(senders).where(*mine).order_by(senders.c.id)
    return [_origin(row, "provider") for row in tx.execute(query).mappings()]


def _by_id(tx: Connection, table: Table, kind: str, origin_id: int) -> Origin:
    query = _select(table).where(table.c.id == origin_id)
    return _origin(tx.execute(query).mappings().one(), kind)


def _find(
    tx: Connection, table: Table, kind: str, connector: str, address: str
) -> Origin | None:
    account, _, key = address.partition(".")
    values = {"account": account, "key": key, "connector": connector}
    row = tx.execute(_BY_ADDRESS[table], values).mappings().one_or_none()
    return _origin(row, kind) if row else None


def _select(table: Table) -> Select[Any]:
    """With the config once more, letter by letter: what it is recognised by."""
    return select(table, cast(table.c.config, Text).label("config_text"))


def _by_address(table: Table, kind: str) -> Select[Any]:
    """Built once: it is asked for every webhook."""
    return (
        _select(table)
        .join(accounts, accounts.c.id == table.c.account_id)
        .where(
            accounts.c.key == bindparam("account"),
            table.c.key == bindparam("key"),
            table.c[kind] == bindparam("connector"),
            table.c.active,
        )
    )


_BY_ADDRESS = {
    connections: _by_address(connections, "platform"),
    senders: _by_address(senders, "provider"),
}


def _origin(row: records.Row, kind: str) -> Origin:
    return Origin(
        id=row["id"], account_id=row["account_id"], connector=row[kind], row=row
    )
