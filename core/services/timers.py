"""What happens because time passed: windows that run out, workers that died."""

from core.bootstrap import Everreach
from core.cascade.events import Event, TimedOut, lost
from core.services.advance import advance
from core.store import attempts, cascades

BATCH = 400  # others wait for some 30 ms for such a transaction


def turn_due_timers(app: Everreach) -> bool:
    """Handle a batch of what is due. Whether there was any."""
    now = app.clock.now()
    with app.store.write() as tx:
        died = attempts.expire(tx, app.clock.wall(), BATCH)
        happened: list[tuple[str, Event]] = [
            (cascade_id, lost(number, now)) for cascade_id, number in died
        ]
        happened += [
            (cascade_id, TimedOut()) for cascade_id in cascades.due(tx, now, BATCH)
        ]
        lanes = advance(app, tx, happened, now)
    app.bell.ring(lanes)
    return bool(happened)
