"""Requests from platforms and providers: verify, one insert, answer.

Nothing is read here beyond what the signature and the delivery id take; that happens in a
worker, so that a mistake in reading never loses what came in.
"""

import structlog
from flask import Blueprint, Response, abort, current_app, request

from core.bootstrap import Connector, Everreach
from core.errors import BadSignature
from core.ports import InboundRequest
from core.services import inbox
from core.store import origins
from core.store.inbox import EVENT, RECEIPT
from core.store.origins import Origin

log = structlog.get_logger()

inbound = Blueprint("inbound", __name__)


@inbound.post("/hooks/<platform>/<connection>")
def hook(platform: str, connection: str) -> Response:
    """One event from a platform."""
    app = _app()
    connector = app.registry.platforms.get(platform) or abort(404)
    with app.store.read() as tx:
        origin = origins.connection(tx, platform, connection) or abort(404)
    arrived = _verified(app, connector, origin)
    kept = inbox.keep(
        app,
        EVENT,
        origin,
        arrived,
        topic=connector.topic(arrived),
        delivery_id=connector.delivery_id(arrived),
    )
    return _kept(app, "events", kept, 200)


@inbound.post("/receipts/<provider>/<sender>")
def receipt(provider: str, sender: str) -> Response:
    """What a provider tells about messages."""
    app = _app()
    connector = app.registry.channels.get(provider) or abort(404)
    with app.store.read() as tx:
        origin = origins.sender(tx, provider, sender) or abort(404)
    arrived = _verified(app, connector, origin)
    kept = inbox.keep(app, RECEIPT, origin, arrived)
    return _kept(app, "receipts", kept, connector.taken)


@inbound.get("/receipts/<provider>/<sender>")
def challenge(provider: str, sender: str) -> Response:
    """A provider asks whether this address is ours."""
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
    return Response(answer, mimetype="text/plain")


def _verified(app: Everreach, connector: Connector, origin: Origin) -> InboundRequest:
    arrived = _arrived(app)
    try:
        connector.verify(arrived, app.config_of(connector, origin.row))
    except BadSignature as error:
        log.warning("signature_refused", connector=connector.name, reason=str(error))
        abort(401)
    return arrived


def _arrived(app: Everreach) -> InboundRequest:
    # Signatures cover the public address, which a proxy in front of us may hide.
    query = request.query_string.decode("latin-1")
    return InboundRequest(
        method=request.method,
        url=f"{app.settings.public_url}{request.path}" + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
        received_at=app.clock.now(),
    )


def _kept(app: Everreach, lane: str, kept: int | None, status: int) -> Response:
    if kept is not None:
        app.bell.ring([lane])
    return Response(status=status)


def _app() -> Everreach:
    app = current_app.extensions["everreach"]
    assert isinstance(app, Everreach)
    return app
