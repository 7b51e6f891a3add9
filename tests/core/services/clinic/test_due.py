"""When reminders go out, relative to the moment that they are about. It is Monday, 13:00."""

import pytest

from tests.support.clinic import SMS, Clinic, reminder, rome

THREE = (
    reminder("r72", "72h before", if_inside="next"),
    reminder("r24", "24h before", if_inside="next"),
    reminder("r2", "2h before", if_inside="skip"),
)
ROME = {"time_zone": "Europe/Rome"}


@pytest.mark.parametrize(
    ("send", "due"),
    [
        ("24h before", "2026-11-26 15:00"),
        ("3d before at 10:00", "2026-11-24 10:00"),
        ("2h after", "2026-11-27 17:00"),
    ],
)
def test_it_goes_out_when_it_is_due_and_not_before(
    clinic: Clinic, send: str, due: str
) -> None:
    clinic.set_up(reminder("r", send))
    clinic.books("2026-11-27 15:00", **ROME)
    assert f"Planned for {due}." in clinic.story()

    clinic.clock.at = rome(due)
    clinic.passes(seconds=-1)
    assert clinic.sent == []
    clinic.passes(seconds=1)
    assert clinic.sent == ["whatsapp"]


def test_nothing_goes_out_from_the_moment_on(clinic: Clinic) -> None:
    clinic.set_up(reminder("once"), reminder("before", "10m before"))
    clinic.books("2026-11-23 13:20")
    clinic.at("2026-11-23 13:10")
    clinic.at("2026-11-23 13:40")
    assert clinic.sent == ["whatsapp", "whatsapp"]
    for key in ("once", "before"):
        assert "SMS is passed over: it is too late for that." in clinic.story(key)

    clinic.books("2026-11-23 13:40", subject="now")
    assert clinic.sent == ["whatsapp", "whatsapp"]
    assert "What it is about is past." in clinic.story("before", "now")


def test_a_message_lives_no_longer_than_it_is_of_use(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "10m before", steps=[{**SMS, "wait": "1h"}]))
    clinic.books("2026-11-23 13:20")
    clinic.at("2026-11-23 13:10")

    assert b"ValidityPeriod=600" in clinic.providers.calls[0]


@pytest.mark.parametrize(
    ("visit", "outcomes"),
    [
        ("2026-11-27 13:00", ["planned", "planned", "planned"]),
        ("2026-11-25 13:00", ["skipped", "planned", "planned"]),
        ("2026-11-23 16:00", ["skipped", "skipped", "planned"]),
        # The smallest is left out by its own rule, so the one before it speaks.
        ("2026-11-23 14:00", ["skipped", "waiting", "skipped"]),
    ],
)
def test_what_is_booked_inside_the_lead_time_is_left_to_the_next(
    clinic: Clinic, visit: str, outcomes: list[str]
) -> None:
    clinic.set_up(*THREE)
    clinic.books(visit, **ROME)

    assert [clinic.message(r).status for r in ("r72", "r24", "r2")] == outcomes


def test_what_is_left_out_says_why(clinic: Clinic) -> None:
    clinic.set_up(*THREE, reminder("now", "25h before"))
    clinic.books("2026-11-23 14:00", **ROME)

    before = "before we knew of it"
    for key, told in {
        "r72": f"It was due at 2026-11-20 14:00, {before}: the next reminder tells of it.",
        "r2": f"It was due at 2026-11-23 12:00, {before}: it is left out.",
        "now": f"It was due at 2026-11-22 13:00, {before}: it goes out now.",
    }.items():
        assert told in clinic.story(key)
    assert clinic.message("r2").headline == "Nothing was sent: its time had passed"


def test_what_goes_out_at_once_is_no_next_reminder(clinic: Clinic) -> None:
    clinic.set_up(
        reminder("booked"),
        reminder("off", on="appointment.cancelled"),
        reminder("r24", "24h before", if_inside="next"),
    )
    clinic.books("2026-11-23 18:00")

    assert clinic.path("r24") == [("whatsapp", "accepted")]


def test_a_payment_is_reminded_of_until_it_is_paid(clinic: Clinic) -> None:
    early = reminder("early", "3d before at 10:00", on="payment.upcoming")
    late = reminder("late", "1d after at 09:00", on="payment.upcoming")
    thanks = reminder("thanks", on="payment.paid")
    clinic.set_up(early, late, thanks)
    clinic.tells("payment.upcoming", rome("2026-11-30 00:00"), **ROME)
    clinic.work()
    clinic.at("2026-11-27 09:59")
    assert clinic.sent == []
    clinic.at("2026-11-27 10:00")
    assert clinic.path("early") == [("whatsapp", "accepted")]

    clinic.at("2026-11-30 12:00")
    assert clinic.path("early") == [("whatsapp", "timed_out")]
    clinic.tells("payment.paid")
    clinic.work()
    assert clinic.story("late")[-1] == "Cancelled: it is paid. Nothing more is sent."
    assert clinic.path("thanks") == [("whatsapp", "accepted")]
    clinic.at("2026-12-01 12:00")
    assert clinic.messages("late")[0].tries == ()


def test_a_payment_that_is_paid_between_steps_is_not_asked_for_again(
    clinic: Clinic,
) -> None:
    clinic.set_up(reminder("early", "3d before at 10:00", on="payment.upcoming"))
    clinic.tells("payment.upcoming", rome("2026-11-30 00:00"))
    clinic.at("2026-11-27 10:00")
    clinic.tells("payment.paid")
    clinic.at("2026-11-27 12:00")

    assert clinic.path() == [("whatsapp", "accepted")]
