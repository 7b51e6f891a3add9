"""What one attempt says: its message, for its person, as its provider can send it."""

from dataclasses import replace

from core.bootstrap import Everreach
from core.errors import ContentError
from core.message.compose import Composed, compose
from core.message.content import Text
from core.message.reader import Reader
from core.ports import Capabilities, ChannelConnector
from core.services.costs import expect
from core.services.links import shortener
from core.store.attempts import Claimed, Taken


def composed(
    app: Everreach, claimed: Claimed, connector: ChannelConnector, able: Capabilities
) -> Taken:
    """What an attempt says, and should cost: of its text and its template what costs less.

    `able` is what its sender can do there. Raises ContentError naming what is missing or too
    much.
    """
    taken = _taken(app, claimed, connector, able)
    if not taken.said.wrote_at or not claimed.template:
        return taken
    try:
        other = _taken(app, replace(claimed, wrote_at=None), connector, able)
    except ContentError:
        return taken
    return other if _is_cheaper(other, taken) else taken


def _taken(
    app: Everreach, claimed: Claimed, connector: ChannelConnector, able: Capabilities
) -> Taken:
    said = _said(app, claimed, able)
    return Taken(said=said, expected=expect(claimed, connector, said))


def _is_cheaper(one: Taken, other: Taken) -> bool:
    """Whether that is certain."""
    mine, theirs = one.expected.estimate, other.expected.estimate
    if mine is None or theirs is None or mine.currency != theirs.currency:
        return False
    return mine.micros < theirs.micros


def _said(app: Everreach, claimed: Claimed, able: Capabilities) -> Composed:
    reader = Reader(
        locale=claimed.recipient.get("locale", ""),
        zone=claimed.zone,
        currency=claimed.currency,
        shortener=shortener(app, claimed.reference),
    )
    said = compose(
        claimed.content,
        claimed.channel,
        claimed.fields,
        able=able,
        reader=reader,
        open_window=claimed.wrote_at is not None,
    )
    as_text = isinstance(said.content, Text)
    return replace(said, wrote_at=claimed.wrote_at) if as_text else said
