"""Ask providers what became of silent messages, before the next one is paid for, and what
messages cost."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.away import Away
from core.bootstrap import Everreach
from core.cascade.events import Answered, Event
from core.cascade.status import overridden
from core.errors import SetupError
from core.message.cost import Charge
from core.ports import Answer, HttpRequest, HttpResponse, Receipt
from core.services.advance import advance
from core.services.costs import charge_of, next_question, settle
from core.services.receipts import reported
from core.store import prices, questions
from core.store.questions import Asked
from core.store.records import overrides
from core.store.work import QUESTIONS

BATCH = 32

Group = Sequence[tuple[Asked, Receipt | None]]
Save = Callable[[Everreach, Group], None]


def ask_due(app: Everreach) -> bool:
    """Ask of a batch of attempts. Whether there was any.

    A question that is lost costs nothing but its moment: the cascade has a deadline for it,
    and for a price it is asked again. What is not answered soon is left to a thread.
    """
    if app.late.missing(QUESTIONS) > BATCH:
        return False
    with app.store.write() as tx:
        asked = questions.about(tx, questions.claim(tx, BATCH))
    _ask(app, asked, _save)
    with app.store.write() as tx:
        due = questions.about(tx, _claim_due(tx, app.clock.now()))
    _ask(app, due, _save_price)
    return bool(asked or due)


def _claim_due(tx: Connection, now: datetime) -> list[str]:
    """Take attempts whose price is due. They are asked of again, until it was often enough."""
    due = prices.due(tx, now, BATCH)
    prices.ask_again(tx, {one: next_question(one.asked, now) for one in due})
    return [one.reference for one in due]


def _ask(app: Everreach, asked: Sequence[Asked], save: Save) -> None:
    requests = [(one, _request(app, one)) for one in asked]
    save(app, [(one, None) for one, request in requests if request is None])
    ready = [(one, request) for one, request in requests if request]

    def answered(answers: Sequence[tuple[Asked, Answer]]) -> None:
        save(app, [(one, _receipt(app, one, answer)) for one, answer in answers])

    away = Away[Asked](app.wire, answered)
    away.send(ready)
    app.late.finish(QUESTIONS, away)


def _charges(group: Group) -> Mapping[str, Charge]:
    """What was answered about the cost, by reference."""
    return {one.reference: charge_of(told) for one, told in group if told}


def _save_price(app: Everreach, group: Group) -> None:
    if charges := _charges(group):
        now = app.clock.now()

        def save(tx: Connection) -> None:
            prices.lock(tx, charges.keys())
            settle(app, tx, charges.keys(), now, charges)

        app.store.insist(save)


def _request(app: Everreach, asked: Asked) -> HttpRequest | None:
    connector = app.registry.channels[asked.sender["provider"]]
    if not connector.query or not asked.provider_id:
        return None
    try:
        config = app.config_of(connector, asked.sender)
    except SetupError:
        return None  # the sender has been set up anew since, and wrongly
    return connector.query.ask(asked.provider_id, config)


def _receipt(app: Everreach, asked: Asked, answer: Answer) -> Receipt | None:
    if not isinstance(answer, HttpResponse):
        return None
    query = app.registry.channels[asked.sender["provider"]].query
    return query.answer(answer) if query else None


def _save(app: Everreach, group: Group) -> None:
    if not group:
        return
    now = app.clock.now()
    happened: list[tuple[str, Event]] = []
    for one, receipt in group:
        if receipt:
            at, failure = receipt.at or now, receipt.failure
            why = overridden(failure, overrides(one.sender)) if failure else None
            event = reported(one.number, receipt.status, at, why)
            happened.append((one.cascade_id, event))
        happened.append((one.cascade_id, Answered(attempt=one.number)))

    charges = _charges(group)

    def save(tx: Connection) -> set[str]:
        lanes = advance(app, tx, happened, now)
        settle(app, tx, charges.keys(), now, charges)
        return lanes

    app.bell.ring(app.store.insist(save))
