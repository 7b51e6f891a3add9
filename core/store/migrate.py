"""Bring a database to the newest version of the schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from core.config import Settings
from core.errors import SetupError
from core.store.engine import Store


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
