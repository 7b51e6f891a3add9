"""Credentials at rest, encrypted with a key that is not in the database.

The key is `EVERREACH_KEY`, else what `EVERREACH_KEY_FILE` holds, else `<home>/secret.key`,
which is made on first use. Several keys, separated by commas or line breaks, are for changing
it: the first encrypts, all decrypt.
"""

import base64
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import SetupError

_HOW_TO = (
    "Make one with: python -c "
    "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)


class Vault:
    """Seals and unseals what must not lie about in the clear."""

    def __init__(self, keys: Sequence[str], source: str) -> None:
        """`source` is where the keys come from, for errors. Raises SetupError."""
        if not keys:
            raise SetupError(source, "holds no key", _HOW_TO)
        fernets = [_fernet(key, place, source) for place, key in enumerate(keys, 1)]
        self._keys = [key.encode() for key in keys]
        self._first = fernets[0]
        self._all = MultiFernet(fernets)
        self._source = source

    @classmethod
    def open(cls, home: Path, env: Mapping[str, str]) -> "Vault":
        """The vault of an installation, with a new key if it has none. Raises SetupError."""
        given = env.get("EVERREACH_KEY", "").strip()
        file = env.get("EVERREACH_KEY_FILE", "").strip()
        if given and file:
            problem = "both EVERREACH_KEY and EVERREACH_KEY_FILE are set"
            raise SetupError("EVERREACH_KEY", problem, "Keep one of them")
        if given:
            return cls(_split(given), "EVERREACH_KEY")
        path = Path(file) if file else home / "secret.key"
        if not file and not path.exists():
            _create(path)
        return cls(_split(_read(path)), str(path))

    def seal(self, values: Mapping[str, Any]) -> bytes:
        """Values that JSON knows, encrypted."""
        return self._all.encrypt(json.dumps(values).encode())

    def unseal(self, sealed: bytes) -> dict[str, Any]:
        """What was sealed. Raises SetupError if it was with another key."""
        try:
            values: dict[str, Any] = json.loads(self._all.decrypt(sealed))
        except InvalidToken:
            raise SetupError(
                self._source,
                "this is not the key that the stored credentials are encrypted with",
                "Put back the key they were stored with; to change it, write the new one "
                "before it and apply the set-up file again",
            ) from None
        return values

    def sign(self, text: str) -> str:
        """22 characters that only this installation can make of a text, fit for a URL."""
        return _signature(self._keys[0], text)

    def signed(self, text: str, signature: str) -> bool:
        """Whether one of the keys made this signature of the text."""
        given = signature.encode(errors="replace")
        made = (_signature(key, text).encode() for key in self._keys)
        return any(hmac.compare_digest(given, one) for one in made)

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, which tell nothing of the key; it changes with the key."""
        return _derived(self._keys[0], purpose)

    def is_outdated(self, sealed: bytes) -> bool:
        """Whether another key than the first one sealed this."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return True
        return False


@lru_cache(maxsize=8)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"everreach {purpose}".encode(), "sha256")


def _signature(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _split(text: str) -> list[str]:
    return [key for key in re.split(r"[,\s]+", text) if key]


def _fernet(key: str, place: int, source: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # The parser's own words may repeat a piece of the key.
        raise SetupError(
            source, f"key {place} is not an encryption key", _HOW_TO
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        fix = "Make it a text file that Everreach may read"
        raise SetupError(str(path), f"cannot be read ({why})", fix) from None


def _create(path: Path) -> None:
    try:
        _create_once(path)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise SetupError(str(path), problem, "Let Everreach write there") from None


def _create_once(path: Path) -> None:
    """Make a key file. A link appears whole or not at all, and the first process wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Credentials sealed with a key that a power cut took away would be lost.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
