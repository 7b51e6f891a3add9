"""The line from a webhook to the phone, service by service, on both databases."""

from datetime import datetime

from sqlalchemy import select

from core.services import inbox
from core.services.events import read_events
from core.services.messages import get_message, list_messages
from core.store import cascades
from core.store.tables import inbox as table
from core.store.tables import receipts
from tests.support import riverside
from tests.support.line import Line
from tests.support.loopback import ACCEPTED, Providers
from tests.support.riverside import fulfillment, meta_status


def test_a_shipped_order_goes_out_by_whatsapp(line: Line, providers: Providers) -> None:
    message = line.ship()

    assert message.subject == riverside.subject()
    assert message.recipient_phone == "+46701740605"
    assert line.path == [("whatsapp", "accepted")]
    sent = providers.calls[0]
    assert f'"biz_opaque_callback_data": "{message.id}.0"'.encode() in sent.replace(
        b'":"', b'": "'
    )


def test_delivery_ends_it(line: Line) -> None:
    reference = line.ship().tries[0].reference
    line.whatsapp_says(
        meta_status("sent", reference), meta_status("delivered", reference)
    )
    line.work()

    assert line.path == [("whatsapp", "delivered")]
    assert line.message.status == "delivered"
    assert line.message.finished_at


def test_silence_falls_back_to_sms_after_the_window(line: Line) -> None:
    line.ship()
    line.clock.advance(minutes=29, seconds=59)
    line.work()
    assert line.path == [("whatsapp", "accepted")]

    line.clock.advance(seconds=1)
    line.work()
    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_a_person_without_whatsapp_gets_an_sms_at_once(line: Line) -> None:
    reference = line.ship().tries[0].reference
    line.whatsapp_says(meta_status("failed", reference, code=131026))
    line.work()

    assert line.path == [("whatsapp", "failed"), ("sms", "accepted")]


def test_a_failure_that_is_taken_back_at_once_sends_nothing(
    line: Line, providers: Providers
) -> None:
    message = line.ship()
    reference = message.tries[0].reference
    failed = meta_status("failed", reference, code=131026)
    line.whatsapp_says(failed, meta_status("delivered", reference))
    line.work()

    assert line.path == [("whatsapp", "delivered_late"), ("sms", "called_off")]
    assert len(providers.calls) == 1
    with line.app.store.write() as tx:
        loaded = cascades.load(tx, [message.id])[message.id]
    assert [attempt.fate for attempt in loaded.cascade.attempts][-1] == "called_off"


def test_a_late_delivery_is_recorded_as_late(line: Line) -> None:
    reference = line.ship().tries[0].reference
    line.clock.advance(minutes=30)
    line.work()
    line.whatsapp_says(meta_status("delivered", reference))
    line.work()

    assert line.path[0] == ("whatsapp", "delivered_late")
    assert any(one.because == "late" for one in line.message.timeline)


def _tells_early(line: Line) -> None:
    """A provider's receipt for a message of which nobody has heard yet."""
    line.whatsapp_says(meta_status("delivered", None, wamid="wamid.1"))
    line.work()


def test_a_receipt_may_come_before_the_id_that_it_names(line: Line) -> None:
    _tells_early(line)
    assert line.ship().status == "waiting"

    line.later(milliseconds=100)
    assert line.message.status == "delivered"


def test_a_parked_receipt_makes_work_when_it_is_to_be_looked_at(line: Line) -> None:
    _tells_early(line)
    assert line.lanes == []

    line.clock.advance(milliseconds=100)
    assert line.lanes == ["receipts"]


def test_a_receipt_for_a_message_of_others_is_looked_at_ever_more_seldom(
    line: Line,
) -> None:
    _tells_early(line)
    waits = []
    while at := _looked_at_next(line):
        waits.append((at - line.clock.wall()).total_seconds())
        line.later(seconds=waits[-1])

    assert waits == [0.1 * 2**n for n in range(20)]
    assert sum(waits) > 24 * 60 * 60
    assert line.lanes == []


def _looked_at_next(line: Line) -> datetime | None:
    with line.app.store.read() as tx:
        return tx.scalars(select(receipts.c.look_at)).one()


def test_the_same_delivery_twice_is_one(line: Line) -> None:
    assert line.hook(webhook_id="w1") is not None
    assert line.hook(webhook_id="w1") is None
    line.work()

    assert len(list_messages(line.app)) == 1


def test_a_second_subscription_starts_nothing_new(line: Line) -> None:
    line.ship(webhook_id="w1")
    line.ship(webhook_id="w2")

    assert len(line.message.tries) == 1


def test_a_killed_worker_leaves_an_unknown_that_is_never_resent(
    line: Line, providers: Providers
) -> None:
    line.hook()
    read_events(line.app)
    line.claim_and_die()
    line.clock.advance(seconds=61)
    line.work()
    assert line.path == [("whatsapp", "unknown")]
    assert len(providers.calls) == 0

    line.clock.advance(minutes=30)
    line.work()
    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]


def test_a_receipt_settles_what_a_killed_worker_left(line: Line) -> None:
    line.hook()
    read_events(line.app)
    line.claim_and_die()
    line.whatsapp_says(meta_status("delivered", f"{line.message.id}.0"))
    line.work()

    assert line.message.status == "delivered"


