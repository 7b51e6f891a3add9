"""How Vonage signs what it posts: a token for each request, with the body's hash in it.

https://developer.vonage.com/en/getting-started/concepts/webhooks
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

import jwt

from connectors.payload import Json
from connectors.signatures import matches
from core.errors import BadSignature, Malformed
from core.ports import InboundRequest

TOLERANCE = timedelta(minutes=5)

# HMAC itself fills a key up like this; a short one makes the library warn of what we cannot mend.
_FULL_KEY = 32  # bytes

# Time is compared here, with when the request came in and not with when it is read.
_OPTIONS: jwt.types.Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "require": ["iat", "payload_hash"],
}


def check(request: InboundRequest, secrets: Iterable[str]) -> None:
    """Raises BadSignature unless the holder of a secret signed this body just now."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadSignature("Authorization holds no token")
    claims = _claims(token.strip(), secrets)
    try:
        given, at = claims["payload_hash"].text(), claims["iat"].unix_time()
    except Malformed as error:
        raise BadSignature(str(error)) from None
    if not matches(given, [hashlib.sha256(request.body).hexdigest()]):
        raise BadSignature("payload_hash does not match the body")
    if abs(request.received_at - at) > TOLERANCE:
        raise BadSignature("the token is from another time")


def _claims(token: str, secrets: Iterable[str]) -> Json:
    for secret in secrets:
        key = secret.encode().ljust(_FULL_KEY, b"\0")
        try:
            claims = jwt.decode(token, key, algorithms=["HS256"], options=_OPTIONS)
        except (jwt.PyJWTError, ValueError):
            continue
        return Json(claims, "token")
    raise BadSignature("the token is not signed with one of the signature secrets")
