"""What people write back to a reminder. It is Monday, 13:00 in Rome."""

import json
from dataclasses import fields

import pytest
from sqlalchemy import func, select

from core.cascade.model import Channel
from core.ports import Reply
from core.services.replies import hear
from core.services.setup import apply
from core.store import origins
from core.store.inbox import Waiting
from core.store.tables import inbox, replies
from tests.support.clinic import ANNA, SMS, WHATSAPP, Clinic, reminder, setup
from tests.support.loopback import ACCEPTED

VISIT = "2026-11-26 15:00"
READ = [{**WHATSAPP, "until": "read"}, SMS]
REPLIED = [{**WHATSAPP, "until": "replied"}, SMS]
LATER = reminder("later", "24h before")


def _kept(clinic: Clinic) -> int:
    with clinic.app.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(replies)) or 0


@pytest.mark.parametrize("steps", [READ, REPLIED], ids=["read", "replied"])
@pytest.mark.parametrize("answers", ["wamid.1", ""], ids=["named", "not named"])
def test_a_reply_by_whatsapp_counts_as_seen(
    clinic: Clinic, steps: list[dict[str, str]], answers: str
) -> None:
    clinic.set_up(reminder("r", steps=steps))
    clinic.books(VISIT)
    clinic.writes("What should I bring?", answers=answers)
    clinic.passes(hours=1)

    assert clinic.path() == [("whatsapp", "replied")]
    assert clinic.story()[-3:] == [
        "They wrote by WhatsApp: “What should I bring?”.",
        "Answered on WhatsApp.",
        "Done: WhatsApp got through, so nothing more is sent.",
    ]


def test_a_reply_by_sms_ends_its_step(clinic: Clinic) -> None:
    clinic.set_up(reminder("r", steps=[{**SMS, "wait": "30m"}, WHATSAPP]))
    clinic.books(VISIT)
    clinic.texts("Thank you")
    clinic.passes(hours=1)

    assert clinic.path() == [("sms", "replied")]
    assert clinic.story()[-3] == "They wrote by SMS: “Thank you”."


def test_a_reply_belongs_to_the_message_that_it_names(clinic: Clinic) -> None:
    clinic.set_up(reminder("r"))
    for number in "12":
        told = {**ACCEPTED, "messages": [{"id": f"wamid.{number}"}]}
        clinic.providers.whatsapp(told)
        clinic.books(VISIT, subject=number)
    clinic.writes("Yes", answers="wamid.1")
    assert [len(clinic.message(subject=s).replies) for s in "12"] == [1, 0]

    clinic.passes(minutes=1)
    clinic.writes("Yes")
    assert [len(clinic.message(subject=s).replies) for s in "12"] == [1, 1]


@pytest.mark.parametrize(
    ("text", "answer", "told"),
    [
        ("Yes!", "confirm", "they confirm"),
        ("annulla", "cancel", "they cancel"),
        ("Another time", "reschedule", "they ask for another time"),
    ],
)
def test_an_answer_stops_the_other_reminders_of_its_occasion(
    clinic: Clinic, text: str, answer: str, told: str
) -> None:
    clinic.set_up(reminder("now"), LATER)
    clinic.books(VISIT)
    clinic.books(VISIT, subject="2")
    clinic.writes(text)
    (of_now,) = clinic.message("now", "2").replies
    assert (of_now.text, of_now.channel, of_now.answer) == (text, "whatsapp", answer)
    assert f"They wrote by WhatsApp: “{text}” – {told}." in clinic.story("now", "2")

    assert clinic.story("later", "2")[-1] == (
        f"Cancelled: they answered “{text}”. Nothing more is sent."
    )
    assert clinic.message("later", "1").status == "planned"


def test_an_answer_stops_no_news_of_an_end(clinic: Clinic) -> None:
    clinic.set_up(reminder("now"), reminder("off", on="appointment.cancelled"))
    clinic.providers.whatsapp({**ACCEPTED, "messages": [{"id": "wamid.now"}]})
    clinic.books(VISIT)
    clinic.providers.whatsapp(ACCEPTED)
    clinic.tells("appointment.cancelled")
    clinic.work()
    clinic.writes("ok", answers="wamid.now")
    clinic.passes(minutes=31)

    assert clinic.path("off") == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_after_a_move_an_answer_is_asked_for_anew(clinic: Clinic) -> None:
    clinic.set_up(reminder("now"), LATER)
    clinic.books(VISIT)
    clinic.writes("Yes")
    clinic.moves("2026-11-27 15:00")

    assert clinic.message("later").status == "planned"


