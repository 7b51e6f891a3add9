"""Who may still be written to, after STOP and its like. It is Monday, 13:00 in Rome."""

from typing import Any

import pytest

from core.cascade.consent import Purpose
from core.services.events import read_events
from core.services.people import note_consent, what_they_said
from tests.support.clinic import ANNA, SMS, WHATSAPP, Clinic, reminder
from tests.support.riverside import meta_status

VISIT = "2026-12-10 15:00"
SMS2 = {"channel": "sms", "sender": "sms2"}
BUSY = {"code": 20429, "message": "Too Many Requests", "status": 429}


def _agree(clinic: Clinic, *, given: bool = True, purpose: str = "marketing") -> None:
    clinic.clock.advance(seconds=1)
    note_consent(
        clinic.app,
        "clinic",
        ANNA,
        channel=None,
        purpose=Purpose(purpose),
        given=given,
        source="form at the desk",
    )


def _sends(
    clinic: Clinic, purpose: str, *steps: dict[str, Any], subject: str = "9"
) -> list[str]:
    """What now goes out for a purpose on these steps: channel and sender."""
    clinic.set_up(reminder("probe", purpose=purpose, steps=list(steps)))
    clinic.books(VISIT, subject=subject)
    return [one.sender for one in clinic.message("probe", subject).tries]


def test_stop_by_sms_ends_that_sender_and_all_marketing(clinic: Clinic) -> None:
    offer = reminder("offer", "7d before at 10:00", purpose="marketing")
    clinic.set_up(reminder("r", steps=[SMS]), offer)
    _agree(clinic)
    clinic.books(VISIT)
    clinic.texts("STOP")
    assert (
        clinic.story("offer")[-1]
        == "Cancelled: they asked us to stop. Nothing more is sent."
    )

    assert _sends(clinic, "transactional", SMS, SMS2) == ["sms2"]
    assert _sends(clinic, "transactional", SMS, WHATSAPP, subject="8") == ["wa"]
    assert _sends(clinic, "authentication", SMS, WHATSAPP, subject="7") == ["wa"]
    assert _sends(clinic, "authentication", WHATSAPP, subject="6") == ["wa"]
    assert _sends(clinic, "marketing", WHATSAPP, SMS2, subject="5") == []