def test_an_answer_that_never_comes_is_not_sent_again(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(None)
    line.ship()
    line.clock.advance(minutes=5)
    line.work()

    assert line.path == [("whatsapp", "unknown")]
    assert len(providers.calls) == 1


def test_a_busy_provider_is_tried_again(line: Line, providers: Providers) -> None:
    error = {"error": {"code": 130429, "message": "Rate limit hit"}}
    providers.whatsapp(error, status=429)
    line.ship()
    assert line.path == [("whatsapp", "failed"), ("whatsapp", "queued")]

    providers.whatsapp(ACCEPTED)
    line.clock.advance(seconds=10)
    line.work()
    assert line.path == [("whatsapp", "failed"), ("whatsapp", "accepted")]


def test_a_number_that_is_not_certain_is_a_reason(line: Line) -> None:
    destination = {"first_name": "Steve", "phone": "555-555-SHIP", "country_code": "US"}
    message = line.ship(body=fulfillment(destination=destination))

    assert message.status == "skipped"
    assert "not a phone number in US" in message.timeline[1].sentence


def test_a_later_event_need_not_repeat_the_address(line: Line) -> None:
    line.ship()
    event = {
        "id": 77,
        "fulfillment_id": fulfillment()["id"],
        "order_id": fulfillment()["order_id"],
        "status": "out_for_delivery",
    }
    line.set_up(("order.shipped", "order.out_for_delivery"))
    line.hook(body=event, topic="fulfillment_events/create", webhook_id="w9")
    line.work()

    assert {one.recipient_phone for one in list_messages(line.app)} == {"+46701740605"}


def test_an_event_that_cannot_be_read_is_kept_with_the_reason(line: Line) -> None:
    event_id = line.hook(body=fulfillment(id="seven"))
    line.work()

    assert _state(line, event_id)[0] == "failed"
    assert inbox.replay(line.app, event_id or 0)
    assert _state(line, event_id)[0] == "waiting"


def _state(line: Line, event_id: int | None) -> tuple[str, str]:
    with line.app.store.read() as tx:
        query = select(table.c.state, table.c.reason).where(table.c.id == event_id)
        state, reason = tx.execute(query).one()
    return state, reason


def test_replaying_an_event_sends_nothing_twice(line: Line) -> None:
    event_id = line.hook()
    line.work()
    inbox.replay(line.app, event_id or 0)
    line.work()

    assert len(line.message.tries) == 1
    assert "started before" in _state(line, event_id)[1]


def test_a_running_message_keeps_the_version_it_began_with(line: Line) -> None:
    first = line.ship()
    line.set_up(wait="5m")
    line.clock.advance(minutes=10)
    line.work()
    assert line.path == [("whatsapp", "accepted")]

    kept = get_message(line.app, first.id)
    assert kept
    assert kept.reminder_version == 1


def test_every_line_of_the_timeline_is_a_sentence(line: Line) -> None:
    reference = line.ship().tries[0].reference
    line.clock.advance(minutes=30)
    line.work()
    line.whatsapp_says(meta_status("read", reference))
    line.work()

    sentences = [one.sentence for one in line.message.timeline]
    assert all(one.endswith(".") and "{" not in one for one in sentences)
    assert (
        "Sending by SMS because WhatsApp was not delivered within 30 min." in sentences
    )


def test_a_providers_yes_is_told_and_was_not_before_it_was_asked(line: Line) -> None:
    line.ship()
    line.later(minutes=30)
    sms = line.message.tries[1]
    line.twilio_says("queued", sms.reference, at="2026-11-23T12:29:59Z")
    line.work()

    assert line.message.tries[1].accepted_at < sms.sending_at
    accepted = [one for one in line.message.timeline if one.because == "accepted"]
    assert [(one.sentence, one.at) for one in accepted] == [
        ("WhatsApp's provider accepted it.", line.message.tries[0].accepted_at),
        ("SMS's provider accepted it.", sms.sending_at),
    ]


def test_what_is_said_is_written_down_before_it_goes_out(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(None)

    assert line.ship().tries[0].text == "order_shipped: Anna · #1001"


CANCELLED = {"topic": "fulfillments/update", "webhook_id": "w9"}


def test_a_cancelled_shipment_stops_what_is_under_way(line: Line) -> None:
    line.ship()
    line.hook(body=fulfillment(status="cancelled"), **CANCELLED)
    line.clock.advance(minutes=31)
    line.work()

    assert line.message.status == "cancelled"
    assert line.path == [("whatsapp", "accepted")]
    last = line.message.timeline[-1].sentence
    assert last == "Cancelled: the shipment was cancelled. Nothing more is sent."


def test_a_cancellation_overtakes_what_is_still_queued(
    line: Line, providers: Providers
) -> None:
    line.hook()
    line.hook(body=fulfillment(status="cancelled"), **CANCELLED)
    line.work()

    assert line.path == [("whatsapp", "called_off")]
    assert len(providers.calls) == 0


def test_a_cancellation_may_come_before_what_it_cancels(line: Line) -> None:
    line.hook(body=fulfillment(status="cancelled"), **CANCELLED)
    line.work()
    event_id = line.hook()
    line.work()

    assert list_messages(line.app) == []
    assert "has ended by order.shipment_cancelled" in _state(line, event_id)[1]


def test_a_cancellation_stops_its_own_shipment_only(line: Line) -> None:
    line.ship()
    line.hook(body=fulfillment(2, status="cancelled"), **CANCELLED)
    line.work()

    assert line.message.status == "waiting"


EXPIRES = ("    steps:", "    expires: 20m\n    steps:")


def test_a_message_that_is_too_late_is_not_continued(line: Line) -> None:
    line.set_up(EXPIRES)
    line.ship()
    line.clock.advance(minutes=31)
    line.work()

    assert line.path == [("whatsapp", "timed_out")]
    assert line.message.status == "not_delivered"


def test_what_waited_in_the_queue_until_too_late_is_not_sent(
    line: Line, providers: Providers
) -> None:
    line.set_up(EXPIRES)
    line.hook()
    read_events(line.app)
    line.clock.advance(minutes=21)
    line.work()

    assert len(providers.calls) == 0
    assert line.message.status == "not_delivered"
