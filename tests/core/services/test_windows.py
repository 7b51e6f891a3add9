"""Windows that run out: in silence, in the queue, in a worker's hands."""

from datetime import timedelta
from typing import Any

import pytest

from core.services.events import read_events
from core.services.timers import turn_due_timers
from core.store import questions
from tests.support.line import Line, said, senders_of
from tests.support.loopback import Providers, meta_error

# --- Ask before you pay ----------------------------------------------------------------------


WHATSAPP_STEP = "{channel: whatsapp, sender: wa, until: delivered, wait: 30m}"
SMS_FIRST = (
    (WHATSAPP_STEP, "{channel: sms, sender: sms, until: delivered, wait: 30m}"),
    ("{channel: sms, sender: sms, wait: 24h}", "{channel: whatsapp, sender: wa}"),
)


def _known(status: str, **more: Any) -> dict[str, Any]:
    updated = "Mon, 23 Nov 2026 12:01:00 +0000"
    told = {"error_code": None, "error_message": None, **more}
    return {"sid": "SM1", "status": status, "date_updated": updated, **told}


QUESTION = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages/SM1.json"


def test_a_silent_sms_that_was_delivered_is_not_paid_for_again(
    line: Line, providers: Providers
) -> None:
    line.set_up(*SMS_FIRST)
    line.ship()
    providers.knows(_known("delivered"))
    line.later(minutes=30)
    assert providers.asked == [QUESTION]
    line.later(hours=1)

    assert line.path == [("sms", "delivered")]
    assert line.message.finished_at
    told = "SMS was silent for 30 min, so its provider is asked before anything else is sent."
    assert told in line.sentences


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, _known("sent")), (200, None), (500, {}), (200, {"no": "sense"})],
    ids=["still on its way", "no answer", "an error", "nonsense"],
)
def test_what_is_not_known_to_have_arrived_is_followed_by_the_next_step(
    line: Line, providers: Providers, status: int, answer: dict[str, Any] | None
) -> None:
    line.set_up(*SMS_FIRST)
    line.ship()
    providers.knows(answer, status=status)
    line.later(minutes=30)

    assert line.path == [("sms", "timed_out"), ("whatsapp", "accepted")]
    assert set(providers.asked) == {QUESTION}


def test_a_provider_may_know_of_a_failure(line: Line, providers: Providers) -> None:
    line.set_up(*SMS_FIRST)
    line.ship()
    providers.knows(_known("undelivered", error_code=30006))
    line.later(minutes=30)

    assert line.path == [("sms", "failed"), ("whatsapp", "accepted")]
    assert "Sending by WhatsApp because SMS failed (30006)." in line.sentences


def test_a_question_that_is_lost_costs_fifteen_seconds(
    line: Line, providers: Providers
) -> None:
    line.set_up(*SMS_FIRST)
    line.ship()
    line.clock.advance(minutes=30)
    turn_due_timers(line.app)
    with line.app.store.write() as tx:
        assert questions.claim(tx, 10)  # and the worker dies
    line.later(seconds=14)
    assert line.path == [("sms", "accepted")]

    line.later(seconds=1)
    assert line.path == [("sms", "timed_out"), ("whatsapp", "accepted")]
    assert providers.asked == []


def test_nobody_is_asked_if_nothing_more_would_be_paid(
    line: Line, providers: Providers
) -> None:
    line.ship()
    line.later(minutes=30)
    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]
    line.later(hours=24)

    assert line.message.status == "not_delivered"
    assert providers.asked == []


def test_nobody_is_asked_before_an_email(line: Line, providers: Providers) -> None:
    line.set_up(*SMS_FIRST)
    email = {"channel": "email", "senders": ["sms"], "until": "accepted", "wait": 60}
    line.define(lambda definition: definition["steps"].__setitem__(1, email))
    line.ship()
    line.later(minutes=30)

    assert line.path == [("sms", "timed_out"), ("email", "queued")]
    assert providers.asked == []


def test_nobody_is_asked_about_what_has_arrived(line: Line) -> None:
    line.set_up(*SMS_FIRST, ("until: delivered", "until: replied"))
    reference = line.ship().tries[0].reference
    line.twilio_says("delivered", reference)
    line.work()
    line.later(minutes=30)

    first, second = line.message.tries
    assert [first.channel, second.channel] == ["sms", "whatsapp"]
    assert not first.asked


