"""Several senders of one step, and senders and templates that are broken."""

import pytest
from sqlalchemy import select

from core import http
from core.cascade.events import failed
from core.cascade.status import Failure, FailureClass
from core.services.advance import advance
from core.services.dispatch import send_due
from core.services.events import read_events
from core.store.breakers import Taken
from core.store.tables import accounts
from tests.support.line import Line, said, senders_of
from tests.support.loopback import Providers, accepted, meta_error
from tests.support.riverside import meta_status

LOCKED = meta_error(131031)
NO_TOKEN = meta_error(190)
NOT_APPROVED = meta_error(132001)
BUSY = meta_error(130429)
WITHHELD = meta_error(131049)

WA, WA2 = "/v25.0/100/messages", "/v25.0/101/messages"


def test_the_next_sender_takes_over_at_once_within_the_step(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    providers.whatsapp(LOCKED, status=403, number="100")
    message = line.ship()

    assert senders_of(message) == [("wa", "failed"), ("wa2", "accepted")]
    assert [one.step for one in message.tries] == [0, 0]
    told = "Sending by WhatsApp through wa2 because wa could not (131031)."
    assert told in said(message)


def test_the_next_step_follows_when_no_sender_is_left(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    providers.whatsapp(LOCKED, status=403, number="100")
    providers.whatsapp(NO_TOKEN, status=401, number="101")

    assert senders_of(line.ship()) == [
        ("wa", "failed"),
        ("wa2", "failed"),
        ("sms", "accepted"),
    ]
    assert "Sending by SMS because WhatsApp failed (190)." in line.sentences


def test_a_sender_that_stays_busy_is_taken_over_from(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    providers.whatsapp(BUSY, status=429)
    line.ship()
    for _ in range(5):
        line.later(minutes=4)
    tried = [one.sender for one in line.message.tries]
    assert tried == ["wa"] * 6 + ["wa2"] * 2  # which is tried again in its own right

    providers.whatsapp(accepted)
    line.later(minutes=4)
    assert senders_of(line.message)[-1] == ("wa2", "accepted")


def test_a_broken_sender_is_passed_over_without_a_request(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    providers.whatsapp(LOCKED, status=403, number="100")
    line.ship()
    line.clock.advance(seconds=10)
    message = line.ship_next(2)

    assert providers.posted.count(WA) == 1
    assert senders_of(message) == [("wa2", "accepted")]
    told = "wa is passed over: it has not been working since 2026-11-23 13:00 (131031)"
    assert any(one.startswith(told) for one in said(message))


def test_what_is_queued_when_a_sender_breaks_goes_on_without_it(
    line: Line, providers: Providers
) -> None:
    line.set_up(*line.two_senders)
    line.order(1)
    read_events(line.app)
    line.claim_and_die()
    line.order(2)
    line.order(3)
    read_events(line.app)
    reference = line.about(1).tries[0].reference
    line.whatsapp_says(meta_status("failed", reference, code=131031))
    line.work()

    assert WA not in providers.posted
    assert senders_of(line.about(2)) == [("wa", "failed"), ("wa2", "accepted")]
    assert senders_of(line.about(3)) == [("wa", "failed"), ("wa2", "accepted")]


def test_a_retry_that_was_decided_before_goes_on_without_it_too(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(BUSY, status=429)
    line.ship()
    line.clock.advance(seconds=1)
    providers.whatsapp(LOCKED, status=403)
    line.ship_next(2)
    line.later(seconds=9)

    assert providers.posted.count(WA) == 2
    assert senders_of(line.about(1)) == [
        ("wa", "failed"),
        ("wa", "failed"),
        ("sms", "accepted"),
    ]


def test_many_failures_at_once_are_one_fault(line: Line, providers: Providers) -> None:
    providers.whatsapp(LOCKED, status=403)
    for number in range(1, 9):
        line.order(number)
    line.work()
    assert len(providers.posted) == 16

    providers.whatsapp(accepted)
    line.clock.advance(minutes=1)
    assert senders_of(line.ship_next(9)) == [("wa", "accepted")]


def test_one_message_tries_a_broken_sender_while_the_others_wait(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(LOCKED, status=403)
    line.ship()
    line.clock.advance(minutes=1)
    providers.whatsapp(accepted)
    line.order(2)
    line.order(3)
    read_events(line.app)  # both are decided before either is sent
    line.work()

    assert senders_of(line.about(2)) == [("wa", "accepted")]
    assert senders_of(line.about(3)) == [("sms", "accepted")]
    assert senders_of(line.ship_next(4)) == [("wa", "accepted")]  # it works again


def test_a_sender_works_again_if_only_this_message_is_withheld(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(LOCKED, status=403)
    line.ship()
    line.clock.advance(minutes=1)
    providers.whatsapp(WITHHELD, status=400)
    assert senders_of(line.ship_next(2)) == [("wa", "failed"), ("sms", "accepted")]

    providers.whatsapp(accepted)
    assert senders_of(line.ship_next(3)) == [("wa", "accepted")]
    assert line.notices == []


def test_a_sender_that_fails_again_rests_twice_as_long(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(LOCKED, status=403)
    line.ship()
    line.clock.advance(minutes=1)
    assert senders_of(line.ship_next(2)) == [("wa", "failed"), ("sms", "accepted")]

    line.clock.advance(minutes=1, seconds=59)
    assert senders_of(line.ship_next(3)) == [("sms", "accepted")]
    line.clock.advance(seconds=1)
    assert senders_of(line.ship_next(4)) == [("wa", "failed"), ("sms", "accepted")]


def test_the_owner_is_told_once_and_told_when_it_works_again(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(LOCKED, status=403)
    line.ship()
    line.clock.advance(minutes=1)
    line.ship_next(2)
    assert line.notices == [("sender_broken", "wa")]

    providers.whatsapp(accepted)
    line.clock.advance(minutes=2)
    line.ship_next(3)
    assert line.notices == []


def test_news_of_an_old_message_does_not_mend_a_sender(
    line: Line, providers: Providers
) -> None:
    before = line.ship()
    providers.whatsapp(LOCKED, status=403)
    line.clock.advance(seconds=10)
    line.ship_next(2)
    line.report(before.tries[0], "sent", "delivered")

    assert line.notices == [("sender_broken", "wa")]
    assert senders_of(line.ship_next(3)) == [("sms", "accepted")]


def test_what_is_refused_after_it_was_accepted_is_not_mended_by_being_accepted(
    line: Line,
) -> None:
    unpaid = 131042
    line.report(line.ship().tries[0], "failed", code=unpaid)
    line.clock.advance(minutes=1)
    probe = line.ship_next(2)
    assert senders_of(probe) == [("wa", "accepted")]
    assert senders_of(line.ship_next(3)) == [("sms", "accepted")]

    line.report(probe.tries[0], "sent")
    assert senders_of(line.ship_next(4)) == [("wa", "accepted")]
    assert line.notices == []


def test_a_template_refused_three_times_in_a_row_rests_and_others_go_on(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(NOT_APPROVED, status=404)
    for number in (1, 2):
        line.ship_next(number)
    assert line.notices == []
    line.ship_next(3)
    assert line.notices == [("template_refused", "wa order_shipped/en")]

    message = line.ship_next(4)
    assert senders_of(message) == [("sms", "accepted")]
    told = "wa is passed over: its template has not been accepted since"
    assert any(one.startswith(told) for one in said(message))

    providers.whatsapp(accepted)
    line.set_up(("template: order_shipped", "template: parcel_sent"))
    assert senders_of(line.ship_next(5)) == [("wa", "accepted")]
    assert line.notices == [("template_refused", "wa order_shipped/en")]


def test_a_template_that_is_taken_in_between_is_not_refused_in_a_row(
    line: Line, providers: Providers
) -> None:
    for number, answer in enumerate((NOT_APPROVED, accepted, NOT_APPROVED) * 2, 1):
        providers.whatsapp(answer, status=200 if answer is accepted else 404)
        line.ship_next(number)

    assert line.notices == []


def test_a_template_that_others_are_taken_with_is_not_what_is_wrong(
    line: Line, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LINGER", 5.0)  # all answers are of one moment
    providers.whatsapp(lambda number: accepted(number) if number == 4 else NOT_APPROVED)
    for number in (1, 2, 3, 4):
        line.order(number)
    line.work()
    assert line.notices == []

    for number in (5, 6, 7):
        line.order(number)
    line.work()
    assert line.notices == [("template_refused", "wa order_shipped/en")]


def test_a_template_that_others_get_through_with_is_not_what_is_wrong(
    line: Line,
) -> None:
    tries = [line.ship_next(number).tries[0] for number in (1, 2, 3, 4)]
    refused = [meta_status("failed", one.reference, code=132001) for one in tries[:3]]
    line.whatsapp_says(*refused, meta_status("sent", tries[3].reference))
    line.work()

    assert line.notices == []


def test_that_others_are_accepted_says_nothing_of_what_is_refused_later(
    line: Line,
) -> None:
    messages = [line.ship_next(number) for number in (1, 2, 3)]
    template = Failure(kind=FailureClass.TEMPLATE, code="132001")
    refused = failed(0, line.clock.now(), template)
    with line.app.store.write() as tx:
        other = Taken(
            account_id=tx.scalar(select(accounts.c.id)) or 0,
            sender="wa",
            template="order_shipped/en",
            cascade_id="other",
            proved=False,
        )
        happened = [(message.id, refused) for message in messages]
        advance(line.app, tx, happened, line.clock.now(), taken=[other])

    assert line.notices == [("template_refused", "wa order_shipped/en")]


def test_a_removed_sender_is_taken_over_from(line: Line, providers: Providers) -> None:
    line.set_up(*line.two_senders)
    line.order(1)
    read_events(line.app)
    line.retire("wa")
    send_due(line.app, "whatsapp")
    line.work()

    assert senders_of(line.about(1)) == [("wa", "failed"), ("wa2", "accepted")]
    assert line.notices == []  # whoever removed it knows
