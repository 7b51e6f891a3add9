"""What the watch over all statements takes for a walk through a table that grows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.store import cascades
from core.store.engine import Store
from core.store.tables import metadata, receipts
from tests.support import plans

NEWEST_OF = "cascades USING INDEX ix_cascades_account (account_id=?"


@pytest.mark.parametrize(
    ("step", "walks"),
    [
        ("SCAN receipts", True),
        ("SCAN cascades USING COVERING INDEX ix_cascades_recipient", True),
        (f"SEARCH {NEWEST_OF})", True),
        (f"SEARCH {NEWEST_OF} AND id<?)", False),
        ("SEARCH cascades USING INDEX ix_cascades_recipient (recipient_key=?)", False),
        ("SCAN attempts_1 USING INDEX ix_attempts_asked", False),
        ("SEARCH senders USING INDEX sqlite_autoindex_senders_1 (account_id=?)", False),
        ("SCAN json_each VIRTUAL TABLE INDEX 1:", False),
    ],
)
def test_a_walk_is_what_goes_through_all_or_all_of_somebody(
    step: str, walks: bool
) -> None:
    assert plans.is_walk(step) is walks


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    """A database of which no statement has been looked at."""
    monkeypatch.setattr(plans, "_seen", set())
    store = Store(f"sqlite:///{tmp_path}/unseen.sqlite3")
    metadata.create_all(store.engine)
    yield store
    store.close()


def test_what_we_ask_is_watched(unseen: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_MEANT", re.compile("nothing"))
    with plans.watched(unseen.engine) as walking, unseen.read() as tx:
        cascades.superseded(tx, 1)

    (one,) = walking
    assert "ix_cascades_account" in one


def test_what_is_meant_or_asked_by_a_test_is_not(unseen: Store) -> None:
    with plans.watched(unseen.engine) as walking, unseen.read() as tx:
        cascades.superseded(tx, 1)
        tx.execute(select(receipts)).all()

    assert not walking
