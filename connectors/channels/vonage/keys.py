"""The private key of a Vonage application, from the file that came with it."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.errors import SetupError


@lru_cache(maxsize=256)
def private_key(text: str) -> RSAPrivateKey:
    """The key in a PEM file. Raises SetupError.

    To read a key takes a hundred times as long as to sign with it, so it is kept. A variable
    of the environment often has `\\n` for its line breaks.
    """
    fix = "Give all of the file private.key, from -----BEGIN to the last -----"
    try:
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SetupError("private_key", "cannot be read", fix) from None
    if not isinstance(key, RSAPrivateKey):
        raise SetupError("private_key", "is not an RSA key", fix)
    return key
