"""How providers and platforms sign what they send us. All of it over raw bytes."""

import base64
import hmac
from collections.abc import Iterable
from typing import Literal

Algorithm = Literal["sha1", "sha256"]


def hmac_hex(
    secret: str | bytes, message: bytes, algorithm: Algorithm = "sha256"
) -> str:
    """The HMAC of a message in lower-case hexadecimal."""
    return _hmac(secret, message, algorithm).hex()


def hmac_base64(
    secret: str | bytes, message: bytes, algorithm: Algorithm = "sha256"
) -> str:
    """The HMAC of a message in standard base64, padded."""
    return base64.b64encode(_hmac(secret, message, algorithm)).decode()


def matches(given: str, expected: Iterable[str]) -> bool:
    """Whether `given` is one of `expected`, in a time that does not tell how nearly."""
    candidate = given.encode(errors="replace")
    equal = [hmac.compare_digest(candidate, one.encode()) for one in expected]
    return any(equal)


def _hmac(secret: str | bytes, message: bytes, algorithm: Algorithm) -> bytes:
    key = secret.encode() if isinstance(secret, str) else secret
    # `hmac.digest` lets other threads in, which takes far longer than a short message does.
    return hmac.new(key, message, algorithm).digest()
