"""Connections and transactions, on SQLite and PostgreSQL.

`write` is a transaction that may change things, `read` one that may not. On SQLite there is
one writer at a time across all processes: the busy handler starves writers for seconds, so a
file lock makes them queue instead.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from time import sleep
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from core.store.as_json import as_json

log = structlog.get_logger()

T = TypeVar("T")

PAUSES = (0.05, 0.2, 0.8, 2.0, 4.0)  # seconds; a database restarts in less


class Store:
    """The database of one installation."""

    def __init__(self, url: str) -> None:
        """`url` is an SQLAlchemy URL. Opens nothing until the first transaction."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url)
        self._mutex = _FileMutex(Path(f"{self.url.database}.lock"))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end, or rolls back on an exception."""
        with self.turn(), self.engine.connect() as connection:
            connection.execution_options(everreach_write=True)
            with connection.begin():
                yield connection

    def turn(self) -> AbstractContextManager[None]:
        """A writer's turn, for who writes by a connection of its own."""
        return self._mutex if self.is_sqlite else nullcontext()

    def driver(self) -> Any:
        """A connection of the driver's own. Each statement is a transaction; close it."""
        pooled = self.engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            driver.autocommit = True
        return driver

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that changes nothing. On PostgreSQL each statement sees its own moment."""
        with self.engine.connect() as connection:
            connection.execution_options(postgresql_readonly=True)
            with connection.begin():  # and so a commit: see `_postgresql`
                yield connection

    @contextmanager
    def part(self, tx: Connection) -> Iterator[None]:
        """A part of a transaction, which alone is undone if it raises."""
        tx.execute(_SAVEPOINT)
        try:
            yield
        except Exception:
            if not tx.invalidated:
                tx.execute(_UNDO)
            raise
        tx.execute(_RELEASE)

    @contextmanager
    def pipeline(self, tx: Connection) -> Iterator[None]:
        """Send what is written in here without waiting for the answer to each statement.

        It must return nothing. An error is raised at the end at the latest.
        """
        if self.is_sqlite:
            yield
            return
        driver: Any = tx.connection.driver_connection
        try:
            with driver.pipeline():
                yield
        except driver.Error as error:
            raise DBAPIError.instance(
                None,
                None,
                error,
                driver.Error,
                connection_invalidated=tx.dialect.is_disconnect(error, driver, None),
                dialect=tx.dialect,
            ) from error

    def insist(self, work: Callable[[Connection], T]) -> T:
        """Do something in a write transaction, again if the database lost it.

        For what must not be lost and cannot be asked for again. Gives up after some seconds.
        """
        for pause in PAUSES:
            try:
                with self.write() as tx:
                    return work(tx)
            except DBAPIError as error:
                if not is_passing(error):
                    raise
                log.warning("transaction_repeated", error=type(error).__name__)
                sleep(pause)
        with self.write() as tx:
            return work(tx)

    def ping(self) -> None:
        """Raises sqlalchemy.exc.SQLAlchemyError if the database does not answer."""
        with self.read() as tx:
            tx.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        self._mutex.close()


def is_passing(error: DBAPIError) -> bool:
    """Whether the same transaction may well succeed now: a deadlock, a lost connection."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state.startswith(("08", "40", "57P"))


class _FileMutex:
    """A lock between threads and processes. The kernel lets go when a process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = Lock()
        self._file: Any = None

    def __enter__(self) -> None:
        self._threads.acquire()
        if self._file is None:
            self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
            self._file = None


# The columns of SQLAlchemy's own type.
_JSON: Mapping[str, Any] = {
    "json_serializer": as_json,
    "json_deserializer": orjson.loads,
}


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30}, **_JSON)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # an acknowledged event survives a power cut
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("everreach_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    """Statements are planned once for each connection, however many there are.

    psycopg counts how often it has met each, and forgets all of them at a ROLLBACK: so what only
    reads commits, a savepoint has one name, and the connection used last is the next one used.
    """
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        pool_use_lifo=True,
        **_JSON,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.prepared_max = 1000

    return engine


_SAVEPOINT, _RELEASE = text("SAVEPOINT part"), text("RELEASE SAVEPOINT part")
_UNDO = text("ROLLBACK TO SAVEPOINT part")
