"""A worker process: waits for the bell, does what is due. `python worker.py --lanes send`."""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from socket import gethostname

import click
from rq import SimpleWorker
from rq.worker import DequeueStrategy

from connectors.registry import load_registry
from core import jobs
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.errors import SetupError
from core.store.work import INBOX_LANES, LANES, SEND_LANES
from core.ticker import Ticker
from webapp.lifeline import die_with_parent

GROUPS: dict[str, Sequence[str]] = {
    "all": LANES,
    "inbox": INBOX_LANES,
    "send": SEND_LANES,
}


@click.command()
@click.option(
    "--lanes", type=click.Choice(list(GROUPS)), default="all", show_default=True
)
def main(lanes: str) -> None:
    """Work on some lanes, or on all, until told to stop."""
    try:
        with open_everreach(Settings.from_env(os.environ), load_registry()) as app:
            serve(app, GROUPS[lanes])
    except SetupError as error:
        sys.exit(f"everreach: {error}")


def settle() -> None:
    """Spare the garbage collector what is there by now: it stays as long as this process.

    What a batch leaves behind is mostly freed as it goes; looking for the rest after every few
    hundred objects costs a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # So long a thread that has just heard from the database waits for one that computes.
    sys.setswitchinterval(0.001)


def serve(app: Everreach, lanes: Sequence[str]) -> None:
    """Work until SIGTERM or SIGINT; what is in hand is finished first."""
    die_with_parent()
    settle()
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    jobs.install(app)
    ticker = Ticker(app, f"{gethostname()}-{os.getpid()}", lanes)
    ticker.start()
    try:
        names = [app.bell.queue(lane).name for lane in lanes]
        worker = SimpleWorker(names, connection=app.bell.worker_connection())
        # In turn: otherwise a lane that is never done would keep the later ones waiting.
        in_turn = DequeueStrategy.ROUND_ROBIN
        worker.work(logging_level="WARNING", dequeue_strategy=in_turn)
    finally:
        ticker.stop()


if __name__ == "__main__":
    main()
