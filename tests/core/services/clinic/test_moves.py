"""Moved, cancelled, answered: what is under way is no longer true. It is Monday, 13:00."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import pytest

from core.ports import Request
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.wire import Numbered
from tests.support.clinic import NIGHT, Clinic, reminder, rome
from tests.support.riverside import meta_status

OLD, NEW = "2026-11-25 15:00", "2026-11-27 15:00"
MOVED = "Cancelled: it was moved. Nothing more is sent."
ROME = {"time_zone": "Europe/Rome"}


def _planned(clinic: Clinic) -> None:
    clinic.books(OLD, **ROME)


def _queued(clinic: Clinic) -> None:
    clinic.clock.at = clinic.clock.wall_at = rome("2026-11-25 13:30")
    clinic.tells("appointment.booked", rome(OLD), **ROME)
    read_events(clinic.app)


def _waiting(clinic: Clinic) -> None:
    clinic.books(OLD, **ROME)
    clinic.at("2026-11-25 13:00")


def _held(clinic: Clinic) -> None:
    clinic.set_up(
        reminder("r", "2h before"), quiet_hours=[{"from": "13:10", "to": "14:00"}]
    )
    clinic.books(OLD, **ROME)
    clinic.at("2026-11-25 13:00")
    clinic.at("2026-11-25 13:30")
    assert "SMS is held" in clinic.story()[-1]
    clinic.set_up(reminder("r", "2h before"))


def _on_the_second_step(clinic: Clinic) -> None:
    clinic.books(OLD, **ROME)
    clinic.at("2026-11-25 13:00")
    clinic.at("2026-11-25 13:30")


STATES = pytest.mark.parametrize(
    ("reach", "sent"),
    [(_planned, 0), (_queued, 0), (_waiting, 1), (_held, 1), (_on_the_second_step, 2)],
)
Reach = Callable[[Clinic], None]


@STATES
@pytest.mark.parametrize("event", ["appointment.moved", "appointment.booked"])
def test_a_move_stops_what_is_open_and_plans_anew_once(
    clinic: Clinic, reach: Reach, sent: int, event: str
) -> None:
    clinic.set_up(reminder("r", "2h before"))
    reach(clinic)
    for _ in range(3):
        clinic.tells(event, rome(NEW))
    clinic.work()

    old, new = clinic.messages()
    assert (old.status, old.timeline[-1].sentence) == ("cancelled", MOVED)
    told = [line.sentence for line in new.timeline]
    assert told == [
        "A move started the reminder r.",
        "Planned for 2026-11-27 13:00.",
    ]
    clinic.at("2026-11-27 12:59")
    assert len(clinic.sent) == sent
    clinic.at("2026-11-27 13:00")
    assert len(clinic.sent) == sent + 1


@STATES
@pytest.mark.parametrize("event", ["appointment.cancelled", "appointment.answered"])
def test_an_end_stops_everything(
    clinic: Clinic, reach: Reach, sent: int, event: str
) -> None:
    clinic.set_up(reminder("r", "2h before"))
    reach(clinic)
    clinic.tells(event)
    clinic.work()
    clinic.at("2026-11-28 00:00")

    assert clinic.message().status == "cancelled"
    assert len(clinic.sent) == sent


class _Meanwhile:
    """The wire, while something else happens."""

    def __init__(self, clinic: Clinic, happens: Callable[[], object]) -> None:
        self._wire, self._happens = clinic.app.wire, happens

    def send(
        self, requests: Sequence[tuple[int, Request]], answers: SimpleQueue[Numbered]
    ) -> None:
        self._happens()
        self._wire.send(requests, answers)


def test_what_is_in_flight_goes_out_and_nothing_follows(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    _queued(clinic)

    def moves() -> None:
        clinic.tells("appointment.moved", rome(NEW))
        read_events(clinic.app)

    in_flight: Any = replace(clinic.app, wire=_Meanwhile(clinic, moves))
    send_due(in_flight, "whatsapp")
    clinic.work()
    old, new = clinic.messages()
    assert [one.status for one in old.tries] == ["accepted"]
    assert (old.status, new.status) == ("cancelled", "planned")

    failed = meta_status("failed", old.tries[0].reference, code=131026)
    clinic.whatsapp_says(failed)
    clinic.at("2026-11-27 12:59")
    assert clinic.sent == ["whatsapp"]


def test_moved_back_it_goes_out_at_the_old_time(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    clinic.books(OLD)
    clinic.moves(NEW)
    clinic.moves(OLD)
    assert [m.status for m in clinic.messages()] == [
        "cancelled",
        "cancelled",
        "planned",
    ]

    clinic.at("2026-11-25 13:00")
    assert clinic.sent == ["whatsapp"]


def test_moved_into_the_past_nothing_goes_out(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    clinic.books(OLD)
    clinic.moves("2026-11-23 12:00")
    clinic.at("2026-11-26 00:00")

    assert clinic.story()[1:] == [
        "What it is about is past.",
        "Done: nothing was sent.",
    ]
    assert clinic.sent == []


def test_a_move_of_what_nobody_told_of_plans_it(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    clinic.moves(NEW)
    clinic.moves(NEW)

    assert [m.status for m in clinic.messages()] == ["planned"]


def test_a_move_after_an_answer_plans_anew(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    clinic.books(OLD)
    # An answer may carry any time: it moves nothing.
    clinic.tells("appointment.answered", rome(NEW))
    clinic.work()
    assert [m.status for m in clinic.messages()] == ["cancelled"]

    clinic.moves(NEW)
    assert clinic.message().status == "planned"


def test_a_move_after_a_cancellation_plans_nothing(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    clinic.books(OLD)
    clinic.tells("appointment.cancelled", rome(NEW))
    clinic.moves(NEW)

    assert [m.status for m in clinic.messages()] == ["cancelled"]


def test_the_news_of_an_end_is_not_stopped_by_its_repetition(clinic: Clinic) -> None:
    clinic.set_up(reminder("off", on="appointment.cancelled"))
    clinic.books(OLD)
    for _ in range(2):
        clinic.tells("appointment.cancelled")
        clinic.work()
    clinic.passes(minutes=30)

    assert clinic.path("off") == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_reading_an_event_again_moves_nothing_back(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"))
    booked = clinic.tells("appointment.booked", rome(OLD))
    clinic.work()
    clinic.moves(NEW)
    assert booked
    inbox.replay(clinic.app, booked)
    clinic.work()

    assert [m.status for m in clinic.messages()] == ["cancelled", "planned"]
    clinic.at("2026-11-27 13:00")
    assert clinic.sent == ["whatsapp"]


def test_a_move_concerns_its_own_occasion(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "2h before"), quiet_hours=NIGHT)
    clinic.books(OLD, subject="1")
    clinic.books(OLD, subject="2")
    clinic.moves(NEW, subject="2")

    assert clinic.message(subject="1").status == "planned"
