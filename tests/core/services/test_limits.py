"""Limits and unread events, from a webhook to what goes out, on both databases."""

import pytest

from core.bootstrap import Everreach
from core.services import inbox
from core.services.dispatch import send_due
from core.services.events import read_events
from core.services.messages import list_messages
from core.store import origins
from core.store.inbox import EVENT
from tests.conftest import SetClock
from tests.core.services.test_line import CANCELLED
from tests.support.line import Line
from tests.support.loopback import Providers
from tests.support.riverside import fulfillment, shipped

LIFTED = "limits: {per_second: none, per_person: none}, "


def line_with(
    app: Everreach,
    clock: SetClock,
    providers: Providers,
    limits: str = LIFTED,
    whole: str = "",
    wait: str = "30m",
) -> Line:
    line = Line(app, clock, providers)
    whole = f"country: IT, limits: {{{whole}}}}}"
    line.set_up((LIFTED, limits), ("country: IT}", whole), wait=wait)
    return line


def ship(line: Line, *numbers: int, to: str = "070-174 06 05") -> None:
    """Orders are shipped, each to a person of its own if `to` has a place for the number."""
    for number in numbers:
        person = fulfillment()["destination"] | {"phone": to.format(number)}
        body = fulfillment(number, destination=person)
        line.hook(body=body, webhook_id=f"w{number}")


def paths(line: Line) -> list[list[tuple[str, str]]]:
    """What was tried for each message, in the order they were shipped."""
    found = sorted(list_messages(line.app), key=lambda one: one.subject)
    return [[(one.channel, one.status) for one in each.tries] for each in found]


def told(line: Line) -> list[str]:
    """Every sentence about every message."""
    return [note.sentence for one in list_messages(line.app) for note in one.timeline]


BY_WHATSAPP = [("whatsapp", "accepted")]
PEOPLE = "070-174 06 {:02}"


# --- Limits ----------------------------------------------------------------------------------


def test_once_a_sender_is_used_up_the_next_channel_takes_over(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, "limits: {per_day: 2, per_person: none}, ")
    ship(line, 11, 12, 13, 14, to=PEOPLE)  # all of them decided before any has gone
    line.work()
    went = paths(line)
    assert went.count(BY_WHATSAPP) == 2
    assert went.count([("whatsapp", "failed"), ("sms", "accepted")]) == 2

    ship(line, 15, to=PEOPLE)  # decided when it is known
    line.work()
    assert paths(line)[-1] == [("sms", "accepted")]
    assert any("it has sent all that it may in a day" in one for one in told(line))

    clock.advance(hours=25)
    ship(line, 16, to=PEOPLE)
    line.work()
    assert paths(line)[-1] == BY_WHATSAPP


def test_a_window_that_is_long_enough_waits_for_its_sender(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, "limits: {per_day: 1}, ", wait="3d")
    ship(line, 11, 12, to=PEOPLE)
    line.work()
    clock.advance(hours=32)  # a retry is up to a quarter later than asked
    line.work()

    assert BY_WHATSAPP in paths(line)
    assert [("whatsapp", "failed"), ("whatsapp", "accepted")] in paths(line)


def test_a_person_who_has_had_enough_for_a_day_is_left_in_peace_until_then(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, whole="per_person_per_day: 2", wait="3d")
    ship(line, 1)
    line.work()
    clock.advance(hours=6)
    ship(line, 2)
    line.work()
    clock.advance(hours=6)
    ship(line, 3)
    line.work()
    ship(line, 14, to=PEOPLE)
    line.work()
    assert paths(line) == [BY_WHATSAPP, BY_WHATSAPP, [], BY_WHATSAPP]
    held = "WhatsApp is held until 2026-11-24 13:00: the day's limit of messages is reached."
    assert held in told(line)

    clock.advance(hours=11, minutes=59)
    line.work()
    assert paths(line)[2] == []
    clock.advance(minutes=1)
    line.work()
    assert paths(line)[2] == BY_WHATSAPP


