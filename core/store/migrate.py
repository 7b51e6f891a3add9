"""Bring a database to the newest version of the schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from core.config import Settings
from core.errors import SetupError
from core.store.engine import Store
from core.store.tables import metadata


def upgrade(settings: Settings) -> None:
    """Migrate the installation's database. Does nothing if it is current.

    Raises SetupError if the database cannot be reached or is newer than this program.
    """
    store = Store(settings.database_url)
    try:
        upgrade_store(store)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise SetupError("DATABASE_URL", reason, "Is the database running?") from error
    finally:
        store.close()


def upgrade_store(store: Store) -> None:
    """Migrate an open store. Raises SetupError if it is newer than this program."""
    current = revision(store)
    if current == head():
        _check_whole(store)
        return
    if current and current not in _known():
        problem = (
            f"the database is at version {current}, which is newer than this program"
        )
        raise SetupError("DATABASE_URL", problem, "Install the newer Everreach")
    with store.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_whole(store: Store) -> None:
    """Until the first release the first version still changes under its name."""
    with store.read() as connection:
        there = inspect(connection).get_multi_columns()
    known = {name: {one["name"] for one in there[_, name]} for _, name in there}
    for table in metadata.sorted_tables:
        missing = {column.name for column in table.columns} - known.get(
            table.name, set()
        )
        if missing:
            problem = (
                f"the database {store.url.database} was made by an earlier state of this "
                f"program: {table.name} has no {min(missing)}"
            )
            raise SetupError("DATABASE_URL", problem, "Delete it, or name another")


def revision(store: Store) -> str | None:
    """The version that a database is at, None if it is empty."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest version."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest
    return newest


def _known() -> set[str]:
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return {script.revision for script in scripts}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
