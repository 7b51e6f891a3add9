"""What people agreed to, what they refused, and what they wrote back.

A person is an account's id and an address: a phone number as E.164, or an email address. Who
has both is asked for under both.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, insert, select

from core.cascade.consent import Consent, Purpose, Suppression
from core.cascade.model import Channel
from core.cascade.replies import Answer, StopWord
from core.cascade.status import Scope
from core.store import records
from core.store.many import among_people, by_people
from core.store.tables import accounts, consents, replies, senders, suppressions
from core.store.upsert import insert_new
from core.values import dataclass

Person = tuple[int, str]
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A reply as it is kept. `cascade_id` is the message it belongs to, if we know.

    The rest is as in the table.
    """

    account_id: int
    sender_id: int
    inbox_id: int
    channel: Channel
    address: str
    provider_id: str
    at: datetime
    text: str = ""
    button: str = ""
    answers: str | None = None
    number: str = ""
    alias: str = ""
    opens: bool = False
    carrier: StopWord | None = None
    word: StopWord | None = None
    answer: Answer | None = None
    cascade_id: str | None = None


def account(tx: Connection, key: str) -> records.Row | None:
    """An account by its key."""
    query = select(accounts).where(accounts.c.key == key)
    return tx.execute(query).mappings().one_or_none()


def add_reply(tx: Connection, written: Written) -> int | None:
    """Keep a reply. Its id, or None if this sender has told us of it before."""
    row = {name: getattr(written, name) for name in written.__slots__}
    return insert_new(tx, replies, row)


def add_consent(tx: Connection, person: Person, consent: Consent) -> None:
    """Note a person's yes or no."""
    account_id, address = person
    row = {name: getattr(consent, name) for name in consent.__slots__}
    tx.execute(insert(consents), {"account_id": account_id, "address": address, **row})


def suppress(tx: Connection, person: Person, suppression: Suppression) -> None:
    """Note an opt-out. Its sender must be one of the account's."""
    account_id, address = person
    row = {name: getattr(suppression, name) for name in suppression.__slots__}
    sender_id = _sender_id(tx, account_id, row.pop("sender"))
    whose = {"account_id": account_id, "address": address, "sender_id": sender_id}
    tx.execute(insert(suppressions), {**row, **whose})


def lift(tx: Connection, person: Person, suppression: Suppression) -> None:
    """Note that an opt-out ended at the suppression's time, for the reason in its source."""
    suppress(tx, person, replace(suppression, lifted=True))


def consents_of(
    tx: Connection, people: Collection[Person]
) -> Mapping[Person, list[Consent]]:
    """Everything these people agreed to or withdrew, in the order in which it was told."""
    return _by_person(tx, _CONSENTS, people, _consent)


def suppressions_of(
    tx: Connection, people: Collection[Person]
) -> Mapping[Person, list[Suppression]]:
    """Every opt-out of these people, and what ended it, in the order in which it was told."""
    return _by_person(tx, _SUPPRESSIONS, people, _suppression)


def _by_person(
    tx: Connection,
    query: Select[Any],
    people: Collection[Person],
    read: Callable[[records.Row], Said],
) -> dict[Person, list[Said]]:
    found = defaultdict(list)
    for row in tx.execute(query, by_people(people)).mappings():
        person = row["account_id"], row["address"]
        if person in people:
            found[person].append(read(row))
    return dict(found)


_CONSENTS = select(consents).where(among_people(consents)).order_by(consents.c.id)
_SUPPRESSIONS = (
    select(suppressions, senders.c.key.label("sender"))
    .outerjoin(senders, senders.c.id == suppressions.c.sender_id)
    .where(among_people(suppressions))
    .order_by(suppressions.c.id)
)


def _sender_id(tx: Connection, account_id: int, key: str | None) -> int | None:
    if key is None:
        return None
    mine = senders.c.account_id == account_id, senders.c.key == key
    return int(tx.execute(select(senders.c.id).where(*mine)).scalar_one())


def _channel(row: records.Row) -> Channel | None:
    return Channel(row["channel"]) if row["channel"] else None


def _consent(row: records.Row) -> Consent:
    return Consent(
        channel=_channel(row),
        purpose=Purpose(row["purpose"]),
        given=row["given"],
        source=row["source"],
        at=row["at"],
    )


def _suppression(row: records.Row) -> Suppression:
    return Suppression(
        channel=_channel(row),
        sender=row["sender"],
        scope=Scope(row["scope"]),
        source=row["source"],
        at=row["at"],
        words=row["words"],
        lifted=row["lifted"],
    )
