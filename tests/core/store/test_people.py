"""What people agreed to, refused and wrote, on both databases."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.exc import NoResultFound

from core.cascade.consent import Consent, Purpose, Suppression
from core.cascade.model import Channel
from core.cascade.replies import Answer, StopWord
from core.cascade.status import Scope
from core.store import migrate, people
from core.store.engine import Store
from core.store.people import Written
from core.store.tables import accounts, inbox, replies, senders

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANNA, BO = "+46701740605", "+46701740606"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    migrate.upgrade_store(opened)
    with opened.write() as tx:
        for key in (1, 2):
            _account(tx, key)
    yield opened
    opened.close()


def _account(tx: Connection, number: int) -> None:
    names = {"name": "", "time_zone": "UTC", "currency": "EUR", "country": "SE"}
    tx.execute(insert(accounts), {"id": number, "key": f"account{number}", **names})
    sender = {"id": number, "account_id": number, "key": "sms", "provider": "twilio"}
    tx.execute(
        insert(senders), {**sender, "config": {}, "secrets": b"", "active": True}
    )
    arrival = {
        "kind": "receipt",
        "delivery_id": "",
        "topic": "",
        "url": "",
        "body": b"",
    }
    known = {"received_at": NOON, "state": "waiting", "reason": "", "headers": {}}
    ids = {"id": number, "account_id": number, "origin_id": number}
    tx.execute(insert(inbox), {**ids, **arrival, **known})


def stop(**changes: object) -> Suppression:
    values = {
        "channel": Channel.SMS,
        "sender": "sms",
        "scope": Scope.SENDER,
        "source": "their own word",
        "at": NOON,
        "words": "STOP",
    }
    return Suppression(**values | changes)  # type: ignore[arg-type]


def test_consents_are_kept_in_order_and_by_account(store: Store) -> None:
    given = Consent(
        channel=None, purpose=Purpose.MARKETING, given=True, source="form", at=NOON
    )
    taken = Consent(
        channel=Channel.SMS,
        purpose=Purpose.MARKETING,
        given=False,
        source="desk",
        at=NOON + timedelta(minutes=1),
    )
    with store.write() as tx:
        people.add_consent(tx, (1, ANNA), given)
        people.add_consent(tx, (1, ANNA), taken)
        people.add_consent(tx, (2, ANNA), given)
        people.add_consent(tx, (1, BO), given)

    with store.read() as tx:
        found = people.consents_of(tx, {(1, ANNA), (2, ANNA), (2, BO)})
    assert found == {(1, ANNA): [given, taken], (2, ANNA): [given]}


def test_an_opt_out_and_its_end_are_both_kept(store: Store) -> None:
    everywhere = stop(channel=None, sender=None, scope=Scope.EVERYWHERE)
    with store.write() as tx:
        people.suppress(tx, (1, ANNA), stop())
        people.lift(tx, (1, ANNA), stop(at=NOON + timedelta(minutes=1), words="START"))
        people.suppress(tx, (2, ANNA), everywhere)

    with store.read() as tx:
        found = people.suppressions_of(tx, [(1, ANNA), (2, ANNA), (1, BO)])
    started = stop(at=NOON + timedelta(minutes=1), words="START", lifted=True)
    assert found == {(1, ANNA): [stop(), started], (2, ANNA): [everywhere]}


def test_nobody_is_asked_for_by_nothing(store: Store) -> None:
    with store.read() as tx:
        assert people.consents_of(tx, []) == {}
        assert people.suppressions_of(tx, []) == {}


def test_an_opt_out_from_an_unknown_sender_is_a_mistake(store: Store) -> None:
    with pytest.raises(NoResultFound), store.write() as tx:
        people.suppress(tx, (1, ANNA), stop(sender="another"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("find", [people.consents_of, people.suppressions_of])
def test_people_are_found_without_reading_everybody(
    store: Store, find: Callable[..., object]
) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    with store.read() as tx:
        event.listen(
            tx, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
        )
        find(tx, [(1, ANNA), (2, BO)])
        query, values = asked[-1]
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()

    assert any("account_id=? AND address=?" in str(line) for line in plan)
    scans = [str(line) for line in plan if "SCAN" in str(line)]
    assert all("json_each" in line for line in scans)  # the lists that are asked for


def test_a_reply_is_kept_once(store: Store) -> None:
    written = Written(
        account_id=1,
        sender_id=1,
        inbox_id=1,
        channel=Channel.SMS,
        address=ANNA,
        provider_id="SM1",
        at=NOON,
        text="Cancel",
        carrier=StopWord.STOP,
        word=StopWord.STOP,
        answer=Answer.CANCEL,
    )
    with store.write() as tx:
        assert people.add_reply(tx, written)
    with store.write() as tx:
        assert not people.add_reply(tx, written)

    with store.read() as tx:
        (row,) = tx.execute(select(replies)).mappings()
    assert {name: row[name] for name in Written.__slots__} == {
        name: getattr(written, name) for name in Written.__slots__
    }
