"""What an operator asks a running Everreach."""

import json
from datetime import datetime

import pytest

from tests.support.house import House, until
from tests.support.standin import FAILS

pytestmark = pytest.mark.parametrize("running", ["sqlite"], indirect=True)


def test_messages_tells_everything(house: House):
    order = house.ship(whatsapp=FAILS)
    house.await_finished(order)
    told = house.told(order)

    assert told["account"] == "patient"
    assert told["subject"] == order.subject
    assert told["recipient_phone"] == order.phone
    assert told["status"] == "delivered"
    assert told["headline"].startswith("Delivered by SMS")
    assert [one["channel"] for one in told["tries"]] == ["whatsapp", "sms"]
    assert told["tries"][0]["failure_code"] == "131026"
    for time in (told["created_at"], told["finished_at"], told["timeline"][0]["at"]):
        assert datetime.fromisoformat(time).tzinfo
    assert told["timeline"][0]["because"] == "started"


def test_messages_tells_what_each_try_costs(house: House):
    told = {}
    for name, behaviour in {"arrived": {}, "refused": {"whatsapp": FAILS}}.items():
        order = house.ship(**behaviour)
        house.await_finished(order)
        told[name] = house.told(order)

    (arrived,) = told["arrived"]["tries"]
    assert arrived["price"] == {"micros": 30_000, "currency": "EUR"}
    assert (arrived["price_source"], arrived["cost"]) == ("rates", "0.03 EUR")
    assert [one["cost"] for one in told["refused"]["tries"]] == [
        "not charged",
        "about 0.075 EUR",  # which Twilio will say later
    ]
    assert told["refused"]["cost"] == "about 0.075 EUR"


def test_rates_says_what_is_in_force(house: House):
    rates = house.everreach("rates", "--account", "patient", "--channel", "sms")
    assert rates.splitlines() == ["sms  *  *  *  0.075 EUR", "    set-up file"]


def test_messages_in_words(house: House):
    order = house.ship()
    house.await_finished(order)
    told = house.everreach("messages", "--subject", order.subject)

    assert "Delivered by WhatsApp" in told
    assert order.phone not in told


def test_messages_of_nobody(house: House):
    assert json.loads(house.everreach("messages", "--json", "--subject", "none")) == []


def test_applying_the_same_file_again_changes_nothing(house: House):
    file = f"{house.env['EVERREACH_HOME']}/patient.yaml"
    changes = json.loads(house.everreach("apply", "--json", file))["changes"]

    assert {change["kind"] for change in changes} == {"unchanged"}


def test_an_event_that_is_replayed_sends_nothing_twice(house: House):
    order = house.ship()
    house.await_finished(order)
    house.everreach("replay", str(house.message(order).event_id))

    def read_again() -> bool:
        ((state, reason),) = house.arrivals(f"shipped-{order.name}")
        return state == "done" and "was started before" in reason

    until("the event was read again", read_again)
    assert len(house.messages(order)) == 1
    assert house.providers.channels(order.name) == ["whatsapp"]


def test_healthz(house: House):
    assert house.get("/healthz").json() == {"ok": True}


def test_readyz_says_that_no_worker_works(house: House):
    assert house.get("/readyz").json() == {"ok": True, "problems": {}}
    with house.held_up("worker-inbox", "worker-send"):
        until("no lane is served", lambda: _unserved(house) >= {"events", "whatsapp"})
        assert house.get("/readyz").status_code == 503

    house.await_ready()


def _unserved(house: House) -> set[str]:
    problem = house.get("/readyz").json()["problems"].get("workers", "")
    return set(problem.removeprefix("no worker serves ").split(", "))


def test_consent_is_noted_and_shown(house: House):
    person = ("--account", "patient", "+46701740699")
    house.everreach("consent", "add", *person, "--source", "form at the desk")
    house.everreach(
        "consent", "withdraw", *person, "--channel", "sms", "--source", "phone call"
    )
    told = json.loads(house.everreach("consent", "list", *person, "--json"))

    assert [line["sentence"] for line in told["said"]] == [
        "Agreed to marketing messages on every channel: form at the desk.",
        "Withdrew consent to marketing messages by SMS: phone call.",
    ]
