"""Transactions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from core.store import engine
from core.store.engine import Store


@pytest.fixture
def store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(engine, "PAUSES", (0.0, 0.0))
    opened = Store(database_url)
    with opened.write() as tx:
        tx.execute(text("CREATE TABLE told (what TEXT)"))
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
