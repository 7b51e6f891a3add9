"""Steps per second: decide and set the next timer, claim, build, send, save the answer."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import orjson
from sqlalchemy import func, select, text, update

from connectors.config import USER_AGENT
from core.bootstrap import Everreach
from core.ports import Answer, HttpRequest, HttpResponse, InboundRequest
from core.services import dispatch, timers
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.inbox import arrival
from core.services.timers import turn_due_timers
from core.store import inbox, origins
from core.store.inbox import EVENT
from core.store.tables import cascades
from tests.bench.harness import Place, granian, in_turns, installation
from tests.bench.jobs import JobPerStep
from tests.bench.table import Row, beside
from worker import settle

STEPS = 600

_numbers = count(1)


def measure(name: str, place: Place) -> Iterator[Row]:
    """The engine beside what one would write without it."""
    with (
        granian("tests.bench.provider:accept") as provider,
        installation(place, provider) as app,
    ):
        settle()  # as a worker does
        engine, bare, ratio = in_turns(
            lambda: steps_per_second(app), lambda: _bare_loop(app, provider)
        )
        fork, simple = JobPerStep(place=place, provider=provider).measure()
    yield Row(what=f"Steps per second, {name}", ours=f"{engine:.0f}")
    yield beside("– against the bare loop", engine, bare, ratio=ratio)
    yield beside("– against one RQ job per step, `Worker`", engine, fork)
    yield beside("– against one RQ job per step, `SimpleWorker`", engine, simple)


def steps_per_second(app: Everreach) -> float:
    """One round of the engine: so many messages that have waited for their time, which it is."""
    _fill(app)
    began = time.perf_counter()
    while turn_due_timers(app):
        pass
    while send_due(app, "whatsapp"):
        pass
    took = time.perf_counter() - began
    with app.store.read() as tx:
        left = select(func.count()).where(cascades.c.deadline_at <= app.clock.now())
        assert not tx.scalar(left)
    return STEPS / took


def _fill(app: Everreach) -> None:
    """Have as many appointments booked, each of a person of their own; and then it is time."""
    now = app.clock.now()
    with app.store.write() as tx:
        last = tx.scalar(select(func.max(cascades.c.id))) or ""
        origin = origins.connection(tx, "webhook", "riverside.desk")
        assert origin
        for _ in range(STEPS):
            number = next(_numbers)
            at = now + timedelta(hours=25)
            request = InboundRequest(
                method="POST",
                url="https://msg.example/hooks/webhook/riverside.desk",
                headers={},
                body=json.dumps(_booked(number, at.isoformat())).encode(),
                received_at=now,
            )
            inbox.add(tx, arrival(app, EVENT, origin, request, "", f"bench-{number}"))
    while read_events(app):
        pass
    with app.store.write() as tx:
        ours = update(cascades).where(cascades.c.id > last)
        begun = tx.execute(ours.values(start_at=now, deadline_at=now))
        assert begun.rowcount == STEPS


def _booked(number: int, at: str) -> dict[str, object]:
    return {
        "event": "appointment.booked",
        "subject": f"bench-{number}",
        "at": at,
        "contact": {"phone": f"+46701{740605 + number}", "first_name": "Anna"},
        "fields": {"appointment.title": "Check-up"},
    }


def _bare_loop(app: Everreach, provider: str) -> float:
    """What one would write by hand: the same requests, batches and commits, one small row."""
    with app.store.write() as tx:
        tx.execute(text(_TABLE))
        # Not DROP: what is planned for the engine's statements would go with it.
        tx.execute(text("DELETE FROM bare"))
        tx.execute(text("INSERT INTO bare VALUES (:id, 0, NULL, 0)"), _ROWS)
    began = time.perf_counter()
    while _turn_timers(app):
        pass
    while taken := _take(app):
        requests = [_request(provider, row) for row in taken]
        for answers in app.wire.exchange(requests):
            _save(app, [(taken[index], answer) for index, answer in answers])
    return STEPS / (time.perf_counter() - began)


_TABLE = (
    "CREATE TABLE IF NOT EXISTS bare"
    " (id INTEGER PRIMARY KEY, state INTEGER, provider_id TEXT, due INTEGER)"
)
_ROWS = [{"id": number} for number in range(STEPS)]
_OVERDUE = "SELECT id FROM bare WHERE due <= 0 ORDER BY due LIMIT :batch"
_QUEUED = "UPDATE bare SET state = 1, due = 1 WHERE id = :id"
_CLAIM = (
    "UPDATE bare SET state = 2 WHERE id IN "
    "(SELECT id FROM bare WHERE state = 1 ORDER BY id LIMIT :batch) RETURNING id"
)
_DONE = "UPDATE bare SET state = 3, provider_id = :provider_id WHERE id = :id"


def _turn_timers(app: Everreach) -> bool:
    with app.store.write() as tx:
        due = tx.scalars(text(_OVERDUE), {"batch": timers.BATCH}).all()
        if due:
            tx.execute(text(_QUEUED), [{"id": row} for row in due])
    return bool(due)


def _take(app: Everreach) -> list[int]:
    with app.store.write() as tx:
        return list(tx.scalars(text(_CLAIM), {"batch": dispatch.BATCH}))


def _request(provider: str, row: int) -> HttpRequest:
    """As the engine's: what Meta asks for to send this template to this person."""
    values = [{"type": "text", "text": text} for text in ("Anna", "Check-up")]
    told = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+46701740605",
        "biz_opaque_callback_data": str(row),
        "type": "template",
        "template": {
            "name": "appointment",
            "language": {"code": "en"},
            "components": [{"type": "body", "parameters": values}],
        },
    }
    headers = {
        "Authorization": "Bearer token",
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
    }
    return HttpRequest(
        method="POST",
        url=f"{provider}/v25.0/100/messages",
        headers=headers,
        body=orjson.dumps(told),
    )


def _save(app: Everreach, group: list[tuple[int, Answer]]) -> None:
    rows = []
    for row, answer in group:
        assert isinstance(answer, HttpResponse)
        known = orjson.loads(answer.body)["messages"][0]["id"]
        rows.append({"id": row, "provider_id": known})
    with app.store.write() as tx:
        tx.execute(text(_DONE), rows)
