"""Asking Dexatel what became of a message, and which senders a key owns.

https://dexatel.com/developers/messages-get/
https://dexatel.com/developers/senders-query/
"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from connectors.channels.dexatel import uncertain
from connectors.channels.dexatel.settings import Settings, get
from connectors.channels.dexatel.told import receipt
from connectors.payload import Json, parse
from core.errors import Malformed
from core.ports import Checked, HttpRequest, HttpResponse, Receipt, Response


class Query:
    """One message, by Dexatel's id of it."""

    def ask(self, provider_id: str, config: Settings) -> HttpRequest:
        """The request that asks."""
        return get(f"messages/{quote(provider_id, safe='')}", config)

    def answer(self, response: HttpResponse) -> Receipt | None:
        """The status it has now, and since when; None if Dexatel does not say."""
        if response.status != 200:
            return None
        try:
            data = uncertain.one(parse(response.body)["data"])
            return receipt(data, data["id"], at=data["update_date"])
        except Malformed:
            return None


class Check:
    """The senders of the account that a key belongs to."""

    def ask(self, config: Settings, now: datetime) -> HttpRequest:
        """The request that lists them."""
        return get("senders?page_size=100", config)

    def answer(self, response: Response, config: Settings) -> Checked:
        """Whether the key is good and our sender is among them."""
        assert isinstance(response, HttpResponse)
        if response.status in (401, 403):
            return Checked(works=False, says="Dexatel does not know this API key")
        try:
            owned = tuple(dict.fromkeys(_senders(parse(response.body)["data"])))
        except Malformed:
            says = f"Dexatel answered HTTP {response.status} and no list of senders"
            return Checked(works=False, says=says)
        return _found(config.from_, owned)


def _senders(data: Json) -> Iterator[str]:
    """Names and numbers: a page calls both what a message's `from` may be."""
    if not data.present:
        raise data.wrong("a list")
    for sender in data.each():
        for field in ("name", "code"):
            if known := sender[field].text_or_empty():
                yield known


def _found(ours: str, owned: tuple[str, ...]) -> Checked:
    if ours in owned:
        return Checked(works=True, says=f"{ours} is yours", numbers=owned)
    says = f"the key works, but {ours} is not among its senders"
    return Checked(works=False, says=says, numbers=owned)
