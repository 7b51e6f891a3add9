"""From a provider's report to the attempts it speaks of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Reported, clicked
from core.cascade.status import Failure, Marks, Status, overridden
from core.message.approval import TemplateNews
from core.ports import Preference, Receipt, Reply, Told
from core.services.advance import advance
from core.services.costs import charge_of, settle
from core.services.inbox import as_request, read_each
from core.services.replies import Happened, hear, prefer
from core.services.templates import hear_news
from core.store import inbox, links, origins, receipts
from core.store.inbox import Waiting
from core.store.origins import Origin
from core.store.receipts import Joined, KeptReceipt
from core.store.records import overrides
from core.store.work import EVENTS

BATCH = 100

_MARK = {
    Status.ACCEPTED: "accepted_at",
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
    Status.FAILED: "failed_at",
}


@dataclass
class _Batch:
    """What a batch of reports means for cascades, in order."""

    app: Everreach
    happened: Happened = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)

    def read(self, tx: Connection, arrival: Waiting) -> tuple[str, str]:
        """What became of one report: its new state and the reason."""
        sender = origins.sender_by_id(tx, arrival.origin_id)
        told = self.app.registry.channels[sender.connector].told(as_request(arrival))
        happened: Happened = []
        words = [self._take(tx, sender, arrival, one, happened) for one in told]
        # Only now: if one of these facts cannot be taken, none of them has happened.
        self.happened += happened
        return ("done", "; ".join(words)) if told else ("ignored", "nothing in it")

    def _take(
        self,
        tx: Connection,
        sender: Origin,
        arrival: Waiting,
        fact: Told,
        happened: Happened,
    ) -> str:
        match fact:
            case Receipt():
                receipts.add(tx, _kept(sender, arrival, fact), self.app.clock.wall())
                return str(fact.status)
            case Reply():
                words, follows = hear(self.app, tx, sender, arrival, fact)
                self.lanes.add(EVENTS)  # it may be an answer
            case Preference():
                words, follows = prefer(tx, arrival, fact)
            case TemplateNews():
                return hear_news(tx, sender, arrival, fact)
            case _:
                assert_never(fact)
        happened += follows
        return words


def read_receipts(app: Everreach) -> bool:
    """Read a batch of waiting reports and join what can be joined. Whether there was any."""
    batch = _Batch(app)
    with app.store.write() as tx:
        arrivals = inbox.waiting(tx, inbox.RECEIPT, BATCH, app.turns)
        read_each(app, tx, arrivals, batch.read)
        joined = receipts.join(tx, app.clock.wall(), BATCH)
        happened = [(one.cascade_id, _reported(one)) for one in joined]
        clicks = links.take_news(tx, BATCH)
        followed = [(it.cascade_id, clicked(it.number, it.at)) for it in clicks]
        now = app.clock.now()
        lanes = advance(app, tx, [*happened, *batch.happened, *followed], now)
        settle(app, tx, {one.reference for one in joined if _may_settle(one)}, now)
    app.bell.ring(lanes | batch.lanes)
    return bool(arrivals or joined or clicks)


_DECISIVE = (Status.DELIVERED, Status.READ, Status.FAILED)


def _may_settle(joined: Joined) -> bool:
    """Whether what it costs may be known now."""
    return joined.tells_charge or joined.status in _DECISIVE


def _kept(sender: Origin, arrival: Waiting, receipt: Receipt) -> KeptReceipt:
    at = receipt.at or arrival.received_at
    failure = receipt.failure
    return KeptReceipt(
        account_id=arrival.account_id,
        sender_id=arrival.origin_id,
        inbox_id=arrival.id,
        fingerprint=_fingerprint(receipt, at if receipt.at else None),
        reference=receipt.reference,
        provider_id=receipt.provider_id,
        status=receipt.status,
        at=at,
        failure=overridden(failure, overrides(sender.row)) if failure else None,
        charge=charge_of(receipt),
    )


def _fingerprint(receipt: Receipt, at: datetime | None) -> str:
    parts = (receipt.reference, receipt.provider_id, receipt.status, at)
    code = receipt.failure.code if receipt.failure else ""
    cost: tuple[object, ...] = ()
    if not charge_of(receipt).empty:
        price = receipt.price
        amount = (price.micros, price.currency) if price else ()
        cost = (receipt.category, receipt.parts, *amount)
    return "|".join(str(part or "") for part in (*parts, code, *cost))


def reported(
    number: int, status: Status, at: datetime, failure: Failure | None
) -> Reported:
    """What a receipt says of an attempt, as an event."""
    why = failure if status is Status.FAILED else None
    return Reported(attempt=number, marks=Marks(failure=why, **{_MARK[status]: at}))


def _reported(joined: Joined) -> Reported:
    return reported(joined.number, joined.status, joined.at, joined.failure)
