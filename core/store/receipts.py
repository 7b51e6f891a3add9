"""The log of what providers told us, and joining it to attempts.

A receipt may arrive before the id that it names is saved. It is then parked, and joined as
soon as an attempt with that id exists.
"""

from datetime import datetime

from sqlalchemy import Connection, Select, or_, select, update

from core.cascade.status import Failure, Status
from core.message.cost import Charge
from core.store import records
from core.store.tables import attempts, receipts
from core.store.upsert import insert_new
from core.values import dataclass


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


def add(tx: Connection, told: KeptReceipt) -> None:
    """Keep a receipt, unless the same fact was told before. It is parked at first."""
    row = {name: getattr(told, name) for name in told.__slots__ if name != "charge"}
    row["failure"] = records.failure_json(told.failure)
    insert_new(tx, receipts, {**row, **_charge_columns(told.charge)})


def _charge_columns(charge: Charge) -> records.Row:
    return {
        "price_micros": charge.price and charge.price.micros,
        "price_currency": charge.price and charge.price.currency,
        "parts": charge.parts,
        "category": None if charge.empty else charge.category,
    }


def join(tx: Connection, limit: int) -> list[Joined]:
    """Join parked receipts to the attempts they speak of, oldest first."""
    query = (
        _joinable(
            receipts.c.id,
            receipts.c.status,
            receipts.c.at,
            receipts.c.failure,
            receipts.c.category,
            attempts.c.reference,
            attempts.c.cascade_id,
            attempts.c.number,
        )
        .order_by(receipts.c.id)
        .limit(limit)
        .with_for_update(of=receipts, skip_locked=True)
    )
    rows = list(tx.execute(query).mappings())
    for row in rows:
        mine = receipts.c.id == row["id"]
        tx.execute(update(receipts).where(mine).values(attempt=row["reference"]))
    return [_joined(row) for row in rows]


def _joinable(*columns: object) -> Select[tuple[object, ...]]:
    # Meta tells of all of an app's numbers at one address, so the sender need not match. The
    # account must: a provider's echo of somebody else's reference is not proof.
    same = (receipts.c.account_id == attempts.c.account_id) & or_(
        receipts.c.reference == attempts.c.reference,
        receipts.c.provider_id == attempts.c.provider_id,
    )
    query: Select[tuple[object, ...]] = select(*columns)  # type: ignore[call-overload]  # columns of several types
    return (
        query.select_from(receipts)
        .join(attempts, same)
        .where(receipts.c.attempt.is_(None))
    )


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


# Whether a parked receipt speaks of an attempt that has appeared since.
JOINABLE = _joinable(receipts.c.id)
