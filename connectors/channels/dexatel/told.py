"""What Dexatel tells: by webhook what became of a message or what a person wrote, or when asked.

https://developers.dexatel.com/docs/webhooks-delivery
https://developers.dexatel.com/docs/webhooks-message
"""

from connectors.channels.dexatel import uncertain
from connectors.channels.dexatel.errors import FAILURES
from connectors.failures import failure
from connectors.payload import Json
from core.cascade.model import Channel
from core.cascade.status import Status
from core.message.money import Money
from core.ports import Receipt, Reply

_CHANNELS = {
    "sms": Channel.SMS,
    "viber": Channel.VIBER,
    "whatsapp": Channel.WHATSAPP,
}


def echo(reference: str, currency: str | None) -> str:
    """What travels with a message and comes back: our reference, and in what it is priced."""
    return f"{reference} {currency}" if currency else reference


def receipt(data: Json, provider_id: Json, at: Json) -> Receipt | None:
    """What a message's status says; None if it is one that we do not know. Raises Malformed."""
    word = data["status"].text_or_empty().lower()
    kind = uncertain.STATUSES.get(word)
    if kind is None:
        return None
    reference, _, currency = data["payload"].text_or_empty().partition(" ")
    return Receipt(
        status=kind,
        at=uncertain.moment(at),
        reference=reference or None,
        provider_id=provider_id.text(),
        failure=failure(FAILURES, word, "") if kind is Status.FAILED else None,
        price=_price(data["price"], currency),
    )


def reply(data: Json) -> Reply | None:
    """What a person wrote; None on a channel that we do not serve. Raises Malformed."""
    channel = _CHANNELS.get(data["channel"].text_or_empty().lower())
    if channel is None:
        return None
    return Reply(
        channel=channel,
        sender=_number(data["from"]),
        provider_id=uncertain.reply_id(data),
        at=uncertain.moment(data["timestamp"]),
        text=data["text"].text_or_empty(),
    )


def _price(price: Json, currency: str) -> Money | None:
    if not price.present:
        return None
    try:
        return Money.parse(str(price.value), currency)
    except ValueError:
        return None


def _number(sender: Json) -> str:
    digits = sender.text().removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise sender.wrong("a number")
    return f"+{digits}"
