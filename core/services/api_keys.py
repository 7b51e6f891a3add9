"""Keys to the API: made, listed, revoked, and recognised.

A key is 256 random bits, so that a plain SHA-256 of it cannot be turned back.
"""

import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.errors import SetupError
from core.store import api_keys, people, records
from core.values import dataclass

PREFIX = "evr_"
HINT = 12  # characters of a key that are shown again


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A key as it is listed. `hint` is how it begins."""

    hint: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def create(app: Everreach, account: str, name: str) -> str:
    """Make a key. It cannot be shown again. Raises SetupError."""
    key = PREFIX + secrets.token_urlsafe(32)
    with app.store.write() as tx:
        owner = _account(tx, account)
        hint, now = key[:HINT], app.clock.now()
        api_keys.add(tx, owner["id"], name, hint, _digest(key), now)
    return key


def listed(app: Everreach, account: str) -> list[KeyView]:
    """An account's keys, oldest first. Raises SetupError."""
    with app.store.read() as tx:
        rows = api_keys.of_account(tx, _account(tx, account)["id"])
    names = KeyView.__slots__
    return [KeyView(**{name: row[name] for name in names}) for row in rows]


def revoke(app: Everreach, account: str, hint: str) -> None:
    """Let a key be used no more. Raises SetupError."""
    with app.store.write() as tx:
        owner = _account(tx, account)
        if not api_keys.revoke(tx, owner["id"], hint[:HINT], app.clock.now()):
            fix = "everreach api-key list shows how each begins"
            raise SetupError("KEY", f"{account} has no such key in use", fix)


def holder(app: Everreach, key: str) -> records.Row | None:
    """The account that a key is for, and since when it is revoked, if it is."""
    with app.store.read() as tx:
        return api_keys.find(tx, _digest(key))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _account(tx: Connection, key: str) -> records.Row:
    row = people.account(tx, key)
    if row is None:
        raise SetupError("--account", f"there is no account {key}")
    return row
