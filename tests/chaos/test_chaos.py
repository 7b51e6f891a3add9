"""A few hundred messages under blows. `make chaos` does it with ten thousand."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos.evidence import Evidence
from tests.chaos.promises import RULES, judge
from tests.chaos.run import Run, Task
from tests.support.house import Order

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SHORT = Task(seed=7, cascades=1000, seconds=18, pause=1.0, ahead=60)


@pytest.mark.chaos
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_promise_is_kept_whatever_dies(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
):
    own = database == "postgresql"
    postgres = request.getfixturevalue("postgres") if own else None
    with Run(SHORT, tmp_path / "home", postgres) as run:
        asyncio.run(run.go())
        evidence = run.evidence()

    assert broken(evidence) == {}
    assert run.killer.blows.total() >= 5
    assert len(evidence.acknowledged) >= 100
    caught = set().union(*(broken(one) for one in falsified(evidence)))
    assert caught == RULES.keys()


def broken(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    return {one.promise: one.broken for one in judge(evidence) if one.broken}


def falsified(evidence: Evidence) -> Iterator[Evidence]:
    """Small lies, each of which breaks a promise."""
    silent = next(
        one
        for one in evidence.received
        if one.way.kind == "is silent"
        and _order(evidence, one.sent.order) not in evidence.cancelled
    )
    told = evidence.by_subject[_subject(evidence, silent.sent.order)][0]
    stored, view = told.stored, told.view
    others = [one for one in evidence.told if one is not told]
    early = replace(view, finished_at=view.created_at, timeline=())
    endless = replace(stored, row={**stored.row, "outcome": None}, notes=())
    delivered = replace(silent, told={"delivered"})

    yield replace(evidence, arrivals=[("receipt", "r1", "failed", "KeyError")])
    yield replace(evidence, told=others)
    yield replace(evidence, told=[*others, replace(told, stored=endless)])
    yield replace(evidence, told=[*others, replace(told, view=early)])
    yield replace(evidence, received=[*evidence.received, silent])
    yield replace(evidence, received=[*_without(evidence, silent), delivered])
    yield replace(evidence, cancelled={_order(evidence, silent.sent.order): LONG_AGO})
    yield replace(evidence, stuck=["web"])
    yield replace(evidence, log="web | event=arrival_failed")


def _order(evidence: Evidence, name: str) -> Order:
    return next(one for one in evidence.acknowledged if one.name == name)


def _subject(evidence: Evidence, name: str) -> str:
    return _order(evidence, name).subject


def _without(evidence: Evidence, message: object) -> list[object]:
    return [one for one in evidence.received if one is not message]
