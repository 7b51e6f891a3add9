"""The log of what providers told us, and joining it to attempts.

A receipt may arrive before the id that it names is saved. It is then parked, and its attempt is
looked for again, each time after twice as long: soon for those that are early by a moment, and
seldom for those of messages that somebody else sent, of which providers tell us as well.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, or_, select

from core.cascade.status import Failure, Status
from core.message.cost import Charge
from core.store import records
from core.store.many import update_each
from core.store.tables import attempts, receipts
from core.store.upsert import insert_new
from core.values import dataclass

FIRST_WAIT = timedelta(milliseconds=100)
LOOKS = 21  # the last is 29 hours after the first


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReceipt:
    """One fact from a provider. `fingerprint` is the same for the same fact."""

    account_id: int
    sender_id: int
    inbox_id: int
    fingerprint: str
    reference: str | None
    provider_id: str | None
    status: Status
    at: datetime
    failure: Failure | None
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A fact about an attempt that we know. `tells_charge`: also of what it costs."""

    reference: str
    tells_charge: bool
    cascade_id: str
    number: int
    status: Status
    at: datetime
    failure: Failure | None


def add(tx: Connection, told: KeptReceipt, wall: datetime) -> None:
    """Keep a receipt, unless the same fact was told before. `join` will look at it."""
    row = {name: getattr(told, name) for name in told.__slots__ if name != "charge"}
    row |= {"failure": records.failure_json(told.failure), "looks": 0, "look_at": wall}
    insert_new(tx, receipts, {**row, **_charge_columns(told.charge)})


def _charge_columns(charge: Charge) -> records.Row:
    return {
        "price_micros": charge.price and charge.price.micros,
        "price_currency": charge.price and charge.price.currency,
        "parts": charge.parts,
        "category": None if charge.empty else charge.category,
    }


def join(tx: Connection, wall: datetime, limit: int) -> list[Joined]:
    """Join receipts that are to be looked at now to the attempts they speak of."""
    rows = tx.execute(_TO_LOOK_AT, {"wall": wall, "limit": limit}).mappings().all()
    update_each(tx, receipts.c.id, [_looked(row, wall) for row in rows])
    return [_joined(row) for row in rows if row["reference"]]


def _looked(row: records.Row, wall: datetime) -> records.Row:
    """How a receipt stands after a look. It is parked if nothing was found."""
    looks = row["looks"] + 1
    done = row["reference"] or looks == LOOKS
    return {
        "key": row["id"],
        "attempt": row["reference"],
        "looks": looks,
        "look_at": None if done else wall + FIRST_WAIT * 2 ** row["looks"],
    }


def _to_look_at() -> Select[Any]:
    # Meta tells of all of an app's numbers at one address, so the sender need not match. The
    # account must: a provider's echo of somebody else's reference is not proof.
    same = (receipts.c.account_id == attempts.c.account_id) & or_(
        receipts.c.reference == attempts.c.reference,
        receipts.c.provider_id == attempts.c.provider_id,
    )
    told = receipts.c["id", "looks", "status", "at", "failure", "category"]
    about = attempts.c["reference", "cascade_id", "number"]
    return (
        select(*told, *about)
        .select_from(receipts)
        .outerjoin(attempts, same)
        .where(receipts.c.look_at <= bindparam("wall"))
        .order_by(receipts.c.look_at, receipts.c.id)
        .limit(bindparam("limit"))
        .with_for_update(of=receipts, skip_locked=True)
    )


_TO_LOOK_AT = _to_look_at()


def _joined(row: records.Row) -> Joined:
    return Joined(
        reference=row["reference"],
        tells_charge=row["category"] is not None,
        cascade_id=row["cascade_id"],
        number=row["number"],
        status=Status(row["status"]),
        at=row["at"],
        failure=records.to_failure(row["failure"]),
    )
