"""What people answer is an event that reminders can be on. It is Monday, 13:00 in Rome."""

import pytest
from sqlalchemy import select

from core.services.inbox import replay
from core.store.tables import inbox
from tests.support.clinic import SMS, WHATSAPP, Clinic, reminder

VISIT = "2026-11-26 15:00"
ASKED = reminder("ask", steps=[WHATSAPP])
THANKS = reminder("thanks", on="appointment.confirmed", steps=[WHATSAPP])
CALL_BACK = reminder("call", on="appointment.cancel_wanted", steps=[SMS])


def _events(clinic: Clinic) -> list[tuple[int, str, str]]:
    """The events of our own: number, name and what became of them."""
    query = select(inbox.c["id", "topic", "state"]).where(inbox.c.origin_id == 0)
    with clinic.app.store.read() as tx:
        kind = inbox.c.kind == "event"
        return [tuple(row) for row in tx.execute(query.where(kind))]


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        ("confirm", "appointment.confirmed"),
        ("reschedule", "appointment.reschedule_wanted"),
        ("cancel", "appointment.cancel_wanted"),
    ],
)
def test_a_button_is_an_event_about_the_occasion(
    clinic: Clinic, payload: str, event: str
) -> None:
    clinic.set_up(ASKED, reminder("then", on=event, steps=[SMS]))
    clinic.books(VISIT)
    clinic.presses("👍", payload, answers="wamid.1")

    assert [one[1:] for one in _events(clinic)] == [(event, "done")]
    assert clinic.path("then") == [("sms", "accepted")]


def test_a_word_is_one_too_in_any_language(clinic: Clinic) -> None:
    clinic.set_up(ASKED, CALL_BACK)
    clinic.books(VISIT)
    clinic.writes("annulla")

    assert clinic.path("call") == [("sms", "accepted")]


def test_an_answer_about_a_payment_is_about_that(clinic: Clinic) -> None:
    clinic.set_up(reminder("ask", on="payment.upcoming", steps=[WHATSAPP]))
    due = clinic.clock.now().replace(month=12)
    clinic.tells("payment.upcoming", due)
    clinic.work()
    clinic.writes("Another time")

    assert [one[1] for one in _events(clinic)] == ["payment.reschedule_wanted"]


def test_nobody_talks_in_circles(clinic: Clinic) -> None:
    clinic.set_up(ASKED, THANKS)
    clinic.books(VISIT)
    for _ in range(3):  # whatever we send, an automaton says yes
        clinic.writes("Yes")
        clinic.passes(minutes=1)

    assert clinic.sent == ["whatsapp", "whatsapp"]
    assert len(clinic.messages("thanks")) == 1


def test_who_thinks_better_of_it_is_heard(clinic: Clinic) -> None:
    clinic.set_up(ASKED, THANKS, CALL_BACK)
    clinic.books(VISIT)
    clinic.writes("Yes")
    clinic.passes(minutes=1)
    clinic.writes("Cancel")

    assert clinic.path("thanks") == [("whatsapp", "replied")]
    assert clinic.path("call") == [("sms", "accepted")]


def test_an_answer_can_be_replayed_and_starts_nothing_twice(clinic: Clinic) -> None:
    clinic.set_up(ASKED)
    clinic.books(VISIT)
    clinic.writes("Yes")
    clinic.set_up(ASKED, THANKS)
    ((number, _, _),) = _events(clinic)
    for _ in range(2):
        assert replay(clinic.app, number)
        clinic.work()

    assert len(clinic.messages("thanks")) == 1


def test_what_is_no_answer_is_no_event(clinic: Clinic) -> None:
    clinic.set_up(ASKED)
    clinic.books(VISIT)
    clinic.writes("Where is it?")

    assert _events(clinic) == []


def test_a_reminder_may_go_on_after_an_answer(clinic: Clinic) -> None:
    later = reminder("later", "24h before", steps=[SMS])
    anyway = reminder("anyway", "24h before", steps=[SMS], on_reply="continue")
    clinic.set_up(ASKED, later, anyway)
    clinic.books(VISIT)
    clinic.writes("Yes")

    assert clinic.message("later").status == "cancelled"
    assert clinic.message("anyway").status == "planned"


def test_a_reply_to_what_was_sent_long_ago_belongs_to_nothing(clinic: Clinic) -> None:
    clinic.set_up(ASKED)
    clinic.books(VISIT)
    clinic.passes(days=15)
    clinic.writes("Yes")

    assert clinic.message().replies == ()
    assert _events(clinic) == []
