"""A thousand and a million messages that wait: what it costs, and how punctual they are."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from redis import Redis
from rq import Queue
from sqlalchemy import (
    Column,
    Connection,
    String,
    Table,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from core.bootstrap import Everreach
from core.store.tables import attempts, cascades, notes
from tests.bench.harness import ROUNDS, Place, granian, installation, percentile
from tests.bench.steps import steps_per_second
from tests.bench.table import Row
from tests.support.house import House, until
from tests.support.house import house as houses
from tests.support.standin import FAILS, IS_SILENT, Sent

FEW, MANY = 1_000, 1_000_000
TIMERS = 200  # that run out one after the other while the others wait
APART = timedelta(milliseconds=20)
FAILURES = 60
JOBS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What a number of waiting messages came to. Times in seconds, sizes in bytes."""

    late: list[float]
    fallback: list[float]
    disk: float
    redis: float


def measure(name: str, few: Place, many: Place) -> Iterator[Row]:
    """Rows about both numbers, and what the one costs beside the other."""
    for place, waiting in ((few, FEW), (many, MANY)):
        waited = _whole(place, waiting)
        said = f"{waiting:,} waiting, {name}"
        yield _times(f"Timers late, {said}", waited.late)
        yield _times(f"Failure receipt to the next provider, {said}", waited.fallback)
    yield from _sizes(name, waited, many.redis_url)
    yield _cost(name, few, many)


def _times(what: str, times: list[float]) -> Row:
    p50, p99 = (percentile(times, share) * 1000 for share in (0.5, 0.99))
    least = min(times) * 1000
    return Row(what=what, ours=f"p50 {p50:.0f}, p99 {p99:.0f}, least {least:.0f} ms")


def _sizes(name: str, waited: Waited, redis_url: str) -> Iterator[Row]:
    rq = _bytes_per_rq_job(redis_url)
    yield Row(
        what=f"Redis per waiting message, {name}, beside RQ's `enqueue_in`",
        ours=f"{waited.redis:.0f} B",
        beside=f"{rq:.0f} B",
    )
    yield Row(what=f"Disk per waiting message, {name}", ours=f"{waited.disk:.0f} B")


def _whole(place: Place, waiting: int) -> Waited:
    """Have that many wait in a house with all its processes, and measure it."""
    url = "" if place.database_url.startswith("sqlite") else place.database_url
    with houses(place.home, url) as house:
        mould = _one_that_waits(house)
        disk, redis = _size(house.app), _redis_bytes(house.app)
        with house.app.store.write() as tx:
            _multiply(tx, mould, waiting)
        _settle(house.app)
        return Waited(
            disk=(_size(house.app) - disk) / waiting,
            redis=max(0, _redis_bytes(house.app) - redis) / waiting,
            late=_lateness(house, mould),
            fallback=[_fallback(house) for _ in range(FAILURES + 5)][5:],
        )


def _one_that_waits(house: House) -> str:
    """The id of a message that was sent by WhatsApp and waits for what becomes of it."""
    order = house.ship("patient", whatsapp=IS_SILENT, sms=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    return house.message(order).id


def _multiply(tx: Connection, mould: str, times: int) -> None:
    """Copies of a message in every table that it has rows in; each waits for a day."""
    if tx.dialect.name == "postgresql":
        # What is copied refers to what is copied with it: to check that takes minutes.
        tx.execute(text("SET LOCAL session_replication_role = replica"))
    for table, key in ((cascades, "id"), (attempts, "cascade_id"), (notes, "cascade_id")):
        number = _series(tx, times)
        columns = [one for one in table.c if (table.name, one.name) != ("notes", "id")]
        copies = select(*(_copied(one, number.c.n) for one in columns)).select_from(
            table.join(number, literal(True))
        )
        mine = copies.where(table.c[key] == mould)
        tx.execute(insert(table).from_select([one.name for one in columns], mine))


def _series(tx: Connection, times: int):
    if tx.dialect.name == "postgresql":
        return func.generate_series(1, times).table_valued("n", name="numbers")
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    more = select(numbers.c.n + 1).where(numbers.c.n < times)
    return numbers.union_all(more)


def _copied(column: Column, number: Column):
    own = literal("-", String) + cast(number, String)
    match column.table.name, column.name:
        case ("cascades", "id") | (_, "cascade_id") | (_, "subject"):
            return column + own
        case ("attempts", "reference"):
            return attempts.c.cascade_id + own + literal(".", String) + cast(attempts.c.number, String)
        case ("attempts", "provider_id") | (_, "recipient_key"):
            return column + own
        case (_, "deadline_at"):
            return _tomorrow(column)
        case _:
            return column


def _tomorrow(column: Column):
    day = timedelta(days=1)
    return cast(column, column.type) + literal(day)
