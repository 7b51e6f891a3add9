"""From a provider's report to the attempts it speaks of."""

from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Reported
from core.cascade.status import Failure, Marks, Status
from core.ports import Receipt
from core.services.advance import advance
from core.services.inbox import as_request, read_each
from core.store import inbox, origins, receipts
from core.store.inbox import Waiting
from core.store.receipts import Joined, Told

BATCH = 100

_MARK = {
    Status.ACCEPTED: "accepted_at",
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
    Status.FAILED: "failed_at",
}


def read_receipts(app: Everreach) -> bool:
    """Read a batch of waiting reports and join what can be joined. Whether there was any."""

    def read(tx: Connection, arrival: Waiting) -> tuple[str, str]:
        sender = origins.sender_by_id(tx, arrival.origin_id)
        told = app.registry.channels[sender.connector].told(as_request(arrival))
        for receipt in told:
            if isinstance(receipt, Receipt):
                receipts.add(tx, _told(arrival, receipt))
        return (
            ("done", f"{len(told)} told") if told else ("ignored", "no receipt in it")
        )

    with app.store.write() as tx:
        arrivals = inbox.waiting(tx, inbox.RECEIPT, BATCH, app.turns)
        read_each(app, tx, arrivals, read)
        joined = receipts.join(tx, BATCH)
        happened = [(one.cascade_id, _reported(one)) for one in joined]
        lanes = advance(app, tx, happened, app.clock.now())
    app.bell.ring(lanes)
    return bool(arrivals or joined)


def _told(arrival: Waiting, receipt: Receipt) -> Told:
    at = receipt.at or arrival.received_at
    return Told(
        account_id=arrival.account_id,
        sender_id=arrival.origin_id,
        inbox_id=arrival.id,
        fingerprint=_fingerprint(receipt, at if receipt.at else None),
        reference=receipt.reference,
        provider_id=receipt.provider_id,
        status=receipt.status,
        at=at,
        failure=receipt.failure,
    )


def _fingerprint(receipt: Receipt, at: datetime | None) -> str:
    parts = (receipt.reference, receipt.provider_id, receipt.status, at)
    code = receipt.failure.code if receipt.failure else ""
    return "|".join(str(part or "") for part in (*parts, code))


def reported(
    number: int, status: Status, at: datetime, failure: Failure | None
) -> Reported:
    """What a receipt says of an attempt, as an event."""
    why = failure if status is Status.FAILED else None
    return Reported(attempt=number, marks=Marks(failure=why, **{_MARK[status]: at}))


def _reported(joined: Joined) -> Reported:
    return reported(joined.number, joined.status, joined.at, joined.failure)