def test_what_is_no_answer_stops_nothing_else(clinic: Clinic) -> None:
    clinic.set_up(reminder("now"), LATER)
    clinic.books(VISIT)
    clinic.writes("Where is it?")

    assert clinic.message("later").status == "planned"


@pytest.mark.parametrize(
    ("text", "payload"), [("Confirm", "confirm:42"), ("I will be there 👍", "CONFIRM")]
)
def test_a_button_is_a_reply(clinic: Clinic, text: str, payload: str) -> None:
    clinic.set_up(reminder("now", steps=REPLIED), LATER)
    clinic.books(VISIT)
    clinic.presses(text, payload, answers="wamid.1")

    assert clinic.path("now") == [("whatsapp", "replied")]
    (reply,) = clinic.message("now").replies
    assert (reply.text, reply.answer) == (text, "confirm")
    assert clinic.message("later").status == "cancelled"


def test_cancel_by_sms_is_an_answer_and_the_carriers_stop(clinic: Clinic) -> None:
    clinic.set_up(
        reminder("now", steps=[SMS]), reminder("later", "24h before", steps=[SMS])
    )
    clinic.books(VISIT)
    clinic.books(VISIT, subject="2")
    clinic.texts("CANCEL")

    (reply,) = clinic.message("now", "2").replies
    assert (reply.answer, reply.word, reply.carrier) == ("cancel", "stop", "stop")
    told = (
        "They wrote by SMS: “CANCEL” – they cancel, and the carrier takes it as STOP."
    )
    assert told in clinic.story("now", "2")
    assert clinic.message("later", "2").status == "cancelled"
    # Their other appointment is not cancelled, but Twilio will take no SMS to them.
    clinic.at("2026-11-25 15:00")
    assert clinic.message("later", "1").status == "skipped"


def test_a_reply_that_is_told_twice_counts_once(clinic: Clinic) -> None:
    clinic.set_up(reminder("now", steps=READ))
    clinic.books(VISIT)
    for _ in range(2):
        clinic.writes("Yes", name="wamid.r1")
        clinic.passes(minutes=1)  # and so not the same bytes

    assert len(clinic.message().replies) == 1
    assert clinic.story().count("They wrote by WhatsApp: “Yes” – they confirm.") == 1


def test_a_reply_of_somebody_we_never_wrote_to_is_kept(clinic: Clinic) -> None:
    clinic.set_up(reminder("now"), LATER)
    clinic.books(VISIT)
    clinic.writes("CANCEL", phone="+46701740606")
    clinic.texts("STOP", phone="+46701740606")

    assert _kept(clinic) == 2
    assert clinic.message("now").replies == ()
    assert clinic.message("later").status == "planned"


@pytest.mark.parametrize("address", ["anna@mail.example", "ANNA@Mail.Example"])
def test_an_answer_by_email_finds_who_has_a_number_too(
    clinic: Clinic, address: str
) -> None:
    steps = [{"channel": "email", "sender": "mail"}]
    by_mail = reminder("r", steps=steps, message="both")
    document = json.loads(setup(clinic.providers.url, by_mail, LATER))
    document["senders"].append({"key": "mail", "provider": "log", "config": {}})
    apply(clinic.app, json.dumps(document), {})
    contact = {"phone": ANNA, "email": "Anna@mail.example"}
    clinic.books(VISIT, contact=contact)
    reply = Reply(
        channel=Channel.EMAIL, sender=address, provider_id="<1@mail>", text="Yes"
    )
    with clinic.app.store.write() as tx:
        origin = origins.sender(tx, "log", "clinic.mail")
        came = _came(clinic)
        assert origin
        _, happened = hear(clinic.app, tx, origin, came, reply)

    ids = [clinic.message(key).id for key in ("r", "later")]
    assert [cascade for cascade, _ in happened] == ids
    assert clinic.message("r").replies[0].answer == "confirm"


def _came(clinic: Clinic) -> Waiting:
    with clinic.app.store.read() as tx:
        row = tx.execute(select(inbox)).mappings().first()
    assert row
    names = [one.name for one in fields(Waiting)]
    return Waiting(**{name: row[name] for name in names})
