"""Who may use the API. A key itself is never stored, only what it is recognised by."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from core.store import records
from core.store.tables import accounts, api_keys


def add(
    tx: Connection, account_id: int, name: str, hint: str, digest: str, now: datetime
) -> None:
    """Keep a new key."""
    row = {"account_id": account_id, "name": name, "hint": hint, "digest": digest}
    tx.execute(insert(api_keys), {**row, "created_at": now})


def find(tx: Connection, digest: str) -> records.Row | None:
    """A key with its account's `country`, `currency` and so on, revoked or not."""
    query = (
        select(accounts, api_keys.c.revoked_at)
        .join(accounts, accounts.c.id == api_keys.c.account_id)
        .where(api_keys.c.digest == digest)
    )
    return tx.execute(query).mappings().one_or_none()


def of_account(tx: Connection, account_id: int) -> list[records.Row]:
    """An account's keys, oldest first."""
    mine = select(api_keys).where(api_keys.c.account_id == account_id)
    return list(tx.execute(mine.order_by(api_keys.c.id)).mappings())


def revoke(tx: Connection, account_id: int, hint: str, now: datetime) -> bool:
    """Let a key be used no more. False if the account has none that begins like this."""
    mine = (
        api_keys.c.account_id == account_id,
        api_keys.c.hint == hint,
        api_keys.c.revoked_at.is_(None),
    )
    return tx.execute(update(api_keys).where(*mine).values(revoked_at=now)).rowcount > 0
