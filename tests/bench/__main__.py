"""`make bench`: measure, print a table and keep it in docs/reference/benchmarks.md."""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import steps, table, waiting, webhooks
from tests.bench.harness import Place
from tests.bench.table import Row
from tests.support import servers


def main() -> None:
    """Measure everything."""
    rows: list[Row] = []
    with _sites() as sites:
        for site in sites:
            rows += _told("steps", steps.measure(site.name, site.place("steps")))
            rows += _told("webhooks", webhooks.measure(site.name, site.place("hooks")))
            few, many = site.place("few"), site.place("many")
            rows += _told("waiting", waiting.measure(site.name, few, many))
    print(table.write(rows))  # noqa: T201 - this is what the command is for


def _told(what: str, rows: Iterable[Row]) -> list[Row]:
    began = time.monotonic()
    measured = list(rows)
    print(f"{what}: {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201
    return measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A kind of database."""

    name: str
    folder: Path
    redis_url: str
    postgres: servers.Postgres | None = None

    def place(self, what: str) -> Place:
        """A fresh place for an installation."""
        home = self.folder / what
        home.mkdir(exist_ok=True)
        sqlite = f"sqlite:///{home}/everreach.sqlite3"
        url = self.postgres.create(what) if self.postgres else sqlite
        return Place(home=home, database_url=url, redis_url=self.redis_url)


@contextmanager
def _sites() -> Iterator[list[Site]]:
    with ExitStack() as stack:
        redis_url = stack.enter_context(servers.valkey())
        postgres = stack.enter_context(servers.postgres(durable=True))
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)
        ]
        yield [
            Site(name="SQLite", folder=folders[0], redis_url=redis_url),
            Site(
                name="PostgreSQL",
                folder=folders[1],
                redis_url=redis_url,
                postgres=postgres,
            ),
        ]


if __name__ == "__main__":
    main()
