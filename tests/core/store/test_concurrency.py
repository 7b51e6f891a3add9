"""Many workers at once: every piece of work has one owner."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text

from core.cascade.events import failed
from core.cascade.status import Failure, FailureClass
from core.message.compose import Composed
from core.message.content import Text
from core.services.advance import advance
from core.services.events import read_events
from core.services.messages import list_messages
from core.store.breakers import (
    Fault,
    breakers_of,
    count_fault,
    keep_open,
    let_try,
    lock,
)
from core.store.cascades import load
from core.store.tables import accounts, breakers, cascades
from tests.support.line import Line
from tests.support.riverside import fulfillment

ROUNDS = 12
SAID = Composed(content=Text(text="said"), text="said")


def test_an_attempt_is_claimed_once(line: Line) -> None:
    for number in range(40):
        line.hook(body=fulfillment(number), webhook_id=f"w{number}")
    while read_events(line.app):
        pass

    def claim(_: int) -> list[str]:
        with line.app.store.write() as tx:
            return line.claim(tx, 5).taken

    with ThreadPoolExecutor(8) as pool:
        claimed = [one for many in pool.map(claim, range(16)) for one in many]
    assert len(claimed) == len(set(claimed)) == 40


def test_one_occasion_read_by_many_workers_is_one_message(line: Line) -> None:
    for number in range(12):
        line.hook(webhook_id=f"w{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read_events(line.app), range(8)))
    while read_events(line.app):
        pass

    with line.app.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(cascades)) == 1
    assert len(list_messages(line.app)[0].tries) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_attempt_is_not_taken_while_its_cascade_is_decided_about(line: Line) -> None:
    """It may be called off. Nobody waits for that either: it would be a deadlock."""
    line.hook()
    read_events(line.app)
    (message,) = list_messages(line.app)
    store = line.app.store
    with store.write() as deciding, store.write() as taking:
        load(deciding, [message.id])
        taking.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert line.claim(taking, 5).taken == []
    with store.write() as deciding, store.write() as taking:
        deciding.execute(select(cascades).with_for_update(key_share=True))
        taking.execute(text("SET LOCAL lock_timeout = '2s'"))
        taken = line.claim(taking, 5).taken
    assert taken == [message.tries[0].reference]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_decides_knows_what_is_being_taken(line: Line) -> None:
    line.hook()
    read_events(line.app)
    (message,) = list_messages(line.app)

    def decide() -> bool:
        with line.app.store.write() as tx:
            return load(tx, [message.id])[message.id].cascade.attempts[0].departed

    with ThreadPoolExecutor(1) as pool:
        with line.app.store.write() as taking:
            assert line.claim(taking, 5).taken
            departed = pool.submit(decide)
            with pytest.raises(TimeoutError):
                departed.result(0.3)
        assert departed.result(5)


def test_a_broken_sender_is_tried_by_one(line: Line) -> None:
    with line.app.store.write() as tx:
        account_id = tx.scalar(select(accounts.c.id))
        assert account_id
        fault = {"account_id": account_id, "sender": "wa", "template": ""}
        broken = Fault(**fault, code="190", detail="no token", later=False)
        count_fault(tx, broken, "c", line.clock.now())
        keep_open(tx, broken, line.clock.now())

    def tries(number: int) -> bool:
        now = line.clock.now()
        with line.app.store.write() as tx:
            lock(tx, {account_id})
            (known,) = breakers_of(tx, {account_id}).values()
            assert known.retry_at
            if known.retry_at > now:
                return False
            let_try(tx, known, f"c{number}", now + timedelta(seconds=30))
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tries, range(16))) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_breaks_in_two_accounts_at_once_is_no_deadlock(line: Line) -> None:
    line.set_up_other("lakeside")
    for number in range(ROUNDS * 2):
        line.order(number)
        line.order(number, account="lakeside")
    while read_events(line.app):
        pass
    ours, others = (_ids(line, account) for account in ("riverside", "lakeside"))
    failure = Failure(kind=FailureClass.TEMPLATE, code="132001")
    refused = failed(0, line.clock.now(), failure)

    def refuse(*ids: str) -> None:
        with line.app.store.write() as tx:
            happened = [(cascade_id, refused) for cascade_id in ids]
            advance(line.app, tx, happened, line.clock.now())

    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            with line.app.store.write() as tx:
                tx.execute(delete(breakers))
            one = pool.submit(refuse, ours.pop(), others.pop())
            other = pool.submit(refuse, others.pop(), ours.pop())
            one.result(), other.result()


def _ids(line: Line, account: str) -> list[str]:
    return [one.id for one in list_messages(line.app, account=account, limit=None)]
