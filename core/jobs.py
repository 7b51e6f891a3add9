"""The functions that RQ runs: a lane's name in, nothing out."""

from time import monotonic

import structlog

from core.bootstrap import Everreach
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.questions import ask_due
from core.services.receipts import read_receipts
from core.services.timers import turn_due_timers
from core.store.work import EVENTS, QUESTIONS, RECEIPTS, TIMERS

log = structlog.get_logger()

BUDGET_SECONDS = 0.2  # then the other lanes have their turn: a second for all of them
FAILED_SECONDS = 1.0

_app: Everreach | None = None


def install(app: Everreach) -> None:
    """Give this process's jobs what they work with."""
    global _app
    _app = app


def work(lane: str) -> None:
    """Do what is due in a lane until there is nothing, or the budget is spent."""
    assert _app, "install() comes first"
    _app.bell.answered(lane)
    until = monotonic() + BUDGET_SECONDS
    try:
        while _work_once(_app, lane):
            if monotonic() > until:
                _app.bell.ring([lane])
                return
    except Exception:
        log.exception("lane_failed", lane=lane)
        _app.bell.hush(lane, FAILED_SECONDS)


def _work_once(app: Everreach, lane: str) -> bool:
    match lane:
        case _ if lane == EVENTS:
            return read_events(app)
        case _ if lane == RECEIPTS:
            return read_receipts(app)
        case _ if lane == TIMERS:
            return turn_due_timers(app)
        case _ if lane == QUESTIONS:
            return ask_due(app)
        case _:
            return send_due(app, lane)
