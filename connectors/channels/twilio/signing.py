"""What Twilio signs when it calls back, and the address it is given to call.

https://www.twilio.com/docs/usage/security
"""

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from connectors.signatures import matches
from core.errors import BadSignature
from core.ports import InboundRequest

# By default Twilio calls back once more, and only where no connection came about. These ask
# for five more tries within 15 seconds, also after a 5xx or a slow answer:
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
RETRIES = "#rc=5&rp=5xx,ct,rt"


def callback(url: str, reference: str) -> str:
    """Where Twilio reports on a message: our address, carrying our reference as `ref`."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode({'ref': reference})}{RETRIES}"


def signed_texts(request: InboundRequest) -> Iterator[str]:
    """What Twilio may have signed: address and form, or a JSON body by its digest.

    Twilio is not consistent about ports, and does not say whether the overrides above are
    part of the address; whoever can sign either has the token.
    Raises BadSignature if the digest is not the body's.
    """
    digest = request.query.get("bodySHA256", "")
    as_json = is_json(request)
    if as_json and not matches(hashlib.sha256(request.body).hexdigest(), [digest]):
        raise BadSignature("bodySHA256 does not match the body")
    pairs = [] if as_json else sorted(set(form_pairs(request.body)))
    form = "".join(name + value for name, value in pairs)
    for url in _addresses(request.url):
        yield f"{url}{form}"
        yield f"{url}{RETRIES}{form}"


def _addresses(url: str) -> tuple[str, str]:
    """The address without a port, and with its own or that of its scheme."""
    scheme, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    after = rest.removeprefix(authority)
    host, _, port = authority.rpartition(":")
    if not (port.isascii() and port.isdigit()):
        host, port = authority, {"http": "80", "https": "443"}.get(scheme, "")
    return f"{scheme}://{host}{after}", f"{scheme}://{host}:{port}{after}"


def is_json(request: InboundRequest) -> bool:
    """Whether the body is JSON: then Twilio signs its digest instead of its fields."""
    kind = request.headers.get("content-type", "").lower()
    return "bodySHA256" in request.query or kind.startswith("application/json")


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """The names and values of a form, in its order."""
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
