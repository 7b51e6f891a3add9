"""The templates that providers keep for us, as they last told of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from core.message.approval import KnownTemplate, TemplateNews, TemplateStatus
from core.store import records
from core.store.origins import Origin
from core.store.tables import accounts, senders, templates
from core.store.upsert import insert_or_update
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A template and the sender that it belongs to, by key."""

    sender: str
    template: KnownTemplate


def keep(
    tx: Connection,
    account_id: int,
    sender_id: int,
    known: Iterable[KnownTemplate],
    now: datetime,
) -> None:
    """Note what a provider has just said of templates of a sender."""
    for one in known:
        row = {
            "account_id": account_id,
            "sender_id": sender_id,
            "provider_id": one.provider_id,
            "name": one.name,
            "language": one.language,
            "category": one.category,
            "status": one.status,
            "lives": None if one.lives is None else int(one.lives.total_seconds()),
            "told_at": now,
        }
        insert_or_update(tx, templates, row, same=("sender_id", "name", "language"))


def replace_all(
    tx: Connection,
    account_id: int,
    sender_id: int,
    known: Iterable[KnownTemplate],
    now: datetime,
) -> None:
    """Note all the templates of a sender; those that are not among them are forgotten."""
    tx.execute(delete(templates).where(templates.c.sender_id == sender_id))
    keep(tx, account_id, sender_id, known, now)


def held(tx: Connection, account: str) -> list[Held]:
    """Everything that is known of an account's templates, by sender, name and language."""
    query = (
        select(templates, senders.c.key.label("sender_key"))
        .join(senders, senders.c.id == templates.c.sender_id)
        .join(accounts, accounts.c.id == templates.c.account_id)
        .where(accounts.c.key == account)
        .order_by(senders.c.key, templates.c.name, templates.c.language)
    )
    return [_held(row) for row in tx.execute(query).mappings()]


def hear(tx: Connection, sender: Origin, news: TemplateNews, at: datetime) -> list[str]:
    """Note what has become of a template. The keys of the senders that it is news for.

    A provider may tell of all of an owner's templates at one address: whose it is, its id
    says, if we have seen that before. What is older than what we know is no news.
    """
    same_name = (templates.c.name == news.name) & (
        templates.c.language == news.language
    )
    here = (templates.c.sender_id == sender.id) & same_name
    by_id = templates.c.provider_id == news.provider_id
    for which in (by_id, here):
        mine = (templates.c.account_id == sender.account_id) & which
        query = select(templates, senders.c.key.label("sender_key"))
        query = query.join(senders, senders.c.id == templates.c.sender_id).where(mine)
        if rows := list(tx.execute(query).mappings()):
            newer = [row for row in rows if row["told_at"] <= at]
            for row in newer:
                _note(tx, row, news, at)
            return [row["sender_key"] for row in newer]
    keep(tx, sender.account_id, sender.id, [_first_heard(news)], at)
    return [sender.row["key"]]


def _note(tx: Connection, row: records.Row, news: TemplateNews, at: datetime) -> None:
    changed = {"provider_id": news.provider_id, "status": news.status, "told_at": at}
    if news.category and news.category != row["category"]:
        # A new category comes with a lifetime of its own.
        changed |= {"category": news.category, "lives": None}
    mine = templates.c.id == row["id"]
    tx.execute(update(templates).where(mine).values(**changed))


def _first_heard(news: TemplateNews) -> KnownTemplate:
    return KnownTemplate(
        provider_id=news.provider_id,
        name=news.name,
        language=news.language,
        category=news.category,
        status=news.status,
    )


def _held(row: records.Row) -> Held:
    known = KnownTemplate(
        provider_id=row["provider_id"],
        name=row["name"],
        language=row["language"],
        category=row["category"],
        status=TemplateStatus(row["status"]),
        lives=None if row["lives"] is None else timedelta(seconds=row["lives"]),
    )
    return Held(sender=row["sender_key"], template=known)
