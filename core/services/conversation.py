"""What the API tells of messages and replies: plain values, of one account alone."""

from dataclasses import asdict
from typing import Any

from core.bootstrap import Everreach
from core.services.messages import get_message
from core.store import records, replies


def told_of(app: Everreach, account: str, message_id: str) -> dict[str, Any] | None:
    """A message of an account's, with all that happened to it; None if it has none such."""
    view = get_message(app, message_id, account=account)
    return asdict(view) if view else None


def replies_after(
    app: Everreach, account_id: int, last: int, limit: int
) -> list[dict[str, Any]]:
    """An account's replies behind the one with the id `last`, oldest first."""
    # To wait for those that are being saved takes a lock, so this is no mere reading.
    with app.store.write() as tx:
        return [_reply(row) for row in replies.after(tx, account_id, last, limit)]


def _reply(row: records.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "at": row["at"],
        "person": row["address"],
        "channel": row["channel"],
        "sender": row["sender_key"],
        "text": row["text"],
        "button": row["button"],
        "answer": row["answer"],
        "word": row["word"],
        "message": row["cascade_id"],
    }