def test_what_was_decided_at_once_is_held_at_the_same_step(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, whole="per_person_per_day: 1")
    ship(line, 1, 2)
    line.work()
    assert sorted(paths(line)) == [BY_WHATSAPP, [("whatsapp", "failed")]]

    clock.advance(hours=24)
    line.work()
    again = [("whatsapp", "failed"), ("whatsapp", "accepted")]
    assert again in paths(line)


def test_a_code_neither_counts_nor_waits_for_a_persons_day(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, whole="per_person_per_day: 1")
    whole = ("country: IT}", "country: IT, limits: {per_person_per_day: 1}}")
    message = "    message: shipped\n"
    line.set_up(whole, (message, f"{message}    purpose: authentication\n"))
    ship(line, 1, 2)
    line.work()
    line.set_up(whole)
    ship(line, 3, 4)
    line.work()

    assert paths(line)[:2] == [BY_WHATSAPP, BY_WHATSAPP]
    assert sorted(paths(line)[2:]) == [BY_WHATSAPP, [("whatsapp", "failed")]]


def test_an_account_whose_day_is_used_up_holds_everything(
    app: Everreach, clock: SetClock, providers: Providers
) -> None:
    line = line_with(app, clock, providers, whole="per_day: 1", wait="3d")
    ship(line, 11, to=PEOPLE)
    line.work()
    ship(line, 12, to=PEOPLE)
    line.work()
    assert paths(line) == [BY_WHATSAPP, []]

    clock.advance(hours=25)
    line.work()
    assert paths(line) == [BY_WHATSAPP, BY_WHATSAPP]


# --- Still true ------------------------------------------------------------------------------


@pytest.fixture
def line(app: Everreach, clock: SetClock, providers: Providers) -> Line:
    return line_with(app, clock, providers)


def test_what_an_acknowledged_event_calls_off_does_not_go(
    line: Line, providers: Providers
) -> None:
    ship(line, 1)
    read_events(line.app)
    line.hook(body=fulfillment(1, status="cancelled"), **CANCELLED)

    assert send_due(line.app, "whatsapp")
    assert len(providers.calls) == 0
    assert paths(line) == [[("whatsapp", "called_off")]]


def test_an_event_that_cannot_be_read_holds_nothing_up(
    line: Line, providers: Providers
) -> None:
    ship(line, 1)
    read_events(line.app)
    line.hook(body={"id": "what?"}, webhook_id="w2")

    assert send_due(line.app, "whatsapp")
    assert paths(line) == [BY_WHATSAPP]


def test_what_comes_while_events_are_read_is_read_before_anything_goes(
    line: Line, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the events are read, another one comes."""
    from core.services import dispatch

    def read_and_receive(app: Everreach, only: set[int]) -> bool:
        read = read_events(app, only)
        ship(line, 3)
        return read

    ship(line, 1)
    read_events(line.app)
    ship(line, 2)
    monkeypatch.setattr(dispatch, "read_events", read_and_receive)
    assert send_due(line.app, "whatsapp")
    assert paths(line) == [BY_WHATSAPP, BY_WHATSAPP, BY_WHATSAPP]


def test_a_flood_of_events_holds_up_its_own_account_only(
    line: Line, providers: Providers
) -> None:
    ship(line, 1)
    read_events(line.app)
    line.set_up(account="other", phone_number_id="101")
    _other_hook(line)
    read_events(line.app)
    ship(line, *range(100, 350))

    send_due(line.app, "whatsapp")
    assert providers.posted[0] == "/v25.0/101/messages"
    while send_due(line.app, "whatsapp"):
        pass
    assert len(providers.calls) == 252


def _other_hook(line: Line) -> None:
    with line.app.store.read() as tx:
        origin = origins.connection(tx, "shopify", "other.shop")
    assert origin
    request = shipped(fulfillment(), webhook_id="o1")
    inbox.keep(line.app, EVENT, origin, request, delivery_id="o1")


def test_workers_are_woken_while_events_hold_something_up(line: Line) -> None:
    ship(line, 1)
    read_events(line.app)
    ship(line, 2)

    assert {"events", "whatsapp"} <= set(line.lanes)
