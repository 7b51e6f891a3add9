"""Steps per second: claim, build, send, save the answer.

The decision that queues an attempt sets its timer, and comes before that (`_fill`).
"""

import json
import time
from collections.abc import Iterator
from itertools import count
from statistics import median

from sqlalchemy import text

from core.bootstrap import Everreach
from core.ports import Answer, HttpRequest, HttpResponse
from core.services.dispatch import BATCH, send_due
from core.services.events import read_events
from core.services.inbox import arrival
from core.store import inbox, origins
from core.store.inbox import EVENT
from tests.bench.harness import ROUNDS, Place, granian, installation
from tests.bench.jobs import JobPerStep
from tests.bench.table import Row, beside
from tests.support import riverside
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
        # In turns, so that whatever else the machine does meets both.
        both = [
            (steps_per_second(app), _bare_loop(app, provider))
            for _ in range(ROUNDS + 1)
        ][1:]
        engine, bare = (median(each) for each in zip(*both, strict=True))
        fork, simple = JobPerStep(place=place, provider=provider).measure()
    yield Row(what=f"Steps per second, {name}", ours=f"{engine:.0f}")
    yield beside("– against the bare loop", engine, bare)
    yield beside("– against one RQ job per step, `Worker`", engine, fork)
    yield beside("– against one RQ job per step, `SimpleWorker`", engine, simple)


def steps_per_second(app: Everreach) -> float:
    """One round of the engine."""
    _fill(app)
    began = time.perf_counter()
    while send_due(app, "whatsapp"):
        pass
    return STEPS / (time.perf_counter() - began)


def _fill(app: Everreach) -> None:
    """Have as many orders shipped, each to a person of their own."""
    platform = app.registry.platforms["shopify"]
    with app.store.write() as tx:
        origin = origins.connection(tx, "shopify", "riverside.shop")
        assert origin
        for _ in range(STEPS):
            number = next(_numbers)
            request = riverside.shipped(_shipment(number), webhook_id=f"bench-{number}")
            topic, delivery = platform.topic(request), platform.delivery_id(request)
            inbox.add(tx, arrival(app, EVENT, origin, request, topic, delivery))
    while read_events(app):
        pass


def _shipment(number: int) -> dict[str, object]:
    person = {"first_name": "Anna", "last_name": "Lind", "country_code": "SE"}
    phone = f"0701{740605 + number}"
    return riverside.fulfillment(number, destination={**person, "phone": phone})


def _bare_loop(app: Everreach, provider: str) -> float:
    """What one would write by hand: the same HTTP client, batches, commits and rows."""
    with app.store.write() as tx:
        tx.execute(text("DROP TABLE IF EXISTS bare"))
        tx.execute(text(_TABLE))
        tx.execute(text("INSERT INTO bare VALUES (:id, 0, NULL, NULL)"), _ROWS)
    began = time.perf_counter()
    while taken := _take(app):
        requests = [_request(provider, row) for row in taken]
        for answers in app.wire.exchange(requests):
            _save(app, [(taken[index], answer) for index, answer in answers])
    return STEPS / (time.perf_counter() - began)


_TABLE = "CREATE TABLE bare (id INTEGER PRIMARY KEY, state INTEGER, provider_id TEXT, due INTEGER)"
_ROWS = [{"id": number} for number in range(STEPS)]
_CLAIM = (
    "UPDATE bare SET state = 1 WHERE id IN "
    "(SELECT id FROM bare WHERE state = 0 ORDER BY id LIMIT :batch) RETURNING id"
)
_DONE = "UPDATE bare SET state = 2, provider_id = :provider_id, due = 1 WHERE id = :id"


def _take(app: Everreach) -> list[int]:
    with app.store.write() as tx:
        return list(tx.scalars(text(_CLAIM), {"batch": BATCH}))


def _request(provider: str, row: int) -> HttpRequest:
    told = {"to": "+46701740605", "biz_opaque_callback_data": str(row)}
    return HttpRequest(
        method="POST",
        url=f"{provider}/v25.0/100/messages",
        headers={"Content-Type": "application/json"},
        body=json.dumps(told).encode(),
    )


def _save(app: Everreach, group: list[tuple[int, Answer]]) -> None:
    rows = []
    for row, answer in group:
        assert isinstance(answer, HttpResponse)
        known = json.loads(answer.body)["messages"][0]["id"]
        rows.append({"id": row, "provider_id": known})
    with app.store.write() as tx:
        tx.execute(text(_DONE), rows)
