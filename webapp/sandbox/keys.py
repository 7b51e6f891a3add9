"""The secrets that the world shares with the sandbox's account, and its addresses."""

import secrets
import sqlite3
from collections.abc import Callable
from typing import Final

from core.config import Settings
from webapp.sandbox.store import WorldFile

_MAKERS: Final[dict[str, Callable[[], str]]] = {
    "SANDBOX_SHOPIFY_SECRET": lambda: secrets.token_hex(16),
    "SANDBOX_META_PHONE_ID": lambda: str(secrets.randbelow(9 * 10**14) + 10**14),
    "SANDBOX_META_WABA_ID": lambda: str(secrets.randbelow(9 * 10**14) + 10**14),
    "SANDBOX_META_TOKEN": lambda: "EAA" + secrets.token_hex(32),
    "SANDBOX_META_APP_SECRET": lambda: secrets.token_hex(16),
    "SANDBOX_META_VERIFY_TOKEN": lambda: secrets.token_urlsafe(16),
    "SANDBOX_TWILIO_SID": lambda: "AC" + secrets.token_hex(16),
    "SANDBOX_TWILIO_TOKEN": lambda: secrets.token_hex(16),
}


def world_file(settings: Settings) -> WorldFile:
    """The world's file of an installation."""
    return WorldFile(settings.home / "world.sqlite3")


def sandbox_secrets(settings: Settings) -> dict[str, str]:
    """What `${…}` stands for in sandbox.yaml."""
    file = world_file(settings)
    try:
        return {**keys_of(file), **_addresses(settings)}
    finally:
        file.close()


def keys_of(file: WorldFile) -> dict[str, str]:
    """The world's secrets: made once, the same ever after."""
    with file.transaction() as tx:
        return {name: _kept(tx, name, make) for name, make in _MAKERS.items()}


def _kept(tx: sqlite3.Connection, name: str, make: Callable[[], str]) -> str:
    tx.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, make()))
    row = tx.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return str(row["value"])


def _addresses(settings: Settings) -> dict[str, str]:
    world = f"{settings.local_url}/sandbox/world"
    return {
        "SANDBOX_META_URL": f"{world}/meta",
        "SANDBOX_TWILIO_URL": f"{world}/twilio",
    }
