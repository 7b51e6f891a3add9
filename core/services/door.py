"""Where requests come in: verify, commit, and nothing else before the answer.

Whose address it is stays in memory (`take_from_known`). What is kept there is proved by the statement that keeps
the request: it inserts nothing if the connection or sender has been changed or removed by
then. So a removed connection and a withdrawn secret are refused from the moment when the
change was committed, in every process.
"""

from core.bootstrap import Everreach
from core.errors import BadSignature, UnknownAddress
from core.ports import ChannelConnector, InboundRequest, PlatformConnector
from core.services.inbox import arrival, keep
from core.store import origins
from core.store.inbox import EVENT, RECEIPT
from core.store.origins import Origin
from core.values import dataclass

Connector = ChannelConnector | PlatformConnector


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A request that came in, and at whose address. `taken` is the status that says yes."""

    kind: str
    connector: Connector
    address: str
    request: InboundRequest
    taken: int = 200
    topic: str = ""
    delivery_id: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Where: what is remembered is remembered by this."""
        return self.kind, self.connector.name, self.address


def event_came(
    app: Everreach, platform: str, address: str, request: InboundRequest
) -> Came | None:
    """A request from a platform. None if there is no such platform."""
    connector = app.registry.platforms.get(platform)
    if connector is None:
        return None
    return Came(
        kind=EVENT,
        connector=connector,
        address=address,
        request=request,
        topic=connector.topic(request),
        delivery_id=connector.delivery_id(request),
    )


def receipt_came(
    app: Everreach, provider: str, address: str, request: InboundRequest
) -> Came | None:
    """A request from a provider. None if there is no such provider."""
    connector = app.registry.channels.get(provider)
    if connector is None:
        return None
    return Came(
        kind=RECEIPT,
        connector=connector,
        address=address,
        request=request,
        taken=connector.taken,
    )


def take(app: Everreach, came: Came) -> int | None:
    """Commit a request. Its id, or None if the same delivery has come in before.

    Raises UnknownAddress, BadSignature.
    """
    origin = _look_up(app, came)
    _verify(app, came, origin)
    app.origins[came.place] = origin
    return keep(
        app,
        came.kind,
        origin,
        came.request,
        topic=came.topic,
        delivery_id=came.delivery_id,
    )


def take_from_known(app: Everreach, came: Came) -> int | None:
    """Commit a request at an address that is remembered, together with others. Its id.

    None, and nothing is kept, if it is not remembered, has been changed since, the signature
    is wrong or the same delivery has come in before: `take` tells which.
    """
    origin = app.origins.get(came.place)
    if origin is None:
        return None
    try:
        _verify(app, came, origin)
    except BadSignature:
        return None
    arrived = arrival(
        app, came.kind, origin, came.request, came.topic, came.delivery_id
    )
    return app.keep_together((arrived, origin))


def _look_up(app: Everreach, came: Came) -> Origin:
    find = origins.connection if came.kind == EVENT else origins.sender
    with app.store.read() as tx:
        found = find(tx, came.connector.name, came.address)
    if found is None:
        raise UnknownAddress(came.address)
    return found


def _verify(app: Everreach, came: Came, origin: Origin) -> None:
    came.connector.verify(came.request, app.config_of(came.connector, origin.row))
