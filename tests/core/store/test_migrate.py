"""The schema, on both databases."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from core.errors import SetupError
from core.store import migrate
from core.store.engine import Store
from core.store.tables import metadata


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()


def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    migrate.upgrade_store(store)

    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    migrate.upgrade_store(store)
    migrate.upgrade_store(store)

    assert migrate.revision(store) == migrate.head()


def test_a_database_that_is_newer_than_the_program_is_refused(store: Store) -> None:
    migrate.upgrade_store(store)
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SetupError, match="newer than this program"):
        migrate.upgrade_store(store)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TABLE templates", "templates has no "),
        ("ALTER TABLE attempts DROP COLUMN as_text", "attempts has no as_text"),
    ],
)
def test_a_database_of_an_earlier_state_is_refused(
    store: Store, change: str, told: str
) -> None:
    migrate.upgrade_store(store)
    with store.write() as connection:
        connection.execute(text(change))

    with pytest.raises(SetupError, match=told):
        migrate.upgrade_store(store)
