"""What the owner of an account should know, and can mend."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from core.store import records
from core.store.tables import accounts, notices, senders
from core.store.upsert import insert_new


def post(
    tx: Connection,
    account_id: int,
    kind: str,
    about: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Tell the owner. False if this was told before and has not been resolved."""
    row = {
        "account_id": account_id,
        "kind": kind,
        "about": about,
        "facts": dict(facts),
        "at": now,
    }
    return insert_new(tx, notices, row) is not None


def resolve(
    tx: Connection, account_id: int, kind: str, about: str, now: datetime
) -> None:
    """It has been mended, or has mended itself."""
    same = (
        notices.c.account_id == account_id,
        notices.c.kind == kind,
        notices.c.about == about,
        notices.c.resolved_at.is_(None),
    )
    tx.execute(update(notices).where(*same).values(resolved_at=now))


def unresolved(tx: Connection, account: str | None) -> list[records.Row]:
    """What is still to be mended, newest first; of one account by key, or of all.

    Each with its sender's key and provider; a sender that was switched off needs no mending.
    """
    columns = (accounts.c.key.label("account_key"), accounts.c.time_zone)
    sender = (senders.c.key.label("sender_key"), senders.c.provider)
    query = (
        select(notices, *columns, *sender)
        .join(accounts, accounts.c.id == notices.c.account_id)
        .join(senders, _IS_ABOUT_SENDER)
        .where(notices.c.resolved_at.is_(None), senders.c.active)
        .order_by(notices.c.id.desc())
    )
    if account:
        query = query.where(accounts.c.key == account)
    return list(tx.execute(query).mappings())


# `about` is a sender's key, or that with the name of its template behind it.
_IS_ABOUT_SENDER = and_(
    senders.c.account_id == notices.c.account_id,
    func.substr(notices.c.about + " ", 1, func.length(senders.c.key) + 1)
    == senders.c.key + " ",
)
