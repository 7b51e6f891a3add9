"""The link in an email by which a person opts out of more of its kind.

It names the message, signed by this installation: nobody can make up one, and it holds nothing
about the person. https://www.rfc-editor.org/rfc/rfc8058
"""

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Purpose
from core.cascade.model import Channel
from core.services import people
from core.store import attempts
from core.store import people as stored
from core.store.attempts import Claimed
from core.values import dataclass

# A code was asked for, and news of an order is owed: there is nothing to opt out of.
_OFFERED = frozenset({Purpose.SERVICE, Purpose.MARKETING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a person may opt out of: emails of this purpose, from whom."""

    business: str
    purpose: Purpose


def unsubscribe_url(app: Everreach, message: Claimed) -> str:
    """The address of a message's opt-out, `""` if it has none."""
    if message.channel is not Channel.EMAIL or message.purpose not in _OFFERED:
        return ""
    token = f"{message.reference}.{app.vault.sign(_text(message.reference))}"
    return f"{app.settings.public_url}/unsubscribe/{token}"


def offer(app: Everreach, token: str) -> Offer | None:
    """What a link is about. None if we did not make it, or the message is forgotten."""
    with app.store.read() as tx:
        message = _message(app, tx, token)
        return _offer(tx, message) if message else None


def opt_out(app: Everreach, token: str) -> Offer | None:
    """Opt out, and say of what. None as above."""
    with app.store.write() as tx:
        message = _message(app, tx, token)
        if message is None:
            return None
        people.opt_out(tx, message.person, message.purpose, app.clock.now())
        return _offer(tx, message)


def _message(app: Everreach, tx: Connection, token: str) -> Claimed | None:
    reference, _, signature = token.rpartition(".")
    if not app.vault.signed(_text(reference), signature):
        return None
    return attempts.details(tx, reference, app.clock.now())


def _offer(tx: Connection, message: Claimed) -> Offer:
    account = stored.account(tx, message.account_key)
    assert account
    return Offer(business=account["name"], purpose=message.purpose)


def _text(reference: str) -> str:
    """What is signed; nothing else that is ever signed begins like this."""
    return f"unsubscribe {reference}"
