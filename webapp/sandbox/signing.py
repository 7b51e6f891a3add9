"""How the outside world proves who it is.

Written from its documents, not from our connectors, so that one checks the other.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


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


def vonage(signature_secret: str, body: bytes, now: datetime) -> str:
    """The token in the Authorization of a webhook."""
    claims = {
        "iat": int(now.timestamp()),
        "jti": str(uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d4",
    }
    return jwt.encode(claims, signature_secret, algorithm="HS256")


def new_private_key() -> str:
    """The file that comes with a new application at Vonage."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_key(private_key: str) -> rsa.RSAPublicKey:
    """Vonage's half of an application's key."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.public_key()


def claims(token: str, key: rsa.RSAPublicKey, now: datetime) -> Mapping[str, Any]:
    """What an application's token claims, nothing unless it is good now."""
    needed: jwt.types.Options = {
        "require": ["iat", "exp", "jti"],
        "verify_exp": False,
        "verify_iat": False,
    }
    try:
        told = jwt.decode(token, key, algorithms=["RS256"], options=needed)
        is_good = told["iat"] <= now.timestamp() < told["exp"] <= told["iat"] + 86_400
    except (jwt.PyJWTError, TypeError):
        return {}
    return told if is_good else {}


def dexatel(secret: str, body: bytes) -> str:
    """X-Dexatel-Signature."""
    return base64.b64encode(_hmac(secret, body, "sha256")).decode()


def same(given: str, expected: str) -> bool:
    """Whether two credentials are equal, in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _hmac(key: str, message: bytes, algorithm: str) -> bytes:
    return hmac.digest(key.encode(), message, algorithm)
