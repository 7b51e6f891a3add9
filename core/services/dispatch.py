"""Send what is due: claim, build, exchange, save.

An attempt is committed as `sending` before its request leaves. Whatever happens then, it is
never sent a second time: an answer settles it, or a receipt, or the deadline.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from time import monotonic

from sqlalchemy import Connection

from core.away import Away
from core.bootstrap import Everreach
from core.cascade.events import Reported, accepted, failed, lost
from core.cascade.model import Channel
from core.cascade.status import Failure, FailureClass, overridden
from core.message.cost import Charge
from core.ports import (
    Answer,
    NoResponse,
    SendAccepted,
    SendRejected,
    SendResult,
    SendUnclear,
)
from core.services.acceptances import Acceptance, accept
from core.services.advance import advance
from core.services.costs import charge_of, is_news, settle
from core.services.events import read_events
from core.services.preparing import Prepared, prepare
from core.store.breakers import Taken
from core.store.claims import Claims
from core.store.records import overrides
from core.values import dataclass

BATCH = 64  # what a killed worker leaves behind as unknown is at most three times this
ROUNDS = 5  # of reading events before the other lanes have their turn
TURN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """An attempt and what came of it."""

    prepared: Prepared
    result: SendResult

    @property
    def reference(self) -> str:
        """Which attempt it is."""
        return self.prepared.claimed.reference


def send_due(app: Everreach, channel: str) -> bool:
    """Send what is due on a channel, for a while. Whether anything came of it.

    What is due for accounts with unread events goes once they are read: one of them may call
    it off. Others do not wait for that. Nor do they wait for a provider that takes its time:
    what it has not answered by the end of a turn is left to a thread.
    """
    # A mail server takes few connections from one client, all of them for one batch.
    ahead = 0 if channel == Channel.EMAIL else BATCH
    if app.late.missing(channel) > ahead:
        return False
    turn = _Turn(app, channel, ahead)
    try:
        return turn.send()
    finally:
        # Whatever goes wrong: an answer that is not saved is never known.
        app.late.finish(channel, turn.away)


class _Turn:
    """A worker's turn on a channel. While one batch is on its way, the next is prepared."""

    def __init__(self, app: Everreach, channel: str, ahead: int) -> None:
        self._app = app
        self._channel = channel
        self._ahead = ahead
        self._until = monotonic() + TURN_SECONDS
        self.away = Away[Prepared](app.wire, self._save)

    def send(self) -> bool:
        """Send batch after batch, until nothing is due or the time is over."""
        worked, rounds = False, ROUNDS
        while rounds and self.away.missing <= self._ahead:
            claims = self._send_batch()
            worked = worked or claims.any
            if claims.held:
                worked = read_events(self._app, claims.held) or worked
                rounds -= 1
            elif not claims.any or monotonic() > self._until:
                break
            self.away.save_answers(but=self._ahead)
        return worked

    def _send_batch(self) -> Claims:
        claims, prepared = prepare(self._app, self._channel, BATCH)
        _save(self._app, [_refuse(one) for one in prepared if one.refused])
        self.away.send([(one, one.request) for one in prepared if one.request])
        return claims

    def _save(self, answers: Sequence[tuple[Prepared, Answer]]) -> None:
        _save(self._app, [_read(prepared, answer) for prepared, answer in answers])


def _refuse(prepared: Prepared) -> _Sent:
    assert prepared.refused
    return _Sent(prepared=prepared, result=SendRejected(failure=prepared.refused))


def _read(prepared: Prepared, answer: Answer) -> _Sent:
    assert prepared.connector
    if not isinstance(answer, NoResponse):
        result = prepared.connector.read(answer)
        if isinstance(result, SendRejected):
            own = overrides(prepared.claimed.sender)
            result = SendRejected(failure=overridden(result.failure, own))
        return _Sent(prepared=prepared, result=result)
    if answer.reached:
        return _Sent(prepared=prepared, result=SendUnclear(detail=answer.detail))
    failure = Failure(
        kind=FailureClass.RETRY, code="no_connection", detail=answer.detail
    )
    return _Sent(prepared=prepared, result=SendRejected(failure=failure))


def _save(app: Everreach, group: list[_Sent]) -> None:
    """Insist: an answer that is not saved is an attempt that nobody knows the outcome of.

    In two transactions. The one holds attempts, the other wants cascades first, and together
    they would stand in the way of who holds those and wants these.
    """
    now, done = app.clock.now(), set()
    if yes := list(_acceptances(group)):
        done = app.store.insist(lambda tx: _accept(app, tx, group, yes, now))
    if rest := [one for one in group if one.reference not in done]:
        taken = [one.taken for one in yes]
        app.bell.ring(app.store.insist(lambda tx: _decide(app, tx, rest, taken, now)))


def _accept(
    app: Everreach,
    tx: Connection,
    group: list[_Sent],
    yes: list[Acceptance],
    now: datetime,
) -> set[str]:
    """What is nothing but an acceptance. The references of those."""
    done = accept(tx, yes, now)
    _settle(app, tx, [one for one in group if one.reference in done], now)
    return done


def _decide(
    app: Everreach,
    tx: Connection,
    group: list[_Sent],
    taken: Collection[Taken],
    now: datetime,
) -> set[str]:
    """What may decide something. The lanes that may now have work."""
    happened = [(one.prepared.claimed.cascade_id, _event(one, now)) for one in group]
    exchanged = dict(map(_provider_id, group))
    lanes = advance(app, tx, happened, now, exchanged, taken)
    _settle(app, tx, group, now)
    return lanes


def _settle(app: Everreach, tx: Connection, group: list[_Sent], now: datetime) -> None:
    charges = dict(_charges(group))
    settle(app, tx, charges.keys(), now, charges)


def _acceptances(group: list[_Sent]) -> Iterator[Acceptance]:
    for one in group:
        if isinstance(one.result, SendAccepted):
            provider_id = one.result.provider_id
            yield Acceptance(claimed=one.prepared.claimed, provider_id=provider_id)


def _provider_id(one: _Sent) -> tuple[str, str | None]:
    result = one.result
    known = result.provider_id if isinstance(result, SendAccepted) else None
    return one.reference, known


def _charges(group: list[_Sent]) -> Iterator[tuple[str, Charge]]:
    """What was told of the cost of those of which it may be known now, by reference."""
    for one in group:
        prepared, result = one.prepared, one.result
        if isinstance(result, SendRejected):
            yield one.reference, Charge()
        elif isinstance(result, SendAccepted) and prepared.taken:
            assert prepared.connector
            able = prepared.connector.capabilities[prepared.claimed.channel]
            charge = charge_of(result)
            if is_news(charge, prepared.taken, prepared.claimed.channel, able.pricing):
                yield one.reference, charge


def _event(one: _Sent, now: datetime) -> Reported:
    number = one.prepared.claimed.number
    match one.result:
        case SendAccepted():
            return accepted(number, now)
        case SendRejected(failure=failure):
            return failed(number, now, failure)
        case SendUnclear():
            return lost(number, now)