def test_what_is_passed_over_says_why_and_since_when(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", steps=[SMS]))
    clinic.books(VISIT)
    clinic.texts("STOP")
    _sends(clinic, "transactional", SMS)
    assert clinic.story("probe", "9")[1:3] == [
        "sms is passed over: this person opted out of it on 2026-11-23 13:00 (the carrier).",
        "SMS is passed over: none of its senders can be used.",
    ]

    _sends(clinic, "marketing", WHATSAPP, subject="8")
    assert clinic.story("probe", "8")[1] == (
        "WhatsApp is passed over: this person opted out on 2026-11-23 13:00 (the carrier)."
    )


def test_start_lifts_both(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", steps=[SMS]))
    _agree(clinic)
    clinic.books(VISIT)
    clinic.texts("STOP")
    clinic.passes(minutes=1)
    clinic.texts("START")

    assert _sends(clinic, "transactional", SMS) == ["sms"]
    assert _sends(clinic, "marketing", WHATSAPP, subject="8") == ["wa"]


def test_marketing_between_steps_is_not_continued_after_stop(clinic: Clinic) -> None:
    _agree(clinic)
    clinic.set_up(reminder("offer", purpose="marketing"))
    clinic.books(VISIT)
    clinic.writes("stop")
    clinic.passes(minutes=31)

    assert clinic.sent == ["whatsapp"]


def test_stop_overtakes_what_waits_to_be_sent_again(clinic: Clinic) -> None:
    clinic.providers.sms(BUSY, status=429)
    clinic.set_up(reminder("r", steps=[SMS, {**WHATSAPP}]))
    clinic.books(VISIT)
    assert clinic.path()[-1] == ("sms", "queued")
    clinic.texts("STOP")
    clinic.passes(minutes=1)

    assert clinic.sent == ["sms", "whatsapp"]
    told = "This person does not take messages from us by SMS: they want nothing from this sender"
    assert any(told in line for line in clinic.story())


def test_a_withdrawal_overtakes_what_is_queued(clinic: Clinic) -> None:
    _agree(clinic)
    clinic.set_up(reminder("offer", purpose="marketing"))
    clinic.tells("appointment.booked", clinic.clock.now().replace(month=12))
    read_events(clinic.app)
    _agree(clinic, given=False)
    clinic.work()

    assert clinic.sent == []


def test_a_choice_in_whatsapp_is_about_marketing_there(clinic: Clinic) -> None:
    _agree(clinic)
    clinic.set_up(reminder("offer", purpose="marketing"))
    clinic.books(VISIT)
    clinic.whatsapp_prefers("stop")
    assert clinic.message("offer").status == "cancelled"
    assert _sends(clinic, "transactional", WHATSAPP, subject="8") == ["wa"]
    assert _sends(clinic, "marketing", WHATSAPP, SMS, subject="7") == ["sms"]

    clinic.passes(minutes=1)
    clinic.whatsapp_prefers("resume")
    assert _sends(clinic, "marketing", WHATSAPP, SMS, subject="6") == ["wa"]


def test_what_a_provider_knows_of_marketing_ends_it_there(clinic: Clinic) -> None:
    _agree(clinic)
    clinic.set_up(reminder("offer", purpose="marketing"))
    clinic.books(VISIT)
    clinic.whatsapp_says(
        meta_status("failed", clinic.message().tries[0].reference, code=131050)
    )
    assert clinic.sent == ["whatsapp"]

    assert _sends(clinic, "transactional", WHATSAPP, subject="8") == ["wa"]
    assert _sends(clinic, "marketing", WHATSAPP, SMS, subject="7") == ["sms"]
    assert "(code 131050)" in " ".join(clinic.story("probe", "7"))


def test_what_a_provider_knows_of_a_stop_ends_that_sender(clinic: Clinic) -> None:
    _agree(clinic)
    refused = {
        "code": 21610,
        "message": "Attempt to send to unsubscribed recipient",
        "status": 400,
    }
    clinic.providers.sms(refused, status=400)
    clinic.set_up(reminder("r", steps=[SMS, WHATSAPP]))
    clinic.books(VISIT)
    clinic.providers.begin_anew()

    assert _sends(clinic, "transactional", SMS, SMS2, subject="8") == ["sms2"]
    assert _sends(clinic, "marketing", SMS2, subject="7") == []


@pytest.mark.parametrize("purpose", ["marketing", "transactional"])
def test_a_withdrawal_at_the_desk_is_heeded(clinic: Clinic, purpose: str) -> None:
    _agree(clinic, purpose=purpose)
    assert _sends(clinic, purpose, WHATSAPP, subject="8") == ["wa"]
    _agree(clinic, given=False, purpose=purpose)

    assert _sends(clinic, purpose, WHATSAPP, subject="7") == []
    assert clinic.story("probe", "7")[1] == (
        "WhatsApp is passed over: this person opted out on 2026-11-23 13:00 (form at the desk)."
    )


def test_marketing_needs_consent(clinic: Clinic) -> None:
    assert _sends(clinic, "marketing", WHATSAPP) == []
    assert clinic.story("probe", "9")[1] == (
        "WhatsApp is passed over: there is no consent to marketing messages there."
    )


def test_staff_can_read_what_a_person_said(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", steps=[SMS]))
    _agree(clinic)
    clinic.books(VISIT)
    clinic.texts("STOP")

    said = [one.sentence for one in what_they_said(clinic.app, "clinic", ANNA).said]
    assert said[0] == "Agreed to marketing messages on every channel: form at the desk."
    assert "Wants no more messages from sms by SMS: the carrier, “STOP”." in said
