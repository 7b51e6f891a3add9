"""What an apply does to messages that are on their way, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.cascade.events import Started
from core.cascade.model import Recipient
from core.cascade.schedule import ZoneSource
from core.services.advance import advance
from core.services.messages import list_messages
from core.services.setup import Running, apply
from core.store import cascades
from core.store.cascades import NewCascade
from core.store.tables import attempts, reminders
from tests.core.services.test_line import Line, line, listening, providers
from tests.support import riverside
from tests.support.loopback import ACCEPTED, Providers
from tests.support.riverside import fulfillment

__all__ = ["line", "listening", "providers"]  # fixtures

BUSY = {"error": {"code": 131016, "message": "Service unavailable"}}


def written(line: Line, *changes: tuple[str, str]) -> str:
    """The set-up file with words in it changed."""
    text = riverside.setup(meta=line.url, twilio=line.url)
    for old, new in changes:
        text = text.replace(old, new)
    return text


OTHER_WORDS = ("is on its way", "has left us")
SMS_FIRST = (
    ("channel: whatsapp, sender: wa", "channel: sms, sender: sms"),
    ("channel: sms, sender: sms, wait: 24h", "channel: whatsapp, sender: wa"),
)


def follow(line: Line, text: str) -> tuple[Running, ...]:
    return apply(line.app, text, {}, "follow").running


def texts(line: Line) -> list[str]:
    with line.app.store.read() as tx:
        rows = tx.scalars(select(attempts.c.content).order_by(attempts.c.reference))
        return [row["text"] for row in rows if row]


def test_a_running_message_that_follows_goes_on_with_the_new_words(line: Line) -> None:
    before = line.ship()
    moved = follow(line, written(line, OTHER_WORDS))
    assert moved == (Running(reminder="order-shipped", followed=1),)
    assert line.message.deadline_at == before.deadline_at

    line.clock.advance(minutes=30)
    line.work()

    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]
    assert "has left us" in texts(line)[-1]
    assert line.message.reminder_version == 2
    told = [one.sentence for one in line.message.timeline]
    assert "The reminder was changed; from here on its version 2 counts." in told


def plan(line: Line) -> None:
    """A message that is to begin in an hour: it waits for its next step, and not for a try."""
    body = riverside.fulfillment()
    event_id = line.hook(body=body)
    with line.app.store.write() as tx:
        reminder = tx.execute(select(reminders)).mappings().one()
        new = NewCascade(
            id="planned",
            account_id=reminder["account_id"],
            reminder_id=reminder["id"],
            reminder_key=reminder["key"],
            event_id=event_id or 0,
            subject=riverside.subject(),
            recipient=Recipient(phone="+46701740605", first_name="Anna"),
            fields={"order.name": "#1001", "recipient.first_name": "Anna"},
            round=0,
            zone="Europe/Rome",
            zone_source=ZoneSource.ACCOUNT,
            start_at=line.clock.now() + timedelta(hours=1),
            expires_at=None,
        )
        cascades.create(tx, new, line.clock.now())
        advance(line.app, tx, [("planned", Started())], line.clock.now())


def test_a_message_between_steps_goes_on_with_the_new_ones(line: Line) -> None:
    plan(line)
    assert follow(line, written(line, *SMS_FIRST, OTHER_WORDS))[0].followed == 1
    line.clock.advance(hours=1)
    line.work()

    assert line.path == [("sms", "accepted")]
    assert "has left us" in texts(line)[0]


def test_a_message_that_is_to_be_tried_again_goes_with_the_new_words(
    line: Line, providers: Providers
) -> None:
    providers.whatsapp(BUSY, status=500)
    line.ship()
    assert line.path == [("whatsapp", "failed"), ("whatsapp", "queued")]
    providers.whatsapp(ACCEPTED)

    follow(line, written(line, ("order_shipped", "order_left")))
    line.clock.advance(seconds=10)
    line.work()

    assert line.path[-1] == ("whatsapp", "accepted")
    assert b"order_left" in providers.calls[-1]


def test_what_was_tried_otherwise_keeps_its_version(line: Line) -> None:
    line.ship()
    assert follow(line, written(line, *SMS_FIRST)) == (
        Running(reminder="order-shipped", kept=1),
    )
    expires = written(line, ("on: order", "expires: 1h\n    on: order"))
    assert follow(line, expires) == (Running(reminder="order-shipped", kept=1),)

    line.clock.advance(minutes=30)
    line.work()

    assert line.path == [("whatsapp", "timed_out"), ("sms", "accepted")]
    assert line.message.reminder_version == 1


def test_a_reminder_that_is_switched_off_ends_what_follows(line: Line) -> None:
    line.ship()
    assert follow(line, written(line).partition("reminders:")[0]) == (
        Running(reminder="order-shipped", cancelled=1),
    )
    line.clock.advance(minutes=30)
    line.work()

    assert len(line.path) == 1
    assert line.message.status == "cancelled"
    assert line.message.timeline[-1].sentence == (
        "Cancelled: the reminder was switched off. Nothing more is sent."
    )


def test_those_who_kept_theirs_may_follow_later(line: Line) -> None:
    line.ship()
    line.hook(body=fulfillment(2), webhook_id="w2")
    line.work()
    assert apply(line.app, written(line, OTHER_WORDS), {}).running == ()

    assert follow(line, written(line, OTHER_WORDS)) == (
        Running(reminder="order-shipped", followed=2),
    )
    assert {one.reminder_version for one in list_messages(line.app)} == {2}
    assert follow(line, written(line, OTHER_WORDS)) == ()


def test_what_has_ended_stays_as_it_was(line: Line) -> None:
    line.ship()
    line.clock.advance(days=3)
    line.work()
    line.clock.advance(days=3)
    line.work()
    assert line.message.finished_at

    assert follow(line, written(line, OTHER_WORDS)) == ()
    assert line.message.reminder_version == 1


@pytest.mark.parametrize(
    ("changes", "seconds", "told"),
    [
        (
            {},
            5415,
            "the last step begins within 1 h 31 min of its start, unless it is held",
        ),
        (
            {"sender: wa,": "sender: [wa, wa2],"},
            2 * 5415,
            "the last step begins within 3 h 1 min of its start, unless it is held",
        ),
        (
            {"on: order": "expires: 1h\n    on: order"},
            3600,
            "nothing goes out later than 1 h after the event",
        ),
        (
            {"      - {channel: sms": "      # {channel: sms"},
            0,
            "the only step begins at once, unless it is held",
        ),
    ],
)
def test_an_apply_says_until_when_a_reminder_sends(
    line: Line, changes: dict[str, str], seconds: int, told: str
) -> None:
    text = riverside.setup()
    (wa,) = [one for one in text.splitlines() if "{key: wa," in one]
    text = text.replace(
        "messages:", f"{wa.replace('key: wa', 'key: wa2')}\nmessages:", 1
    )
    for old, new in changes.items():
        text = text.replace(old, new)

    (latest,) = apply(line.app, text, {}).latest
    assert (latest.seconds, latest.told) == (seconds, told)


def test_a_message_says_until_when_its_last_step_begins(line: Line) -> None:
    message = line.ship()
    assert message.last_step_by == message.created_at.replace(
        hour=12, minute=30, second=15
    )

    line.clock.advance(minutes=30)
    line.work()
    assert line.message.last_step_by is None
