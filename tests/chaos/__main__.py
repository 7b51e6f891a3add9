"""`make chaos`: ten thousand messages on each database, under blows, and what was kept."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

from tests.chaos.run import Run, Task
from tests.chaos.table import printed, say
from tests.support import servers

DATABASES = ("sqlite", "postgresql")


def main() -> None:
    """Run on each database; the exit code says whether every promise was kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything is ended
    asked = _asked()
    both = asked.database == "both"
    kept = [_run(one, asked) for one in (DATABASES if both else [asked.database])]
    sys.exit(not all(kept))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--cascades", type=int, default=10_000, help="on each database")
    choices = (*DATABASES, "both")
    parser.add_argument("--database", choices=choices, default="both")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument(
        "--minutes", type=float, default=7.0, help="then nothing more is shipped"
    )
    return parser.parse_args()


def _run(database: str, asked: argparse.Namespace) -> bool:
    task = Task(seed=asked.seed, cascades=asked.cascades, seconds=asked.minutes * 60)
    home = Path(tempfile.mkdtemp(prefix="chaos-"))
    say(f"{database}, --seed {asked.seed}, in {home}")
    with ExitStack() as open_:
        own = database == "postgresql"
        postgres = open_.enter_context(servers.postgres()) if own else None
        with Run(task, home, postgres) as run:
            asyncio.run(run.go())
            kept = printed(run)
        if postgres and not kept:
            (home / "database.log").write_text(postgres.said())
    if kept:
        shutil.rmtree(home)
    else:
        say(f"To do the same: --database {database} --seed {asked.seed}")
        say(f"What it left behind, with the log: {home}")
    return kept


if __name__ == "__main__":
    main()
