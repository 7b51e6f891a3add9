"""Ask providers what became of silent messages, before the next one is paid for."""

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.events import Answered, Event
from core.cascade.status import overridden
from core.errors import SetupError
from core.ports import Answer, HttpRequest, HttpResponse, Receipt
from core.services.advance import advance
from core.services.receipts import reported
from core.store import attempts
from core.store.attempts import Asked
from core.store.records import overrides

BATCH = 32


def ask_due(app: Everreach) -> bool:
    """Ask of a batch of attempts. Whether there was any.

    A question that is lost costs nothing but its moment: the cascade has a deadline for it.
    """
    with app.store.write() as tx:
        taken = attempts.claim_asked(tx, BATCH)
        asked = attempts.asked_about(tx, taken)
    ready, requests = [], []
    for one in asked:
        if request := _request(app, one):
            ready.append(one)
            requests.append(request)
    _save(app, [(one, None) for one in asked if one not in ready])
    for answers in app.wire.exchange(requests):
        _save(app, [(ready[at], _receipt(app, ready[at], it)) for at, it in answers])
    return bool(asked)


def _request(app: Everreach, asked: Asked) -> HttpRequest | None:
    connector = app.registry.channels[asked.sender["provider"]]
    try:
        config = app.config_of(connector, asked.sender)
    except SetupError:
        return None  # the sender has been set up anew since, and wrongly
    return connector.query.ask(asked.provider_id, config) if connector.query else None


def _receipt(app: Everreach, asked: Asked, answer: Answer) -> Receipt | None:
    if not isinstance(answer, HttpResponse):
        return None
    query = app.registry.channels[asked.sender["provider"]].query
    return query.answer(answer) if query else None


def _save(app: Everreach, group: list[tuple[Asked, Receipt | None]]) -> None:
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

    def save(tx: Connection) -> set[str]:
        return advance(app, tx, happened, now)

    app.bell.ring(app.store.insist(save))
