"""Who sends next: fair between senders, within limits, on both databases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.cascade.limits import BURST
from core.services.setup import apply
from core.store import inbox as arrivals
from core.store.claims import Claims
from core.store.tables import accounts, attempts, cascades, inbox, paces, senders
from core.store.turns import Turns
from core.store.work import lanes_with_work
from tests.conftest import NOON, SetClock
from tests.support import riverside
from tests.support.line import Line

LIFTED = "limits: {per_second: none, per_person: none}, "


class Shops:
    """Some accounts, and messages that wait to be sent by their WhatsApp senders."""

    def __init__(self, app: Everreach, clock: SetClock) -> None:
        self.app, self.clock = app, clock

    def open(self, account: str, limits: str = LIFTED, whole: str = "") -> None:
        setup = riverside.setup(account=account).replace(LIFTED, limits)
        setup = setup.replace("country: IT}", f"country: IT, limits: {{{whole}}}}}")
        apply(self.app, setup, {})

    def queue(self, account: str, people: Sequence[str], name: str = "") -> list[str]:
        """One message to each of these people, due now."""
        with self.app.store.write() as tx:
            found = select(accounts.c.id).where(accounts.c.key == account)
            account_id = tx.scalar(found)
            mine = senders.c.account_id == account_id, senders.c.key == "wa"
            sender_id = tx.scalar(select(senders.c.id).where(*mine))
            event_id = arrivals.add(tx, self._event(account_id, f"{account}{name}"))
            tx.execute(update(inbox).values(state="done"))
            ids = [f"{account}{name}.{number}" for number in range(len(people))]
            tx.execute(
                insert(cascades),
                [
                    _cascade(one, account_id, event_id, person)
                    for one, person in zip(ids, people, strict=True)
                ],
            )
            tx.execute(
                insert(attempts),
                [_attempt(one, account_id, sender_id, self.clock.at) for one in ids],
            )
        return ids

    def _event(self, account_id: Any, name: str) -> arrivals.Arrival:
        return arrivals.Arrival(
            account_id=account_id,
            kind=arrivals.EVENT,
            origin_id=account_id,
            delivery_id=name,
            topic="",
            url="",
            headers={},
            body=b"",
            received_at=self.clock.at,
        )

    def flood(self, account: str, kind: str, count: int) -> None:
        """So many arrivals that nobody has read."""
        with self.app.store.write() as tx:
            found = select(accounts.c.id).where(accounts.c.key == account)
            account_id = tx.scalar(found)
            for number in range(count):
                name = f"{account}-{number}-{kind}"
                arrivals.add(tx, replace(self._event(account_id, name), kind=kind))

    def claim(self, limit: int = 32) -> Claims:
        with self.app.store.write() as tx:
            return Line.claim(self, tx, limit)

    @property
    def rings(self) -> bool:
        """Whether workers are woken to send."""
        with self.app.store.read() as tx:
            return "whatsapp" in lanes_with_work(tx, self.clock.at, self.clock.wall_at)

    def due_at(self, reference: str) -> timedelta:
        with self.app.store.read() as tx:
            found = select(attempts.c.due_at)
            at = tx.scalar(found.where(attempts.c.reference == reference))
            assert at
            return at - NOON


def _cascade(name: str, account_id: Any, event_id: Any, person: str) -> dict[str, Any]:
    return {
        "id": name,
        "account_id": account_id,
        "reminder_id": account_id,
        "reminder_key": "order-shipped",
        "event_id": event_id,
        "subject": name,
        "recipient_key": person,
        "recipient": {"phone": person},
        "fields": {},
        "round": 0,
        "zone": "Europe/Rome",
        "zone_source": "account",
        "created_at": NOON,
    }


def _attempt(name: str, account_id: Any, sender_id: Any, at: Any) -> dict[str, Any]:
    return {
        "reference": name,
        "account_id": account_id,
        "cascade_id": name,
        "number": 0,
        "step": 0,
        "sender_id": sender_id,
        "channel": "whatsapp",
        "until": "delivered",
        "state": "queued",
        "noted_at": at,
        "because": "trying",
        "facts": {},
        "due_at": at,
    }


def crowd(size: int) -> list[str]:
    """So many different people."""
    return [f"+4670174{number:06}" for number in range(size)]


ANNA = "+46701740605"


@pytest.fixture
def shops(app: Everreach, clock: SetClock) -> Shops:
    return Shops(app, clock)


# --- Fairness --------------------------------------------------------------------------------


def test_one_message_goes_with_the_first_batch_beside_twenty_thousand(
    shops: Shops,
) -> None:
    shops.open("big")
    shops.open("small")
    shops.queue("big", crowd(20_000))
    shops.clock.advance(seconds=1)
    (single,) = shops.queue("small", [ANNA])

    first = shops.claim()
    assert single in first.taken
    assert len(first.taken) >= 17
    assert len(shops.claim().taken) == 32  # who is alone has the whole batch


def test_more_senders_than_fit_into_a_batch_have_their_turns(shops: Shops) -> None:
    for number in range(7):
        shops.open(f"shop{number}")
        shops.queue(f"shop{number}", crowd(20))

    taken = [shops.claim(3).taken for _ in range(3)]
    served = {one.partition(".")[0] for batch in taken for one in batch}
    assert served == {f"shop{number}" for number in range(7)}


@pytest.mark.parametrize("kind", [arrivals.EVENT, arrivals.RECEIPT])
def test_one_arrival_is_read_with_the_first_batch_beside_a_flood(
    shops: Shops, kind: str
) -> None:
    shops.open("big")
    shops.open("small")
    shops.flood("big", kind, 500)
    shops.flood("small", kind, 1)

    with shops.app.store.write() as tx:
        waiting = arrivals.waiting(tx, kind, 100, Turns())
        ids = [one.id for one in waiting]
        assert len({one.account_id for one in waiting}) == 2
    assert ids == sorted(ids)
    assert len(ids) >= 51


# --- Limits ----------------------------------------------------------------------------------


def test_workers_that_claim_at_once_keep_to_the_rate(shops: Shops) -> None:
    """Ten processes' worth of connections, each with a store of its own."""
    shops.open("shop", "limits: {per_second: 40, per_person: none}, ")
    shops.queue("shop", crowd(200))
    settings, registry = shops.app.settings, load_registry()

    def work(_: int) -> int:
        with open_everreach(settings, registry) as opened:
            line = object.__new__(Line)
            line.app, line.clock = replace(opened, clock=shops.clock), shops.clock
            taken = 0
            for _ in range(5):
                with opened.store.write() as tx:
                    taken += len(line.claim(tx, 3).taken)
            return taken

    with ThreadPoolExecutor(10) as pool:
        at_once = sum(pool.map(work, range(10)))
    assert at_once == 40 * BURST.total_seconds()
    assert not shops.rings

    shops.clock.advance(seconds=1 / 40)
    assert shops.rings
    assert len(shops.claim().taken) == 1


