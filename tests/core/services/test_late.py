"""Providers that take their time: only their own channel waits for them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

import core.away
from core.away import Away, Late
from core.ports import Answer, HttpRequest
from core.services import dispatch
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.wire import Wire
from tests.support.house import until
from tests.support.line import Line
from tests.support.loopback import Providers, accepted

SMS_FIRST = (
    "{channel: whatsapp, sender: wa, until: delivered, wait: 30m}",
    "{channel: sms, sender: sms, until: delivered, wait: 30m}",
)


class Hanging:
    """What a provider answers, but not before it is let go."""

    def __init__(self) -> None:
        self._free = threading.Event()

    def __call__(self, number: int) -> dict[str, Any]:
        assert self._free.wait(timeout=20)
        return accepted(number)

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture
def hanging(providers: Providers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr(core.away, "PATIENCE_SECONDS", 0.3)
    hanging = Hanging()
    providers.whatsapp(hanging)
    yield hanging
    hanging.let_go()


def _ship(line: Line, count: int) -> None:
    for number in range(1, count + 1):
        line.order(number, phone=f"070174{number + 605:04}")
    while read_events(line.app):
        pass


def _tries(line: Line) -> list[str]:
    """What became of each message, in no order: they are all of the same moment."""
    return sorted(message.tries[0].status for message in list_messages(line.app))


def test_a_provider_that_hangs_holds_up_no_other_channel(
    line: Line, providers: Providers, hanging: Hanging
) -> None:
    _ship(line, 1)
    assert send_due(line.app, "whatsapp")
    assert _tries(line) == ["sending"]

    line.set_up(SMS_FIRST)
    _ship(line, 2)
    assert send_due(line.app, "sms")
    until("the SMS is saved", lambda: _tries(line) == ["accepted", "sending"])

    hanging.let_go()
    line.app.late.close()
    assert _tries(line) == ["accepted", "accepted"]
    assert line.app.late.missing("whatsapp") == 0


def test_a_provider_that_hangs_is_given_no_more_than_it_can_lose(
    line: Line,
    providers: Providers,
    hanging: Hanging,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "BATCH", 2)
    _ship(line, 7)
    assert send_due(line.app, "whatsapp")
    assert not send_due(line.app, "whatsapp")
    assert line.app.late.missing("whatsapp") == 4
    assert _tries(line) == ["queued"] * 3 + ["sending"] * 4

    hanging.let_go()
    line.app.late.close()
    assert send_due(line.app, "whatsapp")
    line.app.late.close()
    assert _tries(line) == ["accepted"] * 7
    assert len(providers.calls) == 7


def test_one_that_hangs_keeps_no_others_of_its_channel_back(
    line: Line, providers: Providers, hanging: Hanging
) -> None:
    _ship(line, 1)
    assert send_due(line.app, "whatsapp")
    providers.whatsapp(accepted)
    _ship(line, 2)
    assert send_due(line.app, "whatsapp")

    until("the other is saved", lambda: _tries(line) == ["accepted", "sending"])


def test_a_question_that_is_not_answered_holds_up_nothing_else(
    line: Line, providers: Providers, hanging: Hanging
) -> None:
    line.set_up(SMS_FIRST)
    line.ship()
    providers.knows(hanging)
    line.later(minutes=30)
    assert [tried.status for tried in line.message.tries] == ["accepted"]

    hanging.let_go()
    line.app.late.close()
    line.work()
    assert [tried.status for tried in line.message.tries] == ["timed_out", "accepted"]


@pytest.mark.parametrize("patience", [0.0, 5.0], ids=["late", "at once"])
def test_an_answer_that_cannot_be_saved_takes_no_other_with_it(
    providers: Providers,
    hanging: Hanging,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
) -> None:
    monkeypatch.setattr(core.away, "PATIENCE_SECONDS", patience)
    saved: list[str] = []

    def save(answers: Sequence[tuple[str, Answer]]) -> None:
        for name, _ in answers:
            if name == "first":
                hanging.let_go()
                raise RuntimeError("the database is gone")
            saved.append(name)

    providers.whatsapp(accepted, number="101")
    names = {"first": "101", "second": "102"}
    wire, late = Wire(), Late()
    away = Away[str](wire, save)
    away.send([(name, _post(providers, number)) for name, number in names.items()])
    with suppress(RuntimeError):
        late.finish("whatsapp", away)
    late.close()
    wire.close()

    assert saved == ["second"]


def _post(providers: Providers, number: str) -> HttpRequest:
    url = f"{providers.url}/v25.0/{number}/messages"
    return HttpRequest(method="POST", url=url, body=b"{}")
