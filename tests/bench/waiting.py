"""A thousand and a million messages that wait: what it costs, and how punctual they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis
from rq import Queue
from sqlalchemy import Connection, Table, bindparam, text, update

from core.bootstrap import Everreach
from core.store.tables import UtcTime, attempts, cascades, notes
from tests.bench.harness import Place, granian, in_turns, installation, percentile
from tests.bench.steps import steps_per_second
from tests.bench.table import Row
from tests.support.house import House, until
from tests.support.house import house as houses
from tests.support.processes import memory
from tests.support.standin import FAILS, IS_SILENT, Sent

FEW, MANY = 1_000, 1_000_000
TIMERS = 150  # that run out one after the other while the others wait
APART = timedelta(milliseconds=20)
FAILURES = 40
JOBS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What a number of waiting messages came to. Times in seconds, sizes in bytes."""

    late: list[float]
    fallback: list[float]
    disk: float
    redis: float
    workers: int


def measure(name: str, few: Place, many: Place) -> Iterator[Row]:
    """Rows about both numbers, and what the one costs beside the other."""
    both = []
    for place, waiting in ((few, FEW), (many, MANY)):
        waited = _whole(place, waiting)
        both.append(waited)
        said = f"{waiting:,} waiting, {name}"
        yield _times(f"Timers late, {said}", waited.late)
        yield _times(f"Failure receipt to the next provider, {said}", waited.fallback)
    yield from _sizes(name, waited, many.redis_url)
    yield from _memory(name, *both)
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


def _memory(name: str, few: Waited, many: Waited) -> Iterator[Row]:
    yield Row(
        what=f"Memory of the workers, {MANY:,} waiting beside {FEW:,}, {name}",
        ours=f"{many.workers / 2**20:.0f} MB",
        beside=f"{few.workers / 2**20:.0f} MB",
        ratio=f"{many.workers / few.workers:.2f} ×",
    )
    each = max(0, many.workers - few.workers) / (MANY - FEW)
    yield Row(what=f"Memory per waiting message, {name}", ours=f"{each:.0f} B")


def _whole(place: Place, waiting: int) -> Waited:
    """Have that many wait in a house with all its processes, and measure it."""
    url = "" if place.database_url.startswith("sqlite") else place.database_url
    with houses(place.home, url) as house:
        mould = _one_that_waits(house)
        disk, redis = _size(house.app), _redis_bytes(house.app)
        with house.app.store.write() as tx:
            _multiply(tx, mould, waiting)
        disk = _size(house.app) - disk
        redis = max(0, _redis_bytes(house.app) - redis)
        with house.app.store.write() as tx:
            tx.execute(text(_REPORTS))
        _settle(house.app)
        return Waited(
            disk=disk / waiting,
            redis=redis / waiting,
            late=_lateness(house, mould),
            fallback=[_fallback(house) for _ in range(FAILURES + 5)][5:],
            workers=memory(house.pids("worker-inbox") + house.pids("worker-send")),
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
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    values = {"mould": mould, "times": times, "tomorrow": tomorrow}
    for table in (cascades, attempts, notes):
        copy = text(_copy(table, tx.dialect.name))
        if table is cascades:
            copy = copy.bindparams(bindparam("tomorrow", type_=UtcTime))
        tx.execute(copy, values)


_SERIES = {
    "postgresql": "generate_series(1, :times) AS numbers(n)",
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :times)"
    " SELECT n FROM s) AS numbers",
}
_PHONE = "'+4672' || (1000000 + n)"
_COPIED = {
    "cascades.id": "id || '-' || n",
    "cascades.subject": "subject || '-' || n",
    "cascades.recipient_key": _PHONE,
    "cascades.recipient": f"CAST(replace(CAST(recipient AS TEXT), recipient_key, {_PHONE}) AS %s)",
    "cascades.deadline_at": ":tomorrow",
    "attempts.cascade_id": "cascade_id || '-' || n",
    "attempts.reference": "cascade_id || '-' || n || '.' || number",
    "attempts.provider_id": "provider_id || '-' || n",
    "notes.cascade_id": "cascade_id || '-' || n",
}


