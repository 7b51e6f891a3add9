"""Send what is due: claim, build, exchange, save.

An attempt is committed as `sending` before its request leaves. Whatever happens then, it is
never sent a second time: an answer settles it, or a receipt, or the deadline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Refusal, why_not
from core.cascade.events import Departed, Reported, accepted, failed, lost
from core.cascade.status import Failure, FailureClass, overridden
from core.errors import ContentError, SetupError
from core.message.cost import Charge
from core.ports import (
    Answer,
    ChannelConnector,
    NoResponse,
    Outgoing,
    Request,
    SendAccepted,
    SendRejected,
    SendResult,
    SendUnclear,
    able,
)
from core.services.advance import advance
from core.services.composing import composed
from core.services.costs import charge_of, is_news, settle
from core.services.events import read_events
from core.services.optout import unsubscribe_url
from core.services.outlook import usual_limits
from core.services.windows import with_windows
from core.store import attempts, links, people
from core.store.attempts import Claimed, Taken
from core.store.breakers import Breaker, breakers_of
from core.store.claims import FULL, USED_UP, Claims, Limited, claim
from core.store.records import overrides

BATCH = 64  # what a killed worker leaves behind as unknown is at most this
# A window that lost no more than this in the queue is as good as whole.
PROMPT, PROMPT_PART = timedelta(seconds=1), 1 / 20
ROUNDS = 5  # of reading events before the other lanes have their turn
LEASE = timedelta(seconds=60)  # longer than any exchange may take


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """An attempt with its request, or with the reason why there can be none."""

    claimed: Claimed
    connector: ChannelConnector | None = None
    request: Request | None = None
    taken: Taken | None = None
    refused: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """An attempt and what came of it."""

    prepared: _Prepared
    result: SendResult


def send_due(app: Everreach, channel: str) -> bool:
    """Send a batch of what is due on a channel. Whether anything came of it.

    What is due for accounts with unread events goes once they are read: one of them may call
    it off. Others do not wait for that.
    """
    worked = False
    for _ in range(ROUNDS):
        claims = _send(app, channel)
        worked = worked or claims.any
        if not claims.held:
            break
        worked = read_events(app, claims.held) or worked
    return worked


def _send(app: Everreach, channel: str) -> Claims:
    claims, prepared = _take(app, channel)
    _tell_departures(app, prepared)
    _save(app, [_refuse(one) for one in prepared if one.refused])
    ready = [one for one in prepared if one.request]
    for answers in app.wire.exchange([one.request for one in ready if one.request]):
        _save(app, [_read(ready[index], answer) for index, answer in answers])
    return claims


def _take(app: Everreach, channel: str) -> tuple[Claims, list[_Prepared]]:
    """Claim a batch and write down what each will say, in one transaction."""
    now, lease_until = app.clock.now(), app.clock.wall() + LEASE
    usual = partial(usual_limits, app, channel)
    with app.store.write() as tx:
        claims = claim(
            tx,
            channel,
            now,
            BATCH,
            usual=usual,
            turns=app.turns,
        )
        details = attempts.details(tx, [*claims.taken, *claims.refused], now)
        claimed = with_windows(app, tx, details, now)
        accounts = {one.sender["account_id"] for one in claimed}
        broken = breakers_of(tx, accounts) if accounts else {}
        refusals = _refusals(tx, claimed) if claimed else {}
        prepared = [
            _limited(one, claims.refused[one.reference], now)
            if one.reference in claims.refused
            else _prepare(app, one, broken, refusals.get(one.reference))
            for one in claimed
        ]
        taken = {one.claimed.reference: one.taken for one in prepared}
        attempts.take(tx, taken, now, lease_until)
        _keep_links(tx, prepared, now)
    return claims, prepared


def _keep_links(tx: Connection, prepared: list[_Prepared], now: datetime) -> None:
    """Before they go out: nobody shall find a link that leads nowhere."""
    for one in prepared:
        if one.taken and (said := one.taken.said).links:
            lives, account = said.links_live, one.claimed.sender["account_id"]
            until = now + lives if lives else None
            links.add(tx, account, one.claimed.reference, said.links, until)


def _limited(claimed: Claimed, limit: Limited, now: datetime) -> _Prepared:
    """It was decided to send it, and then a limit was reached: it is decided anew."""
    failure = Failure(
        kind=FailureClass.RETRY,
        code=limit.code,
        detail=_LIMITS[limit.code],
        retry_after=limit.until - now if limit.until else None,
    )
    return _Prepared(claimed=claimed, refused=failure)


_LIMITS = {
    USED_UP: "all that may be sent in a day has been sent",
    FULL: "this person has had enough messages for a day",
}


def _tell_departures(app: Everreach, prepared: list[_Prepared]) -> None:
    """The windows of what waited in the queue begin now."""
    late = [
        (claimed.cascade_id, Departed(attempt=claimed.number, at=claimed.taken_at))
        for claimed in (one.claimed for one in prepared if not one.refused)
        if claimed.waited > max(PROMPT, claimed.wait * PROMPT_PART)
    ]
    if late:
        # What was taken and is not sent now would stay unknown for ever.
        now = app.clock.now()
        app.store.insist(lambda tx: advance(app, tx, late, now))


def _refusals(tx: Connection, claimed: Sequence[Claimed]) -> Mapping[str, Refusal]:
    """Why some may not be written to, by reference: they may have said so meanwhile."""
    whom = {person for one in claimed for person in one.people}
    agreed, stopped = people.consents_of(tx, whom), people.suppressions_of(tx, whom)
    found = {}
    for one in claimed:
        yes_or_no = chain.from_iterable(agreed.get(each, ()) for each in one.people)
        stops = chain.from_iterable(stopped.get(each, ()) for each in one.people)
        sender = one.sender["key"]
        if refusal := why_not(one.purpose, one.channel, sender, yes_or_no, stops):
            found[one.reference] = refusal
    return found


def _prepare(
    app: Everreach,
    claimed: Claimed,
    broken: Mapping[tuple[int, str, str], Breaker],
    refusal: Refusal | None,
) -> _Prepared:
    if refusal:
        refused = _failure(FailureClass.SUPPRESS, "opted_out", refusal.reason)
        return _Prepared(claimed=claimed, refused=refused)
    if fault := _fault(claimed, broken):
        refused = _failure(FailureClass.HALT, "breaker", fault.detail)
        return _Prepared(claimed=claimed, refused=refused)
    if claimed.expires_at and app.clock.now() >= claimed.expires_at:
        late = "it waited in the queue until it was too late"
        refused = _failure(FailureClass.UNKNOWN, "expired", late)
        return _Prepared(claimed=claimed, refused=refused)
    if not claimed.sender["active"]:
        gone = f"the sender {claimed.sender['key']} has been removed"
        refused = _failure(FailureClass.HALT, "removed", gone)
        return _Prepared(claimed=claimed, refused=refused)
    try:
        return _build(app, claimed)
    except ContentError as error:
        failure = _failure(FailureClass.TEMPLATE, "content", str(error))
    except SetupError as error:
        failure = _failure(FailureClass.HALT, "setup", str(error))
    return _Prepared(claimed=claimed, refused=failure)


def _fault(
    claimed: Claimed, broken: Mapping[tuple[int, str, str], Breaker]
) -> Breaker | None:
    """What has befallen its sender since it was decided to send by that."""
    sender = claimed.sender
    for template in ("", claimed.template):
        fault = broken.get((sender["account_id"], sender["key"], template))
        if fault and fault.stops(claimed.cascade_id):
            return fault
    return None


def _build(app: Everreach, claimed: Claimed) -> _Prepared:
    connector = app.registry.channels[claimed.sender["provider"]]
    config = app.config_of(connector, claimed.sender)
    able_there = able(connector, config, claimed.channel)
    if able_there is None:
        raise SetupError(f"sender {claimed.sender['key']}", "it is not on this channel")
    taken = composed(app, claimed, connector, able_there)
    message = Outgoing(
        reference=claimed.reference,
        channel=claimed.channel,
        to=claimed.address,
        content=taken.said.content,
        callback_url=_callback_url(app, claimed),
        window=_window(app, claimed),
        now=app.clock.wall(),
        purpose=claimed.purpose,
        unsubscribe_url=unsubscribe_url(app, claimed),
    )
    request = connector.build(message, config)
    return _Prepared(claimed=claimed, connector=connector, taken=taken, request=request)


def _window(app: Everreach, claimed: Claimed) -> timedelta:
    """How long it may live at the provider: no longer than it is of use."""
    left = claimed.expires_at and claimed.expires_at - app.clock.now()
    return min(claimed.wait, left) if left else claimed.wait


def _callback_url(app: Everreach, claimed: Claimed) -> str:
    address = f"{claimed.account_key}.{claimed.sender['key']}"
    return f"{app.settings.public_url}/receipts/{claimed.sender['provider']}/{address}"


def _refuse(prepared: _Prepared) -> _Sent:
    assert prepared.refused
    return _Sent(prepared=prepared, result=SendRejected(failure=prepared.refused))


def _read(prepared: _Prepared, answer: Answer) -> _Sent:
    assert prepared.connector
    if not isinstance(answer, NoResponse):
        result = prepared.connector.read(answer)
        if isinstance(result, SendRejected):
            own = overrides(prepared.claimed.sender)
            result = SendRejected(failure=overridden(result.failure, own))
        return _Sent(prepared=prepared, result=result)
    if answer.reached:
        return _Sent(prepared=prepared, result=SendUnclear(detail=answer.detail))
    failure = _failure(FailureClass.RETRY, "no_connection", answer.detail)
    return _Sent(prepared=prepared, result=SendRejected(failure=failure))


def _save(app: Everreach, group: list[_Sent]) -> None:
    if not group:
        return
    now = app.clock.now()
    happened = [(one.prepared.claimed.cascade_id, _event(one, now)) for one in group]

    exchanged = dict(map(_provider_id, group))
    charges = dict(_charges(group))

    def save(tx: Connection) -> set[str]:
        lanes = advance(app, tx, happened, now, exchanged)
        settle(app, tx, charges.keys(), now, charges)
        return lanes

    # An answer that is not saved is an attempt that nobody knows the outcome of.
    app.bell.ring(app.store.insist(save))


def _provider_id(one: _Sent) -> tuple[str, str | None]:
    result = one.result
    known = result.provider_id if isinstance(result, SendAccepted) else None
    return one.prepared.claimed.reference, known


def _charges(group: list[_Sent]) -> Iterator[tuple[str, Charge]]:
    """What was told of the cost of those of which it may be known now, by reference."""
    for one in group:
        prepared, result = one.prepared, one.result
        reference = prepared.claimed.reference
        if isinstance(result, SendRejected):
            yield reference, Charge()
        elif isinstance(result, SendAccepted) and prepared.taken:
            assert prepared.connector
            able = prepared.connector.capabilities[prepared.claimed.channel]
            charge = charge_of(result)
            if is_news(charge, prepared.taken, prepared.claimed.channel, able.pricing):
                yield reference, charge


def _event(one: _Sent, now: datetime) -> Reported:
    number = one.prepared.claimed.number
    match one.result:
        case SendAccepted():
            return accepted(number, now)
        case SendRejected(failure=failure):
            return failed(number, now, failure)
        case SendUnclear():
            return lost(number, now)


def _failure(kind: FailureClass, code: str, detail: str) -> Failure:
    return Failure(kind=kind, code=code, detail=detail)
