"""The addresses that Kannel is given to report to, and how it proves that we gave them.

Kannel signs nothing. So the address of a delivery report carries our reference and a code that
only we can have made from it; that of replies, which stands in kannel.conf, carries a token.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

from connectors.channels.kannel.settings import Settings
from connectors.signatures import hmac_hex

# Kannel fills these in: what happened, the SMSC's own words, and when, in unix seconds.
_FILLED_IN = "type=%d&answer=%A&at=%T"


def report_url(address: str, reference: str, config: Settings) -> str:
    """Where Kannel reports on one message."""
    ours = urlencode(
        {"ref": reference, "token": _code(config.callback_secret[0], reference)}
    )
    joint = "&" if "?" in address else "?"
    kept = f"{address}{joint}{ours}".replace("%", "%%")
    return f"{kept}&{_FILLED_IN}"


def codes(reference: str, config: Settings) -> Iterator[str]:
    """What may stand beside a reference."""
    for secret in config.callback_secret:
        yield _code(secret, reference)


def _code(secret: str, reference: str) -> str:
    return hmac_hex(secret, reference.encode(errors="replace"))
