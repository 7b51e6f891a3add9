"""A worker's turn: batch after batch, and the next does not wait for the last one's answers."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.services.dispatch import BATCH, send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.services.receipts import read_receipts
from core.store import attempts
from core.store.turns import Turns
from tests.support.line import Line
from tests.support.loopback import Providers, accepted
from tests.support.riverside import meta_status


def _ship(line: Line, count: int) -> None:
    """So many orders are due, each to somebody else."""
    for number in range(1, count + 1):
        line.order(number, phone=f"070174{number + 605:04}")
    while read_events(line.app):
        pass


def test_a_batch_leaves_while_an_answer_to_the_last_is_missing(
    line: Line, providers: Providers
) -> None:
    in_next_batch, came = threading.Event(), []

    def told(number: int) -> dict[str, Any]:
        if number > BATCH:
            in_next_batch.set()
        if number == 1:
            came.append(in_next_batch.wait(timeout=5))
        return accepted(number)

    providers.whatsapp(told)
    _ship(line, BATCH + 1)
    assert send_due(line.app, "whatsapp")

    assert came == [True]
    assert len(providers.calls) == BATCH + 1


class _Breaking(Turns):
    """Everything goes well once."""

    def __init__(self) -> None:
        super().__init__()
        self._times = 0

    def take(
        self, lane: str, look: Callable[[int, int], Sequence[Any]], most: int
    ) -> Sequence[Any]:
        self._times += 1
        if self._times > 1:
            raise RuntimeError("the database is gone")
        return super().take(lane, look, most)


def test_answers_are_kept_even_if_the_next_batch_cannot_be_taken(line: Line) -> None:
    _ship(line, 3)
    with pytest.raises(RuntimeError, match="gone"):
        send_due(replace(line.app, turns=_Breaking()), "whatsapp")

    messages = list_messages(line.app)
    tries = [tried.status for message in messages for tried in message.tries]
    assert tries == ["accepted"] * 3


def test_a_yes_alone_is_kept_only_where_nothing_is_known_yet(line: Line) -> None:
    _ship(line, 2)
    line.claim_and_die()
    known, fresh = (message.tries[0].reference for message in list_messages(line.app))
    line.whatsapp_says(meta_status("sent", known))
    read_receipts(line.app)

    now = line.clock.now()
    with line.app.store.write() as tx:
        kept = attempts.accept(tx, {known: "wamid.1", fresh: "wamid.2"}, now)

    assert kept == {fresh: False}
    tries = [message.tries[0] for message in list_messages(line.app)]
    assert [(one.status, one.provider_id) for one in tries] == [
        ("sent", None),
        ("accepted", "wamid.2"),
    ]
