"""What the house itself knows, read from its database."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from core.bootstrap import Everreach
from core.services.messages import list_messages
from core.services.views import MessageView
from core.store import history
from core.store.history import Stored
from core.store.tables import attempts, cascades, inbox

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A cascade as it is stored, and as it is shown."""

    stored: Stored
    view: MessageView


def ended(app: Everreach) -> int | None:
    """How many cascades have ended; None while the database is away."""
    query = select(func.count()).where(cascades.c.finished_at.is_not(None))
    try:
        with app.store.read() as tx:
            return tx.scalar(query)
    except SQLAlchemyError:
        return None


def work_left(app: Everreach) -> dict[str, int]:
    """What is still to be read, to be sent or to end."""
    queries = {
        "unread": select(func.count()).where(inbox.c.state == "waiting"),
        "unsent": select(func.count()).where(attempts.c.state == "queued"),
        "unfinished": select(func.count()).where(cascades.c.outcome.is_(None)),
    }
    with app.store.read() as tx:
        counts = {name: tx.scalar(query) or 0 for name, query in queries.items()}
    return {name: count for name, count in counts.items() if count}


def work_and_leases_left(app: Everreach) -> dict[str, int]:
    """The same, and the attempts that a worker has, or had when it died."""
    query = select(func.count()).where(attempts.c.state == "sending")
    with app.store.read() as tx:
        count = tx.scalar(query)
    return work_left(app) | ({"in hand": count} if count else {})


def run_out_leases(app: Everreach) -> None:
    """As if a minute had passed since workers took what they have in hand."""
    taken = update(attempts).where(attempts.c.state == "sending")
    with app.store.write() as tx:
        tx.execute(taken.values(lease_until=app.clock.wall()))


def everything(app: Everreach) -> Iterator[Told]:
    """Every cascade, newest first."""
    before = None
    while views := list_messages(app, before=before, limit=PAGE):
        with app.store.read() as tx:
            stored = history.messages(
                tx, subject=None, account=None, before=before, limit=PAGE
            )
        for one, view in zip(stored, views, strict=True):
            yield Told(stored=one, view=view)
        before = views[-1].id


def arrivals(app: Everreach) -> list[tuple[str, str, str, str]]:
    """Kind, delivery id, state and reason of everything that came in."""
    columns = (inbox.c.kind, inbox.c.delivery_id, inbox.c.state, inbox.c.reason)
    with app.store.read() as tx:
        return [tuple(row) for row in tx.execute(select(*columns))]
