"""What comes in: keep it, read it later, say what became of it."""

from collections.abc import Callable
from hashlib import sha256

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.bootstrap import Everreach
from core.errors import EverreachError
from core.ports import InboundRequest
from core.store import inbox
from core.store.engine import is_passing
from core.store.inbox import Arrival, Waiting
from core.store.origins import Origin

log = structlog.get_logger()

Reader = Callable[[Connection, Waiting], tuple[str, str]]


def keep(
    app: Everreach,
    kind: str,
    origin: Origin,
    request: InboundRequest,
    *,
    topic: str = "",
    delivery_id: str = "",
) -> int | None:
    """Commit a verified request. None if the same delivery has come in before.

    Without a delivery id of the sender's own, the same bytes are the same delivery.
    """
    arrived = arrival(app, kind, origin, request, topic, delivery_id)
    with app.store.write() as tx:
        return inbox.add(tx, arrived)


def arrival(
    app: Everreach,
    kind: str,
    origin: Origin,
    request: InboundRequest,
    topic: str,
    delivery_id: str,
) -> Arrival:
    """A request that has just come in, as it is kept."""
    return Arrival(
        account_id=origin.account_id,
        kind=kind,
        origin_id=origin.id,
        delivery_id=delivery_id or _fingerprint(request),
        topic=topic,
        url=request.url,
        headers=request.headers,
        body=request.body,
        received_at=app.clock.now(),
    )


def _fingerprint(request: InboundRequest) -> str:
    return sha256(request.url.encode() + b"\n" + request.body).hexdigest()


def as_request(arrival: Waiting) -> InboundRequest:
    """The request as it came in."""
    return InboundRequest(
        method="POST",
        url=arrival.url,
        headers=arrival.headers,
        body=arrival.body,
        received_at=arrival.received_at,
    )


def read_each(
    app: Everreach, tx: Connection, arrivals: list[Waiting], read: Reader
) -> None:
    """Read arrivals one by one. One that cannot be read is kept, with the reason."""
    for arrival in arrivals:
        try:
            with app.store.part(tx):
                state, reason = read(tx, arrival)
        except EverreachError as error:
            state, reason = "failed", str(error)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_passing(error):
                raise  # not the arrival's fault: the whole batch is read again
            # Our bug. Nothing is lost: the event can be replayed once it is mended.
            log.exception("arrival_failed", inbox_id=arrival.id, kind=arrival.kind)
            state, reason = "failed", f"{type(error).__name__} (see the log)"
        inbox.settle(tx, arrival.id, state, reason, app.clock.now())


def replay(app: Everreach, event_id: int) -> bool:
    """Read an event again. False if there is none of that id.

    What it started before is not started twice.
    """
    with app.store.write() as tx:
        found = inbox.reopen(tx, event_id)
    if found:
        app.bell.ring(["events"])
    return found
