"""What is due, and the request for each: claim, look once more whether it may go, build."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Purpose, Refusal, why_not
from core.cascade.events import Departed
from core.cascade.status import Failure, FailureClass
from core.errors import ContentError, SetupError
from core.ports import ChannelConnector, Outgoing, Request, able
from core.services.advance import advance
from core.services.composing import composed
from core.services.optout import unsubscribe_url
from core.services.spent import usual_limits
from core.services.windows import with_windows
from core.store import attempts, links, people
from core.store.attempts import Claimed, Taken
from core.store.breakers import Breaker, breakers_of
from core.store.claims import FULL, USED_UP, Claims, Limited, claim, save
from core.store.links import Made
from core.values import dataclass

# A window that lost no more than this in the queue is as good as whole.
PROMPT, PROMPT_PART = timedelta(seconds=1), 1 / 20
LEASE = timedelta(seconds=60)  # longer than any exchange may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An attempt with its request, or with the reason why there can be none."""

    claimed: Claimed
    connector: ChannelConnector | None = None
    request: Request | None = None
    taken: Taken | None = None
    refused: Failure | None = None


def prepare(app: Everreach, channel: str, most: int) -> tuple[Claims, list[Prepared]]:
    """Claim what is due on a channel, so many at most, and write down what each will say."""
    claims, prepared = _take(app, channel, most)
    _tell_departures(app, prepared)
    return claims, prepared


def _take(app: Everreach, channel: str, most: int) -> tuple[Claims, list[Prepared]]:
    now, lease_until = app.clock.now(), app.clock.wall() + LEASE
    usual = partial(usual_limits, app, channel)
    with app.store.write() as tx:
        claims = claim(tx, channel, now, most, usual=usual, turns=app.turns)
        claimed = with_windows(app, tx, claims.ours, now)
        broken = breakers_of(tx, claims.faulty) if claims.faulty else {}
        refusals = _refusals(tx, claimed)
        with app.store.pipeline(tx):
            save(tx, claims)
            prepared = [
                _limited(one, claims.refused[one.reference], now)
                if one.reference in claims.refused
                else _prepare(app, one, broken, refusals.get(one.reference))
                for one in claimed
            ]
            # Before they go out: nobody shall find a link that leads nowhere.
            links.add(tx, [link for one in prepared for link in _links(one, now)])
            taken = {one.claimed.reference: one.taken for one in prepared}
            attempts.take(tx, taken, now, lease_until)
    return claims, prepared


def _links(prepared: Prepared, now: datetime) -> Iterator[Made]:
    """What leads on from what it says."""
    claimed, taken = prepared.claimed, prepared.taken
    if taken is None:
        return
    lives = taken.said.links_live
    for code, url in taken.said.links.items():
        yield Made(
            code=code,
            account_id=claimed.account_id,
            attempt=claimed.reference,
            url=url,
            expires_at=now + lives if lives else None,
        )


def _limited(claimed: Claimed, limit: Limited, now: datetime) -> Prepared:
    """It was decided to send it, and then a limit was reached: it is decided anew."""
    failure = Failure(
        kind=FailureClass.RETRY,
        code=limit.code,
        detail=_LIMITS[limit.code],
        retry_after=limit.until - now if limit.until else None,
    )
    return Prepared(claimed=claimed, refused=failure)


_LIMITS = {
    USED_UP: "all that may be sent in a day has been sent",
    FULL: "this person has had enough messages for a day",
}


def _tell_departures(app: Everreach, prepared: list[Prepared]) -> None:
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
    asked = [one for one in claimed if one.has_said or one.purpose is Purpose.MARKETING]
    if not asked:
        return {}
    whom = {person for one in asked for person in one.people}
    agreed, stopped = people.consents_of(tx, whom), people.suppressions_of(tx, whom)
    found = {}
    for one in asked:
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
) -> Prepared:
    if refusal:
        refused = _failure(FailureClass.SUPPRESS, "opted_out", refusal.reason)
        return Prepared(claimed=claimed, refused=refused)
    if fault := _fault(claimed, broken):
        refused = _failure(FailureClass.HALT, "breaker", fault.detail)
        return Prepared(claimed=claimed, refused=refused)
    if claimed.expires_at and claimed.taken_at >= claimed.expires_at:
        late = "it waited in the queue until it was too late"
        refused = _failure(FailureClass.UNKNOWN, "expired", late)
        return Prepared(claimed=claimed, refused=refused)
    if not claimed.sender["active"]:
        gone = f"the sender {claimed.sender['key']} has been removed"
        refused = _failure(FailureClass.HALT, "removed", gone)
        return Prepared(claimed=claimed, refused=refused)
    try:
        return _build(app, claimed)
    except ContentError as error:
        failure = _failure(FailureClass.TEMPLATE, "content", str(error))
    except SetupError as error:
        failure = _failure(FailureClass.HALT, "setup", str(error))
    return Prepared(claimed=claimed, refused=failure)


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


def _build(app: Everreach, claimed: Claimed) -> Prepared:
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
        window=_window(claimed),
        now=app.clock.wall(),
        purpose=claimed.purpose,
        unsubscribe_url=unsubscribe_url(app, claimed),
    )
    request = connector.build(message, config)
    return Prepared(claimed=claimed, connector=connector, taken=taken, request=request)


def _window(claimed: Claimed) -> timedelta:
    """How long it may live at the provider: no longer than it is of use."""
    left = claimed.expires_at and claimed.expires_at - claimed.taken_at
    return min(claimed.wait, left) if left else claimed.wait


def _callback_url(app: Everreach, claimed: Claimed) -> str:
    address = f"{claimed.account_key}.{claimed.sender['key']}"
    return f"{app.settings.public_url}/receipts/{claimed.sender['provider']}/{address}"


def _failure(kind: FailureClass, code: str, detail: str) -> Failure:
    return Failure(kind=kind, code=code, detail=detail)