def _copy(table: Table, dialect: str) -> str:
    columns = [one.name for one in table.c if f"{table}.{one.name}" != "notes.id"]
    values = ", ".join(_COPIED.get(f"{table}.{name}", name) for name in columns)
    if table is cascades:
        values %= {"sqlite": "TEXT", "postgresql": "JSON"}[dialect]
    key = "id" if table is cascades else "cascade_id"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {values} FROM {table}, {_SERIES[dialect]} WHERE {key} = :mould"
    )


# What providers have told of each by now.
_REPORTS = """
    INSERT INTO receipts
        (account_id, sender_id, inbox_id, fingerprint, status, at, attempt, looks)
    SELECT account_id, sender_id, (SELECT max(id) FROM inbox), reference, 'sent', sending_at,
        reference, 1 FROM attempts
"""


def _settle(app: Everreach) -> None:
    """As a PostgreSQL is that has run for a while. SQLite plans without statistics."""
    if app.store.is_sqlite:
        return
    with app.store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("ANALYZE"))
        connection.execute(text("CHECKPOINT"))


def _lateness(house: House, mould: str) -> list[float]:
    """From when a wait was over until the next provider has the message, in seconds."""
    first = datetime.now(UTC) + timedelta(seconds=2)
    due = {f"{mould}-{n}": first + n * APART for n in range(1, TIMERS + 1)}
    with house.app.store.write() as tx:
        for cascade, at in due.items():
            mine = cascades.c.id == cascade
            tx.execute(update(cascades).where(mine).values(deadline_at=at))
    came: dict[str, datetime] = {}

    def all_came() -> bool:
        for one in house.providers.sent(channel="sms"):
            came.setdefault(one.reference.rpartition(".")[0], one.at)
        return came.keys() >= due.keys()

    until("every timer has run out", all_came, 60)
    return [(came[cascade] - at).total_seconds() for cascade, at in due.items()]


def _fallback(house: House) -> float:
    """From a failure receipt until the next provider has the message, in seconds."""
    order = house.ship("patient", whatsapp=IS_SILENT, sms=IS_SILENT)
    house.await_path(order, ("whatsapp", "accepted"))
    (sent,) = house.providers.sent(order.name, "whatsapp")
    began = datetime.now(UTC)
    house.providers.report((sent, "failed"), like=FAILS)

    def next_one() -> list[Sent]:
        return house.providers.sent(order.name, "sms")

    (then,) = until("the next provider has it", next_one)
    return (then.at - began).total_seconds()


def _cost(name: str, few: Place, many: Place) -> Row:
    """What a step costs among many that wait, beside among few; turn by turn."""
    with (
        granian("tests.bench.provider:accept") as provider,
        installation(few, provider) as among_few,
        installation(many, provider) as among_many,
    ):
        quiet, crowded, ratio = in_turns(
            lambda: steps_per_second(among_few), lambda: steps_per_second(among_many)
        )
    return Row(
        what=f"Time per step, {MANY:,} waiting beside {FEW:,}, {name}",
        ours=f"{1000 / crowded:.2f} ms",
        beside=f"{1000 / quiet:.2f} ms",
        ratio=f"{ratio:.2f} ×",
    )


def _size(app: Everreach) -> int:
    """Bytes on disk."""
    query = (
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        if app.store.is_sqlite
        else "SELECT pg_database_size(current_database())"
    )
    with app.store.read() as tx:
        return int(tx.scalar(text(query)))


def _redis_bytes(app: Everreach) -> int:
    return int(app.bell.redis.info("memory")["used_memory"])


def _bytes_per_rq_job(redis_url: str) -> float:
    """What a wait costs in RQ's own scheduler."""
    with Redis.from_url(redis_url) as redis:
        before = int(redis.info("memory")["used_memory"])
        queue = Queue("waiting", connection=redis)
        for number in range(JOBS):
            queue.enqueue_in(
                timedelta(days=1), "tests.bench.jobs.one_step", str(number)
            )
        return (int(redis.info("memory")["used_memory"]) - before) / JOBS
