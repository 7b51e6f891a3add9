"""Webhooks acknowledged per second, each committed before its answer."""

import json
from collections.abc import Iterator
from itertools import count
from statistics import median

from tests.bench.harness import ROUNDS, Place, granian, installation
from tests.bench.load import Load, Request, load
from tests.bench.table import Row, beside
from tests.support import riverside

WEBHOOKS = 3000

_numbers = count(1)


def measure(name: str, place: Place) -> Iterator[Row]:
    """Our hook beside a handler that does nothing, given the same requests."""
    with installation(place, "http://127.0.0.1:1"):
        pass
    with (
        granian("tests.bench.trivial:create_app", factory=True) as trivial,
        granian("webapp.app:create_app", factory=True, env=place.env) as server,
    ):
        both = [
            (
                load(f"{server}/hooks/shopify/riverside.shop", _signed()),
                load(trivial, _signed()),
            )
            for _ in range(ROUNDS + 1)
        ][1:]
    ours, plain = _median([one for one, _ in both]), _median([one for _, one in both])
    yield Row(what=f"Webhooks acknowledged per second, {name}", ours=f"{ours.rate:.0f}")
    yield beside("– against a trivial Flask handler", ours.rate, plain.rate)
    yield Row(
        what="– p99",
        ours=f"{ours.p99 * 1000:.1f} ms",
        beside=f"{plain.p99 * 1000:.1f} ms",
        ratio=f"{ours.p99 / plain.p99:.1f} ×",
    )


def _median(loads: list[Load]) -> Load:
    return Load(median(one.rate for one in loads), median(one.p99 for one in loads))


def _signed() -> list[Request]:
    return [_webhook(next(_numbers)) for _ in range(WEBHOOKS)]


def _webhook(number: int) -> Request:
    body = json.dumps(riverside.fulfillment(10**6 + number)).encode()
    return body, riverside.shopify_headers(body, webhook_id=f"load-{number}")