def test_an_account_keeps_to_its_rate_over_all_its_senders(shops: Shops) -> None:
    shops.open("shop", whole="per_second: 8")
    shops.queue("shop", crowd(50))

    assert len(shops.claim().taken) == 2
    assert shops.claim().taken == []
    assert not shops.rings


def test_a_sender_that_waits_does_not_keep_another_waiting(shops: Shops) -> None:
    shops.open("slow", "limits: {per_second: 1}, ")
    shops.open("fast")
    shops.queue("slow", crowd(50))
    shops.queue("fast", crowd(50))

    taken = [*shops.claim().taken, *shops.claim().taken]
    assert len([one for one in taken if one.startswith("fast")]) == 50
    assert len(taken) == 51
    assert not shops.rings  # though forty-nine are due: nobody runs in circles
    shops.clock.advance(seconds=1)
    assert shops.rings


def test_a_person_gets_the_next_only_after_the_pause(shops: Shops) -> None:
    shops.open("shop", "limits: {per_person: 6s}, ")
    first, second, third, other = shops.queue("shop", [ANNA, ANNA, ANNA, *crowd(1)])

    claims = shops.claim()
    assert set(claims.taken) == {first, other}
    assert shops.due_at(second) == timedelta(seconds=6)
    assert shops.due_at(third) == timedelta(seconds=12)
    assert not shops.rings
    shops.clock.advance(seconds=6)
    assert shops.claim().taken == [second]

    (late,) = shops.queue("shop", [ANNA], "late")
    assert shops.claim().put_off.keys() == {late}
    shops.clock.advance(seconds=6)
    assert set(shops.claim().taken) | set(shops.claim().taken) == {third}


@pytest.mark.parametrize(
    ("limits", "whole", "known"),
    [
        ("limits: {per_day: 3, per_person: none}, ", "", True),
        ("limits: {people_per_day: 3, per_person: none}, ", "", True),
        (LIFTED, "per_day: 3", False),
    ],
)
def test_what_is_due_is_refused_once_the_day_is_used_up(
    shops: Shops, limits: str, whole: str, known: bool
) -> None:
    shops.open("shop", limits, whole)
    shops.queue("shop", crowd(5))

    assert len(shops.claim().taken) == 3
    refused = shops.claim().refused
    assert len(refused) == 2
    assert {bool(one.until) for one in refused.values()} == {known}

    shops.clock.advance(hours=25)
    shops.queue("shop", crowd(2), "again")
    assert len(shops.claim().taken) == 2


def test_the_same_person_again_is_not_another_person(shops: Shops) -> None:
    shops.open("shop", "limits: {people_per_day: 2, per_person: none}, ")
    for name in "abc":
        shops.queue("shop", [ANNA], name)
        assert len(shops.claim().taken) == 1

    shops.queue("shop", crowd(2), "others")
    assert len(shops.claim().taken) == 1


def test_a_sender_without_limits_leaves_no_trace(shops: Shops) -> None:
    shops.open("shop")
    shops.queue("shop", crowd(3))
    assert len(shops.claim().taken) == 3

    with shops.app.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(paces)) == 0
