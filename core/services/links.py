"""Follow short links: where they lead, and that somebody went there."""

from collections.abc import Mapping

import structlog

from core.bootstrap import Everreach
from core.message.links import Shortener, why_nobody
from core.store import links

log = structlog.get_logger()


def shortener(app: Everreach, reference: str) -> Shortener:
    """Short addresses for an attempt."""
    key = app.vault.derive("links")
    return Shortener(base=app.settings.public_url, key=key, reference=reference)


def follow(
    app: Everreach, code: str, method: str, headers: Mapping[str, str]
) -> str | None:
    """Where a link leads now. None if there is none, or it has expired.

    `headers` are by lower-case name. A person's click is told to the cascade; a machine's is
    only counted.
    """
    now = app.clock.now()
    with app.store.read() as tx:
        link = links.find(tx, code)
    if link is None or (link.expires_at and now >= link.expires_at):
        return None
    nobody = why_nobody(method, headers)
    with app.store.write() as tx:
        if nobody:
            links.looked_at(tx, code)
        else:
            links.followed(tx, code, now)
    if nobody:
        log.debug("link_looked_at", reason=nobody)
    else:
        app.bell.ring_soon(["receipts"])
    return link.url
