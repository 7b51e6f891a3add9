"""Requests from platforms and providers: verify, one insert, answer.

Nothing is read here beyond what the signature and the delivery id take; that happens in a
worker, so that a mistake in reading never loses what came in.
"""

import structlog
from flask import Blueprint, Response, abort, current_app, request

from core.bootstrap import Everreach
from core.errors import BadSignature, UnknownAddress
from core.ports import InboundRequest
from core.services.door import Came, event_came, receipt_came, take
from core.store import origins
from webapp.express import inbound_request

log = structlog.get_logger()

inbound = Blueprint("inbound", __name__)


@inbound.post("/hooks/<platform>/<connection>")
def hook(platform: str, connection: str) -> Response:
    """One event from a platform."""
    app = _app()
    return _answer(app, "events", event_came(app, platform, connection, _arrived(app)))


@inbound.post("/receipts/<provider>/<sender>")
def receipt(provider: str, sender: str) -> Response:
    """What a provider tells about messages."""
    app = _app()
    return _answer(app, "receipts", receipt_came(app, provider, sender, _arrived(app)))


@inbound.get("/receipts/<provider>/<sender>")
def challenge(provider: str, sender: str) -> Response:
    """A provider asks whether this address is ours, or tells something by GET."""
    app = _app()
    connector = app.registry.channels.get(provider) or abort(404)
    with app.store.read() as tx:
        origin = origins.sender(tx, provider, sender) or abort(404)
    try:
        answer = connector.challenge(
            _arrived(app), app.config_of(connector, origin.row)
        )
    except BadSignature as error:
        log.warning("challenge_refused", provider=provider, reason=str(error))
        abort(403)
    if answer is None:
        return receipt(provider, sender)
    return Response(answer, mimetype="text/plain")


def _answer(app: Everreach, lane: str, came: Came | None) -> Response:
    if came is None:
        abort(404)
    try:
        kept = take(app, came)
    except UnknownAddress:
        abort(404)
    except BadSignature as error:
        log.warning(
            "signature_refused", connector=came.connector.name, reason=str(error)
        )
        abort(401)
    if kept is not None:
        app.bell.ring_soon([lane])
    return Response(status=came.taken)


def _arrived(app: Everreach) -> InboundRequest:
    return inbound_request(app, request.environ, request.get_data(cache=False))


def _app() -> Everreach:
    app = current_app.extensions["everreach"]
    assert isinstance(app, Everreach)
    return app
