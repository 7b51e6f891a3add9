"""What is learnt of people: who is not on a channel, and whose reading is never reported."""

import pytest

from tests.support.line import Line, said, senders_of
from tests.support.loopback import Providers

ABSENT, WITHHELD = 131026, 131049


def _find_absent(line: Line) -> None:
    line.report(line.ship().tries[0], "failed", code=ABSENT)
    line.clock.advance(hours=1)


def test_whom_whatsapp_could_not_reach_gets_an_sms_at_once(
    line: Line, providers: Providers
) -> None:
    _find_absent(line)
    message = line.ship_next(2)

    assert senders_of(message) == [("sms", "accepted")]
    assert len(providers.calls) == 3
    told = (
        "WhatsApp is passed over: this person could not be reached there on "
        "2026-11-23 13:00 (131026); it is tried again from 2026-11-30 13:00."
    )
    assert told in said(message)


def test_what_is_remembered_of_a_person_expires(line: Line) -> None:
    _find_absent(line)
    line.clock.advance(days=6, hours=22, minutes=59)
    assert senders_of(line.ship_next(2)) == [("sms", "accepted")]
    line.clock.advance(minutes=1)
    assert senders_of(line.ship_next(3)) == [("wa", "accepted")]


@pytest.mark.parametrize("sign", ["delivered", "read", "reply"])
def test_any_sign_of_life_is_remembered_instead(line: Line, sign: str) -> None:
    earlier = line.ship_next(1).tries[0]
    line.report(line.ship_next(2).tries[0], "failed", code=ABSENT)
    if sign == "reply":
        line.reply(earlier, "Where is it?")
    else:
        line.report(earlier, sign)

    assert senders_of(line.ship_next(3)) == [("wa", "accepted")]


def test_a_failure_is_not_remembered_if_the_message_has_arrived(line: Line) -> None:
    tried = line.ship().tries[0]
    line.report(tried, "delivered")
    line.report(tried, "failed", code=ABSENT)

    assert senders_of(line.ship_next(2)) == [("wa", "accepted")]


def test_what_may_pass_is_not_remembered(line: Line) -> None:
    line.report(line.ship().tries[0], "failed", code=WITHHELD)

    assert senders_of(line.message) == [("wa", "failed"), ("sms", "accepted")]
    assert senders_of(line.ship_next(2)) == [("wa", "accepted")]


def test_another_person_and_another_account_know_nothing_of_it(line: Line) -> None:
    _find_absent(line)
    line.set_up_other("lakeside")

    other_person = line.ship_next(2, phone="070-174 06 06")
    assert senders_of(other_person) == [("wa", "accepted")]
    other_account = line.ship_next(3, account="lakeside")
    assert senders_of(other_account) == [("wa", "accepted")]


# --- Reads that never come -------------------------------------------------------------------


def _leave_unread(line: Line, *numbers: int) -> None:
    """Parcels whose WhatsApp messages are delivered, and never read."""
    for number in numbers:
        line.report(line.ship_next(number).tries[0], "sent", "delivered")
        line.later(minutes=31)


def _ask_for_reads(line: Line, rule: str = "") -> None:
    unread = [("    steps:", f"    unread: {rule}\n    steps:")] if rule else []
    line.set_up(*unread, until="read")


SEEN = (
    "WhatsApp was delivered, and this person's reading is never reported: "
    "it counts as seen."
)


def test_three_unread_in_a_row_count_as_seen_if_the_rule_says_so(line: Line) -> None:
    _ask_for_reads(line, "assume_seen")
    _leave_unread(line, 1, 2, 3)
    assert senders_of(line.about(3)) == [("wa", "delivered"), ("sms", "accepted")]

    _leave_unread(line, 4)
    assert senders_of(line.about(4)) == [("wa", "delivered")]
    assert line.about(4).finished_at
    assert SEEN in said(line.about(4))


@pytest.mark.parametrize("rule", ["clicks_and_replies", "", "fall_back"])
def test_three_unread_in_a_row_mean_nothing_to_the_other_rules(
    line: Line, rule: str
) -> None:
    _ask_for_reads(line, rule)
    _leave_unread(line, 1, 2, 3, 4)

    assert senders_of(line.about(4)) == [("wa", "delivered"), ("sms", "accepted")]


@pytest.mark.parametrize(
    ("rule", "seen"),
    [("assume_seen", True), ("clicks_and_replies", True), ("fall_back", False)],
)
def test_an_answer_to_what_was_never_read_is_a_habit(
    line: Line, rule: str, seen: bool
) -> None:
    _ask_for_reads(line, rule)
    tried = line.ship_next(1).tries[0]
    line.report(tried, "delivered")
    line.reply(tried, "Thank you")
    _leave_unread(line, 2)

    assert (SEEN in said(line.about(2))) is seen
    assert len(line.about(2).tries) == (1 if seen else 2)


def test_a_read_ends_the_habit(line: Line) -> None:
    _ask_for_reads(line, "assume_seen")
    _leave_unread(line, 1, 2, 3)
    line.report(line.about(3).tries[0], "read")
    _leave_unread(line, 4)

    assert senders_of(line.about(4)) == [("wa", "delivered"), ("sms", "accepted")]


def test_an_answer_that_comes_with_a_read_is_no_habit(line: Line) -> None:
    _ask_for_reads(line)
    tried = line.ship_next(1).tries[0]
    line.report(tried, "delivered")
    line.reply(tried, "Thank you", work=False)
    line.report(tried, "read")
    _leave_unread(line, 2)

    assert senders_of(line.about(2)) == [("wa", "delivered"), ("sms", "accepted")]


def test_what_was_not_delivered_is_not_assumed_to_be_seen(line: Line) -> None:
    _ask_for_reads(line, "assume_seen")
    _leave_unread(line, 1, 2, 3)
    line.ship_next(4)
    line.later(minutes=31)

    assert senders_of(line.about(4)) == [("wa", "timed_out"), ("sms", "accepted")]
