"""Quiet hours and send days, by the clock where the person is. It is Monday, 13:00 in Rome."""

from datetime import timedelta

import pytest

from core.cascade.consent import Purpose
from core.services.people import note_consent
from tests.support.clinic import ANNA, NIGHT, WHATSAPP, Clinic, reminder, rome
from tests.support.riverside import meta_status

ROME = {"time_zone": "Europe/Rome"}


def test_what_is_due_at_night_is_held_until_morning(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", "24h before"), quiet_hours=NIGHT)
    clinic.books("2026-11-24 22:30", **ROME)
    told = (
        "Planned for 2026-11-24 08:00, when quiet hours in Rome (where it takes place) "
        "end; it was due at 2026-11-23 22:30."
    )
    assert told in clinic.story()

    clinic.at("2026-11-24 07:59")
    assert clinic.sent == []
    clinic.at("2026-11-24 08:00")
    assert clinic.sent == ["whatsapp"]


@pytest.mark.parametrize(
    ("contact", "event", "opens", "told"),
    [
        ({"time_zone": "America/New_York"}, ROME, "2026-11-24 05:00", "New York (their own time zone)"),
        ({}, {"time_zone": "Europe/London"}, "2026-11-24 00:00", "London (where it takes place)"),
        ({"phone": ANNA}, {}, "2026-11-23 23:00", "Stockholm (by their phone number)"),
        # The United States have many clocks, so theirs says nothing.
        ({"phone": "+12025550123"}, {}, "2026-11-23 23:00", "Rome (our own time zone)"),
    ],
    ids=["person", "event", "phone", "account"],
)  # fmt: skip
def test_the_clock_is_the_best_that_is_known(
    clinic: Clinic,
    contact: dict[str, str],
    event: dict[str, str],
    opens: str,
    told: str,
) -> None:
    clinic.set_up(reminder("r"), quiet_hours=[{"from": "00:00", "to": "23:00"}])
    clinic.books("2026-11-26 12:00", contact={"phone": ANNA, **contact}, **event)
    assert f"when quiet hours in {told} end" in clinic.story()[1]

    assert clinic.message().deadline_at == rome(opens)


def test_a_step_that_follows_at_night_is_held(clinic: Clinic) -> None:
    clinic.set_up(reminder("r"), quiet_hours=NIGHT)
    clinic.at("2026-11-23 20:45")
    clinic.books("2026-11-26 12:00", **ROME)
    clinic.at("2026-11-23 21:16")

    assert clinic.sent == ["whatsapp"]
    assert clinic.story()[-1] == (
        "SMS is held until 2026-11-24 08:00: these are quiet hours in Rome "
        "(where it takes place)."
    )
    clinic.at("2026-11-24 08:00")
    assert clinic.path() == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_a_late_delivery_ends_what_is_held(clinic: Clinic) -> None:
    clinic.set_up(reminder("r"), quiet_hours=NIGHT)
    clinic.at("2026-11-23 20:45")
    clinic.books("2026-11-26 12:00")
    clinic.at("2026-11-23 21:16")
    clinic.whatsapp_says(meta_status("delivered", clinic.message().tries[0].reference))
    clinic.at("2026-11-24 09:00")

    assert clinic.path() == [("whatsapp", "delivered_late")]
    assert clinic.sent == ["whatsapp"]


@pytest.mark.parametrize(
    ("rule", "sent_at", "told"),
    [
        ("skip", None, "It was due at 2026-11-23 22:30, in quiet hours in Rome (where it takes place); after them it is too late."),
        ("send_anyway", "2026-11-23 22:30", "Planned for 2026-11-23 22:30, in quiet hours in Rome (where it takes place): after them it is too late."),
        ("earlier", "2026-11-23 20:59", "Planned for 2026-11-23 20:59, before quiet hours in Rome (where it takes place): after them it is too late."),
    ],
    ids=["skip", "send_anyway", "earlier"],
)  # fmt: skip
def test_when_morning_is_too_late_the_reminder_says_what_to_do(
    clinic: Clinic, rule: str, sent_at: str | None, told: str
) -> None:
    clinic.set_up(reminder("r", "9h before", too_late=rule), quiet_hours=NIGHT)
    clinic.books("2026-11-24 07:30", **ROME)
    assert told in clinic.story()

    at = rome(sent_at or "2026-11-23 22:30")
    clinic.clock.at = at - timedelta(seconds=1)
    clinic.work()
    assert clinic.sent == []
    clinic.passes(seconds=1)
    assert clinic.sent == (["whatsapp"] if sent_at else [])
    clinic.at("2026-11-24 09:00")
    assert clinic.sent == (["whatsapp"] if sent_at else [])


@pytest.mark.parametrize(
    ("rule", "path"),
    [("skip", ["whatsapp"]), ("send_anyway", ["whatsapp", "sms"])],
)
def test_when_morning_is_too_late_for_the_next_step(
    clinic: Clinic, rule: str, path: list[str]
) -> None:
    clinic.set_up(reminder("r", "11h before", too_late=rule), quiet_hours=NIGHT)
    clinic.books("2026-11-24 07:45", **ROME)
    clinic.at("2026-11-23 20:45")
    clinic.at("2026-11-23 21:16")

    assert clinic.sent == path
    night = "quiet hours in Rome (where it takes place) end only at 2026-11-24 08:00"
    passed = f"SMS is passed over: {night}, when it is too late."
    assert (passed in clinic.story()) == (rule == "skip")


def test_a_code_knows_no_quiet_hours(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", purpose="authentication"), quiet_hours=NIGHT)
    clinic.at("2026-11-23 23:00")
    clinic.books("2026-11-26 12:00")

    assert clinic.sent == ["whatsapp"]


def test_rules_are_for_purposes_and_channels(clinic: Clinic) -> None:
    marketing = {"from": "20:00", "to": "10:00", "purposes": ["marketing"]}
    sms = {"from": "21:00", "to": "08:00", "channels": ["sms"]}
    offer = reminder("offer", purpose="marketing", steps=[WHATSAPP])
    clinic.set_up(reminder("r"), offer, quiet_hours=[marketing, sms])
    note_consent(
        clinic.app, "clinic", ANNA, channel=None, purpose=Purpose.MARKETING, given=True, source="form",
    )  # fmt: skip
    clinic.at("2026-11-23 22:00")
    clinic.books("2026-11-26 12:00", **ROME)
    clinic.at("2026-11-23 22:30")
    assert clinic.sent == ["whatsapp"]

    clinic.at("2026-11-24 08:00")
    assert clinic.sent == ["whatsapp", "sms"]
    clinic.at("2026-11-24 10:00")
    assert clinic.sent == ["whatsapp", "sms", "whatsapp"]


def test_what_is_due_on_a_closed_day_waits_for_an_open_one(clinic: Clinic) -> None:
    week = [{"days": ["mon", "tue", "wed", "thu", "fri"]}]
    clinic.set_up(reminder("r", "24h before"), quiet_hours=week)
    clinic.books("2026-11-30 12:00", **ROME)
    clinic.at("2026-11-29 23:59")
    assert clinic.sent == []

    clinic.at("2026-11-30 00:00")
    assert clinic.sent == ["whatsapp"]


@pytest.mark.parametrize(
    ("night", "utc"),
    [("2026-10-25", "00:30"), ("2027-03-28", "01:00")],
    ids=["twice 02:30", "no 02:30"],
)
@pytest.mark.parametrize("quiet", [[], [{"from": "23:00", "to": "02:30"}]])
def test_on_the_nights_when_clocks_change_it_goes_out_once(
    clinic: Clinic, night: str, utc: str, quiet: list[dict[str, str]]
) -> None:
    send = "0d before at 01:00" if quiet else "0d before at 02:30"
    clinic.set_up(
        reminder("r", send, steps=[{**WHATSAPP, "wait": "1d"}]), quiet_hours=quiet
    )
    clinic.clock.at = clinic.clock.wall_at = rome(f"{night} 00:00") - timedelta(hours=3)
    clinic.books(f"{night} 12:00", **ROME)
    times = []
    for _ in range(36):
        clinic.passes(minutes=15)
        times += [clinic.clock.now()] * (len(clinic.sent) - len(times))

    assert [f"{at:%Y-%m-%d %H:%M}" for at in times] == [f"{night} {utc}"]
