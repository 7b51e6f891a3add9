"""Whoever has just written gets a text where others get a template. It is 13:00 in Rome."""

import json
from typing import Any

import pytest

from core.services.setup import apply
from tests.support.clinic import WHATSAPP, Clinic, reminder, setup
from tests.support.loopback import meta_error
from tests.support.riverside import meta_status

VISIT = "2026-11-26 15:00"
BOTH = reminder("r", message="both")


def _kinds(clinic: Clinic) -> list[str]:
    """What WhatsApp was given, message by message."""
    bodies = [json.loads(body) for body in clinic.providers.calls if body[:1] == b"{"]
    return [body["type"] for body in bodies]


@pytest.mark.parametrize(
    ("hours", "kind"), [(3, "text"), (23.9, "text"), (24, "template")]
)
def test_a_text_goes_to_who_wrote_in_the_last_day(
    clinic: Clinic, hours: float, kind: str
) -> None:
    clinic.set_up(BOTH)
    clinic.writes("Are you open?")
    clinic.passes(hours=hours)
    clinic.books(VISIT)

    assert _kinds(clinic) == [kind]


def test_the_timeline_says_why(clinic: Clinic) -> None:
    clinic.set_up(BOTH)
    clinic.writes("Are you open?")
    clinic.passes(hours=3)
    clinic.books(VISIT)

    assert "Sent as free text: they wrote 3 h ago." in clinic.story()


@pytest.mark.parametrize(
    ("text", "template", "kind"),
    [("0.01", "0.02", "text"), ("0.02", "0.01", "template"), ("0.01", "0.01", "text")],
)
def test_what_costs_less_goes_out(
    clinic: Clinic, text: str, template: str, kind: str
) -> None:
    document = json.loads(setup(clinic.providers.url, BOTH))
    document["rates"] = [
        {"channel": "whatsapp", "category": category, "price": price}
        for category, price in (("service", text), ("utility", template))
    ]
    apply(clinic.app, json.dumps(document), {})
    clinic.writes("Are you open?")
    clinic.books(VISIT)

    assert _kinds(clinic) == [kind]


def test_a_message_without_a_text_goes_by_its_template(clinic: Clinic) -> None:
    clinic.set_up(reminder("r"))
    clinic.writes("Are you open?")
    clinic.books(VISIT)

    assert _kinds(clinic) == ["template"]
    assert not [line for line in clinic.story() if "free text" in line]


def test_who_wrote_to_another_number_gets_a_template(clinic: Clinic) -> None:
    clinic.set_up(BOTH)
    clinic.writes("Are you open?", to="101")
    clinic.books(VISIT)
    clinic.writes("And here?")
    clinic.books(VISIT, subject="2")

    assert _kinds(clinic) == ["template", "text"]


def test_who_wrote_by_sms_opened_nothing(clinic: Clinic) -> None:
    clinic.set_up(BOTH)
    clinic.texts("Are you open?")
    clinic.books(VISIT)

    assert _kinds(clinic) == ["template"]


@pytest.mark.parametrize("told_later", [False, True])
def test_a_window_that_is_closed_after_all_costs_no_step(
    clinic: Clinic, told_later: bool
) -> None:
    def closed_to_texts(_: int) -> dict[str, Any]:
        text = json.loads(clinic.providers.calls[-1])["type"] == "text"
        taken = {"messages": [{"id": f"wamid.{len(clinic.providers.calls)}"}]}
        return meta_error(131047) if text and not told_later else taken

    clinic.set_up(reminder("r", message="both", steps=[WHATSAPP]))
    clinic.writes("Are you open?")
    clinic.providers.whatsapp(closed_to_texts)
    clinic.books(VISIT)
    if told_later:
        reference = clinic.message().tries[0].reference
        clinic.whatsapp_says(meta_status("failed", reference, code=131047))

    assert _kinds(clinic) == ["text", "template"]
    assert clinic.path() == [("whatsapp", "failed"), ("whatsapp", "accepted")]
    assert {one.sender for one in clinic.message().tries} == {"wa"}
    # And nobody believes in that window any more.
    clinic.books(VISIT, subject="2")
    assert _kinds(clinic)[2:] == ["template"]


def test_the_template_is_tried_once(clinic: Clinic) -> None:
    clinic.set_up(BOTH)
    clinic.writes("Are you open?")
    clinic.providers.whatsapp(meta_error(131047))
    clinic.books(VISIT)

    assert clinic.sent == ["whatsapp", "whatsapp", "sms"]


def test_who_hides_their_number_is_known_from_before(clinic: Clinic) -> None:
    clinic.set_up(BOTH)
    clinic.writes("Are you open?", from_user_id="IT.1")
    clinic.passes(hours=25)
    clinic.writes("Still?", phone="", from_user_id="IT.1")
    clinic.books(VISIT)
    clinic.writes("Yes", phone="", from_user_id="IT.1")

    assert _kinds(clinic) == ["text"]
    assert [one.text for one in clinic.message().replies] == ["Yes"]
