"""Steps per second: claim, build, send, save the answer, set the next timer."""

import time
from collections.abc import Iterator
from itertools import count

from sqlalchemy import text

from core.bootstrap import Everreach
from core.ports import HttpRequest
from core.services.dispatch import BATCH, send_due
from core.services.events import read_events
from core.services.inbox import arrival
from core.store import inbox, origins
from core.store.inbox import EVENT
from tests.bench.harness import Place, granian, installation, median_of
from tests.bench.jobs import JobPerStep
from tests.bench.table import Row, beside
from tests.support import riverside

STEPS = 1000

_numbers = count(1)


def measure(name: str, place: Place) -> Iterator[Row]:
    """The engine beside what one would write without it."""
    with (
        granian("tests.bench.provider:accept") as provider,
        installation(place, provider) as app,
    ):
        engine = median_of(lambda: steps_per_second(app))
        bare = median_of(lambda: _bare_loop(app, provider))
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
    """The same HTTP client in the same batches, as many commits, and no engine."""
    body = b'{"messaging_product": "whatsapp", "to": "+46701740605"}'
    url = f"{provider}/v25.0/100/messages"
    headers = {"Content-Type": "application/json"}
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)
    began = time.perf_counter()
    for _ in range(0, STEPS, BATCH):
        _commit(app)  # the claim
        for _answers in app.http.exchange([request] * BATCH):
            _commit(app)  # what came of it
    return STEPS / (time.perf_counter() - began)


def _commit(app: Everreach) -> None:
    with app.store.write() as tx:
        tx.execute(text("UPDATE accounts SET name = 'Riverside Shop'"))
