"""Short links, and who followed them."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, case, literal, select, update

from core.store.many import insert_each
from core.store.tables import UtcTime, attempts, links
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a short link leads, and until when."""

    url: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A short link of an attempt, by its reference, as the table has it."""

    code: str
    account_id: int
    attempt: str
    url: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """The first time that a person followed a link of an attempt."""

    cascade_id: str
    number: int
    at: datetime


def add(tx: Connection, made: Collection[Made]) -> None:
    """Keep links. Those that are there already stay."""
    counts = {"clicks": 0, "others": 0}
    rows = [{**asdict(one), **counts} for one in made]
    insert_each(tx, links, rows, same=["code"], stays=True)


def find(tx: Connection, code: str) -> Link | None:
    """The link with this code."""
    query = select(links.c.url, links.c.expires_at).where(links.c.code == code)
    row = tx.execute(query).mappings().one_or_none()
    return Link(**row) if row else None


def followed(tx: Connection, code: str, now: datetime) -> None:
    """A person followed it. The first time is news."""
    first, at = links.c.clicked_at.is_(None), literal(now, UtcTime)
    mine = update(links).where(links.c.code == code)
    tx.execute(
        mine.values(
            clicks=links.c.clicks + 1,
            news_at=case((first, at), else_=links.c.news_at),
            clicked_at=case((first, at), else_=links.c.clicked_at),
        )
    )


def looked_at(tx: Connection, code: str) -> None:
    """A machine followed it."""
    mine = update(links).where(links.c.code == code)
    tx.execute(mine.values(others=links.c.others + 1))


def take_news(tx: Connection, limit: int) -> list[Click]:
    """First clicks that have not been told, and are now."""
    query = (
        select(
            links.c.code,
            links.c.news_at,
            attempts.c.cascade_id,
            attempts.c.number,
        )
        .join(attempts, attempts.c.reference == links.c.attempt)
        .where(links.c.news_at.is_not(None))
        .order_by(links.c.news_at)
        .limit(limit)
        .with_for_update(of=links, skip_locked=True)
    )
    rows = tx.execute(query).all()
    told = update(links).where(links.c.code.in_([row.code for row in rows]))
    tx.execute(told.values(news_at=None))
    return [
        Click(cascade_id=row.cascade_id, number=row.number, at=row.news_at)
        for row in rows
    ]


NEWS = select(links.c.code).where(links.c.news_at.is_not(None))