# --- In the queue, and in a worker's hands ------------------------------------------------------


def _queue(line: Line) -> None:
    line.hook()
    read_events(line.app)


@pytest.mark.parametrize("timers_first", [True, False])
def test_after_an_outage_the_first_channel_still_goes_first_and_has_its_time(
    line: Line, timers_first: bool
) -> None:
    _queue(line)
    line.clock.advance(hours=1)
    if timers_first:
        turn_due_timers(line.app)
    line.work()
    assert line.path == [("whatsapp", "accepted")]

    line.later(minutes=29, seconds=59)
    assert line.path == [("whatsapp", "accepted")]
    line.later(seconds=1)
    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_a_message_that_left_late_has_its_whole_window(line: Line) -> None:
    _queue(line)
    line.later(minutes=20)
    assert line.path == [("whatsapp", "accepted")]
    told = "WhatsApp left the queue after 20 min; its time begins only now."
    assert told in line.sentences

    line.later(minutes=29)
    assert line.path == [("whatsapp", "accepted")]
    line.later(minutes=1)
    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_a_channel_that_never_leaves_the_queue_falls_back_after_two_windows(
    line: Line, providers: Providers
) -> None:
    _queue(line)
    line.clock.advance(minutes=30)
    turn_due_timers(line.app)
    assert line.path == [("whatsapp", "queued")]
    told = (
        "WhatsApp could not leave the queue within 30 min; it is given as long again."
    )
    assert told in line.sentences

    line.later(minutes=30)
    assert line.path == [("whatsapp", "called_off"), ("sms", "accepted")]
    assert len(providers.calls) == 1


def test_what_a_worker_has_in_hand_is_not_sent_on_that_channel_again(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    line.define(
        lambda definition: definition["steps"].insert(1, definition["steps"][0])
    )
    _queue(line)
    line.claim_and_die()
    line.clock.at += timedelta(minutes=30)  # the worker's lease is by the wall clock
    line.work()

    assert [one.channel for one in line.message.tries] == ["whatsapp", "sms"]
    assert len(providers.calls) == 1
    told = "WhatsApp is passed over: it may have been sent there already."
    assert told in line.sentences


# --- What codes mean to an account, and what steps are for --------------------------------------


def _meaning(provider: str, code: str, kind: str) -> tuple[str, str]:
    before = f"provider: {provider},"
    return before, f'{before} failures: {{"{code}": {kind}}},'


def test_an_account_may_say_what_a_code_in_an_answer_means(
    line: Line, providers: Providers
) -> None:
    line.set_up(_meaning("whatsapp_cloud", "131026", "retry"))
    providers.whatsapp(meta_error(131026), status=400)

    assert senders_of(line.ship()) == [("wa", "failed"), ("wa", "queued")]


def test_an_account_may_say_what_a_code_in_a_receipt_means(line: Line) -> None:
    line.set_up(*line.two_senders, _meaning("whatsapp_cloud", "131049", "halt"))
    line.report(line.ship().tries[0], "failed", code=131049)

    assert senders_of(line.message) == [("wa", "failed"), ("wa2", "accepted")]
    assert line.notices == [("sender_broken", "wa")]


def test_an_account_may_say_what_a_code_in_a_status_means(
    line: Line, providers: Providers
) -> None:
    line.set_up(*SMS_FIRST, _meaning("twilio", "30006", "halt"))
    line.ship()
    providers.knows(_known("undelivered", error_code=30006))
    line.later(minutes=30)

    assert line.path == [("sms", "failed"), ("whatsapp", "accepted")]
    assert line.notices == [("sender_broken", "sms")]
    assert "Our SMS sender is not working: no reason given (code 30006)." in said(
        line.message
    )


def _only_if(condition: str) -> tuple[str, str]:
    step = "{channel: whatsapp,"
    return step, f"{step} only_if: {{{condition}}},"


def test_a_step_that_is_not_for_this_case_is_passed_over(line: Line) -> None:
    line.set_up(_only_if("country: [IT, DE]"))

    assert senders_of(line.ship()) == [("sms", "accepted")]
    told = "WhatsApp is passed over: it is only for country IT | DE, and it is SE here."
    assert told in line.sentences


def test_a_step_that_is_for_this_case_is_used(line: Line) -> None:
    line.set_up(_only_if("country: SE"))

    assert senders_of(line.ship()) == [("wa", "accepted")]
