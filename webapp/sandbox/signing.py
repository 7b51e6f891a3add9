"""How the outside world proves who it is.

Written from its documents, not from our connectors, so that one checks the other.
"""

import base64
import hmac
from collections.abc import Mapping


def shopify(secret: str, body: bytes) -> str:
    """X-Shopify-Hmac-Sha256."""
    return base64.b64encode(_hmac(secret, body, "sha256")).decode()


def meta(app_secret: str, body: bytes) -> str:
    """X-Hub-Signature-256."""
    return "sha256=" + _hmac(app_secret, body, "sha256").hex()


def twilio(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature of a form posted to a URL."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(_hmac(auth_token, signed.encode(), "sha1")).decode()


def dexatel(secret: str, body: bytes) -> str:
    """X-Dexatel-Signature."""
    return base64.b64encode(_hmac(secret, body, "sha256")).decode()


def same(given: str, expected: str) -> bool:
    """Whether two credentials are equal, in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _hmac(key: str, message: bytes, algorithm: str) -> bytes:
    return hmac.digest(key.encode(), message, algorithm)
