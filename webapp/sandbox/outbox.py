"""Webhooks that the world still has to post, each with the time it is due."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A signed request to Everreach; without a body it is a GET.

    `path` is on Everreach's own host, with its query. `retries` are the waits, in
    seconds, after each refusal; when they are used up, its sender gives up.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    retries: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A webhook in the outbox."""

    id: int
    webhook: Webhook


def put(tx: sqlite3.Connection, webhook: Webhook, due_at: datetime) -> None:
    """Have a webhook posted at a time."""
    tx.execute(
        "INSERT INTO outbox (due_at, path, headers, body, retries)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            due_at.timestamp(),
            webhook.path,
            json.dumps(dict(webhook.headers)),
            webhook.body,
            json.dumps(webhook.retries),
        ),
    )


def next_due(tx: sqlite3.Connection, now: datetime) -> Waiting | None:
    """The webhook that has been due longest."""
    row = tx.execute(
        "SELECT * FROM outbox WHERE due_at <= ? ORDER BY due_at, id LIMIT 1",
        (now.timestamp(),),
    ).fetchone()
    if row is None:
        return None
    webhook = Webhook(
        path=row["path"],
        headers=json.loads(row["headers"]),
        body=row["body"],
        retries=tuple(json.loads(row["retries"])),
    )
    return Waiting(id=row["id"], webhook=webhook)


def remove(tx: sqlite3.Connection, waiting: Waiting) -> None:
    """It was posted, or given up."""
    tx.execute("DELETE FROM outbox WHERE id = ?", (waiting.id,))


def put_off(tx: sqlite3.Connection, waiting: Waiting, now: datetime) -> bool:
    """Post it again later. False if its retries are used up; then it is removed."""
    if not waiting.webhook.retries:
        remove(tx, waiting)
        return False
    wait, *rest = waiting.webhook.retries
    tx.execute(
        "UPDATE outbox SET due_at = ?, retries = ? WHERE id = ?",
        (now.timestamp() + wait, json.dumps(rest), waiting.id),
    )
    return True
