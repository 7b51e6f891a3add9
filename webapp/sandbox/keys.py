"""The secrets that the world shares with the sandbox's account, and its addresses."""

import secrets
import socket
import sqlite3
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from core.config import Settings
from webapp.sandbox.signing import new_private_key
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
    "SANDBOX_VONAGE_APPLICATION_ID": lambda: str(uuid4()),
    "SANDBOX_VONAGE_PRIVATE_KEY": new_private_key,
    "SANDBOX_VONAGE_SIGNATURE_SECRET": lambda: secrets.token_hex(32),
    "SANDBOX_DEXATEL_KEY": lambda: secrets.token_hex(16),
    "SANDBOX_DEXATEL_WEBHOOK_SECRET": lambda: secrets.token_hex(16),
    "SANDBOX_KANNEL_PASSWORD": lambda: secrets.token_hex(8),
    "SANDBOX_KANNEL_CALLBACK_SECRET": lambda: secrets.token_hex(16),
    "SANDBOX_KANNEL_REPLY_TOKEN": lambda: secrets.token_hex(16),
    "SANDBOX_MAIL_PORT": lambda: str(_free_port()),
    "SANDBOX_MAIL_PASSWORD": lambda: secrets.token_urlsafe(16),
    "SANDBOX_MAIL_INBOUND_SECRET": lambda: secrets.token_urlsafe(24),
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


def keep(file: WorldFile, name: str, value: str) -> None:
    """Have one of them be something else from now on."""
    with file.transaction() as tx:
        tx.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _kept(tx: sqlite3.Connection, name: str, make: Callable[[], str]) -> str:
    row = tx.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    if row:
        return str(row["value"])
    made = make()
    tx.execute("INSERT INTO facts VALUES (?, ?)", (name, made))
    return made


def _addresses(settings: Settings) -> dict[str, str]:
    world = f"{settings.local_url}/sandbox/world"
    return {
        "SANDBOX_META_URL": f"{world}/meta",
        "SANDBOX_TWILIO_URL": f"{world}/twilio",
        "SANDBOX_VONAGE_URL": f"{world}/vonage",
        "SANDBOX_DEXATEL_URL": f"{world}/dexatel",
        "SANDBOX_KANNEL_URL": f"{world}/kannel",
    }
