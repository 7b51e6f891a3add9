"""Everything that is known once a run is over, from outside and from inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from core.services.views import TryView
from tests.chaos.inside import Told
from tests.chaos.providers import Received
from tests.support.house import Order

Note = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`acknowledged` are the deliveries of each order that were answered with 200, and
    `cancelled` says when the cancellation of an order was."""

    acknowledged: Mapping[Order, set[str]]
    cancelled: Mapping[Order, datetime]
    received: Sequence[Received]
    told: Sequence[Told]
    arrivals: Sequence[tuple[str, str, str, str]]
    blows: Mapping[str, int]
    stuck: Sequence[str]
    log: str

    @cached_property
    def by_reference(self) -> dict[str, list[Received]]:
        """What came in at the providers."""
        return _grouped(self.received, lambda one: one.sent.reference)

    @cached_property
    def by_person(self) -> dict[tuple[str, str, str], list[Received]]:
        """The same, by what the person would see."""

        def seen(one: Received) -> tuple[str, str, str]:
            return one.sent.to, one.sent.channel, one.sent.order

        return _grouped(self.received, seen)

    @cached_property
    def by_subject(self) -> dict[str, list[Told]]:
        """The cascades."""
        return _grouped(self.told, lambda one: one.view.subject)

    @cached_property
    def tries(self) -> dict[str, tuple[Told, TryView, Mapping[str, Any]]]:
        """Each attempt by its reference: its cascade, as it is shown, its row."""
        return {
            view.reference: (told, view, row)
            for told in self.told
            for view, row in zip(told.view.tries, told.stored.attempts, strict=True)
        }

    def facts(self, reference: str) -> set[str]:
        """What the house can know of an attempt from receipts."""
        _, view, _ = self.tries[reference]
        facts: set[str] = set()
        for one in self.by_reference.get(reference, ()):
            if one.way.tells_reference or view.provider_id:
                facts |= {_SAME.get(word, word) for word in one.told}
        return facts


_SAME = {"undelivered": "failed"}


def notes_of(told: Told, number: int) -> list[str]:
    """What was noted of an attempt."""
    return [
        note["because"]
        for note in told.stored.notes
        if note["facts"].get("attempt") == number
    ]


def _grouped(things: Any, key: Any) -> dict[Any, list[Any]]:
    grouped: dict[Any, list[Any]] = {}
    for one in things:
        grouped.setdefault(key(one), []).append(one)
    return grouped
