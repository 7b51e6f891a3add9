"""Transactions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from core.store import engine
from core.store.engine import Store


@pytest.fixture
def store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(engine, "PAUSES", (0.0, 0.0))
    opened = Store(database_url)
    with opened.write() as tx:
        tx.execute(text("CREATE TABLE told (what TEXT PRIMARY KEY)"))
    yield opened
    opened.close()


class Deadlock(Exception):
    sqlstate = "40P01"


class Unsteady:
    """Work that fails a few times in the middle of its transaction."""

    def __init__(self, failures: int, cause: Exception) -> None:
        self.failures, self.cause = failures, cause

    def __call__(self, tx: Connection) -> int:
        tx.execute(text("INSERT INTO told VALUES ('once')"))
        if self.failures:
            self.failures -= 1
            raise OperationalError("", {}, self.cause)
        return len(tx.execute(text("SELECT * FROM told")).all())


def test_what_the_database_lost_is_done_again_and_once(store: Store) -> None:
    assert store.insist(Unsteady(2, Deadlock())) == 1


def test_it_is_not_tried_for_ever(store: Store) -> None:
    with pytest.raises(DBAPIError):
        store.insist(Unsteady(9, Deadlock()))


def test_a_mistake_of_ours_is_not_repeated(store: Store) -> None:
    unsteady = Unsteady(1, ValueError("no such column"))
    with pytest.raises(DBAPIError):
        store.insist(unsteady)

    assert unsteady.failures == 0


def test_an_exception_rolls_back(store: Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            tx.execute(text("INSERT INTO told VALUES ('never')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with store.read() as tx:
        assert tx.execute(text("SELECT * FROM told")).all() == []


def test_what_is_written_at_once_is_all_there(store: Store) -> None:
    with store.write() as tx, store.pipeline(tx):
        _tell(tx, "one", "other")

    assert _told(store) == ["one", "other"]


def test_what_goes_wrong_at_once_undoes_it_all(store: Store) -> None:
    def work(tx: Connection) -> None:
        _tell(tx, "before")
        with store.pipeline(tx):
            _tell(tx, "one", "one", "other")

    with pytest.raises(IntegrityError):
        store.insist(work)

    assert _told(store) == []
    assert store.insist(lambda tx: _tell(tx, "again")) is None
    assert _told(store) == ["again"]


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
def test_a_connection_that_is_lost_at_once_is_repeated(store: Store) -> None:
    blows = ["SELECT pg_terminate_backend(pg_backend_pid())"]

    def work(tx: Connection) -> None:
        with store.pipeline(tx):
            _tell(tx, "one")
            if blows:
                tx.execute(text(blows.pop()))
            _tell(tx, "other")

    store.insist(work)

    assert _told(store) == ["one", "other"]


def test_a_part_is_undone_by_itself(store: Store) -> None:
    with store.write() as tx:
        _tell(tx, "before")
        with pytest.raises(IntegrityError), store.part(tx):
            _tell(tx, "one", "one")
        with store.part(tx):
            _tell(tx, "other")

    assert _told(store) == ["before", "other"]


@on_postgresql
def test_what_reads_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match="read-only"), store.read() as tx:
        _tell(tx, "never")


@on_postgresql
def test_a_statement_is_planned_once_however_it_is_used(store: Store) -> None:
    for _ in range(10):
        _told(store)
        with store.write() as tx, store.part(tx):
            tx.execute(text("UPDATE told SET what = what"))

    with store.read() as tx:
        planned = set(tx.scalars(text("SELECT statement FROM pg_prepared_statements")))
    assert planned >= {
        "SELECT what FROM told ORDER BY what",
        "UPDATE told SET what = what",
        "SAVEPOINT part",
        "RELEASE SAVEPOINT part",
    }


def _tell(tx: Connection, *words: str) -> None:
    for word in words:
        tx.execute(text("INSERT INTO told VALUES (:word)"), {"word": word})


def _told(store: Store) -> list[str]:
    with store.read() as tx:
        return list(tx.scalars(text("SELECT what FROM told ORDER BY what")))
