"""What is decided about several people at once is decided for each of them."""

import json
from datetime import timedelta

import pytest

from core.services import advance
from core.services.setup import apply
from core.store.breakers import Fault, count_fault, keep_open
from core.store.people import account
from tests.support.clinic import Clinic, reminder, rome, setup

FRIDAY = rome("2026-11-27 12:00")


def _book(clinic: Clinic, what: str, *theirs: str) -> None:
    """Some people, alike but in this."""
    for number, its in enumerate(theirs, 1):
        contact = {"phone": f"+4670174060{number + 4}", what: its}
        told = {"subject": str(number), "contact": contact}
        clinic.tells("appointment.booked", FRIDAY, **told)
    clinic.work()


def _channels(clinic: Clinic) -> list[list[str]]:
    both = (clinic.message(subject=subject) for subject in "12")
    return [[tried.channel for tried in message.tries] for message in both]


def test_each_goes_by_their_own_clock(clinic: Clinic) -> None:
    no_sms = {"from": "21:00", "to": "08:00", "channels": ["sms"]}
    clinic.set_up(reminder("r"), quiet_hours=[no_sms])
    _book(clinic, "time_zone", "Europe/Rome", "America/New_York")
    clinic.passes(minutes=30)  # half past seven in New York
    assert _channels(clinic) == [["whatsapp", "sms"], ["whatsapp"]]

    clinic.passes(minutes=30)
    assert _channels(clinic) == [["whatsapp", "sms"]] * 2


def test_all_are_saved_however_many_are_at_once(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "AT_ONCE", 2)
    clinic.set_up(reminder("r"))
    _book(clinic, "first_name", "Anna", "Bert", "Carla", "Dora", "Emil")

    assert clinic.sent == ["whatsapp"] * 5


def test_each_gets_the_template_of_their_own_language(clinic: Clinic) -> None:
    written = json.loads(setup(clinic.providers.url, reminder("r")))
    hello = written["messages"][0]
    hello["languages"] = {"it": {"whatsapp": {**hello["whatsapp"], "language": "it"}}}
    apply(clinic.app, json.dumps(written), {})
    now = clinic.clock.now()
    with clinic.app.store.write() as tx:
        row = account(tx, "clinic")
        assert row
        fault = Fault(
            account_id=row["id"],
            sender="wa",
            template="hello/it",
            code="132001",
            detail="it does not exist",
            later=False,
        )
        count_fault(tx, fault, "another", now)
        keep_open(tx, fault, now + timedelta(hours=1))

    _book(clinic, "locale", "en", "it")
    assert _channels(clinic) == [["whatsapp"], ["sms"]]
