"""What one attempt says: its message, for its person, as its provider can send it."""

from core.bootstrap import Everreach
from core.message.compose import Composed, compose
from core.message.reader import Reader
from core.ports import Capabilities
from core.services.links import shortener
from core.store.attempts import Claimed


def composed(
    app: Everreach,
    claimed: Claimed,
    able: Capabilities,
    *,
    open_window: bool = False,
) -> Composed:
    """What an attempt says. Raises ContentError naming what is missing or too much.

    `able` is what its sender can do there.
    `open_window`: the person wrote on this channel in the last 24 hours.
    """
    reader = Reader(
        locale=claimed.recipient.get("locale", ""),
        zone=claimed.zone,
        currency=claimed.currency,
        shortener=shortener(app, claimed.reference),
    )
    return compose(
        claimed.content,
        claimed.channel,
        claimed.fields,
        able=able,
        reader=reader,
        open_window=open_window,
    )
