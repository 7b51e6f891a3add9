"""What is forgotten of people, and what is not."""

from datetime import timedelta

from sqlalchemy import Connection

from core.cascade.model import Channel
from core.store import memory
from core.store.memory import Whom
from tests.conftest import NOON
from tests.support.line import Line

ANNA, BO = "+46701740605", "+46701740606"


def _whom(account_id: int, channel: Channel, address: str) -> Whom:
    return Whom(account_id=account_id, channel=channel, address=address)


GONE = {_whom(1, Channel.WHATSAPP, ANNA), _whom(2, Channel.WHATSAPP, BO)}
# The same channel, the same person or the same account, but never all three.
LEFT = {
    _whom(1, Channel.SMS, ANNA),
    _whom(1, Channel.WHATSAPP, BO),
    _whom(2, Channel.WHATSAPP, ANNA),
}
PEOPLE = {one.person for one in GONE | LEFT}


def test_a_sign_of_life_says_nothing_of_others(line: Line) -> None:
    line.set_up_other("seaside")
    with line.app.store.write() as tx:
        for one in GONE | LEFT:
            memory.remember(tx, one, "131026", NOON, NOON + timedelta(days=1))
        memory.forget(tx, GONE)
        assert memory.unreachable_at(tx, PEOPLE, NOON).keys() == LEFT


def test_that_somebody_reads_says_nothing_of_others(line: Line) -> None:
    line.set_up_other("seaside")
    with line.app.store.write() as tx:
        for one in GONE | LEFT:
            memory.was_unread(tx, one)
        memory.was_read(tx, GONE)
        assert _unread(tx) == dict.fromkeys(LEFT, 1)


def test_what_was_unread_and_answered_is_theirs_alone(line: Line) -> None:
    line.set_up_other("seaside")
    with line.app.store.write() as tx:
        for one in (*GONE, *LEFT, *GONE):
            memory.was_unread(tx, one)
        for one in GONE:
            memory.answered_unread(tx, one)
        found = memory.habits_of(tx, PEOPLE)

        assert {one for one, row in found.items() if row["answers"]} == GONE
        assert _unread(tx) == dict.fromkeys(LEFT, 1) | dict.fromkeys(GONE, 2)


def _unread(tx: Connection) -> dict[Whom, int]:
    return {one: row["unread"] for one, row in memory.habits_of(tx, PEOPLE).items()}
