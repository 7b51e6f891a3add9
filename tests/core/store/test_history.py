"""What happened to a message, in the order in which it did, though it is kept in two places."""

from sqlalchemy import update

from core.services.events import read_events
from core.services.messages import list_messages
from core.store import history
from core.store.tables import cascades
from tests.support.line import Line
from tests.support.riverside import fulfillment, meta_status

CANCELLED = {"topic": "fulfillments/update", "webhook_id": "w2"}


def _noted(line: Line, number: int = 1) -> list[tuple[str, int | None]]:
    """What was noted about an order's message: why, and of which attempt."""
    with line.app.store.read() as tx:
        stored = history.message(tx, line.about(number).id)
    assert stored
    return [(note["because"], note["facts"].get("attempt")) for note in stored.notes]


def test_at_one_moment_an_attempt_stands_before_what_came_of_it(line: Line) -> None:
    line.hook()
    read_events(line.app)  # and before the next moment of a clock that stands still
    assert _noted(line) == [("trying", 0)]

    line.work()
    reference = line.message.tries[0].reference
    line.whatsapp_says(meta_status("failed", reference, code=131026))
    line.work()
    assert _noted(line) == [("trying", 0), ("failed", 0), ("trying", 1)]


def test_at_one_moment_an_attempt_stands_before_the_end(line: Line) -> None:
    line.ship()
    line.hook(body=fulfillment(status="cancelled"), **CANCELLED)
    line.work()
    assert _noted(line) == [("trying", 0), ("finished", None)]


def test_at_one_moment_an_attempt_stands_behind_what_was_passed_over(
    line: Line,
) -> None:
    reference = line.ship().tries[0].reference
    line.whatsapp_says(meta_status("failed", reference, code=131026))
    line.work()
    line.ship_next(2)
    assert _noted(line, 2) == [("passed_over", None), ("trying", 0)]


def test_later_is_behind(line: Line) -> None:
    (tried,) = line.ship().tries
    line.clock.advance(minutes=1)
    line.report(tried, "sent")
    line.later(minutes=29)

    told = [("trying", 0), ("sent", 0), ("timed_out", 0), ("trying", 1)]
    assert _noted(line) == told


def test_one_account_is_not_shown_what_another_has_of_the_same_name(line: Line) -> None:
    line.set_up_other("seaside")
    line.ship()
    line.hook(account="seaside", webhook_id="other")
    line.work()
    with line.app.store.write() as tx:
        tx.execute(update(cascades).values(subject="the same"))

    def accounts_of(account: str | None) -> list[str]:
        found = list_messages(line.app, subject="the same", account=account)
        return sorted(one.account for one in found)

    assert accounts_of(None) == ["riverside", "seaside"]
    assert accounts_of("seaside") == ["seaside"]
