"""What Twilio knows of people: when they last wrote, and who said STOP.

https://www.twilio.com/docs/whatsapp/key-concepts#the-24-hour-window
https://support.twilio.com/hc/en-us/articles/223134027
"""

import sqlite3
from datetime import datetime, timedelta

from core.cascade.model import Channel

_WINDOW = timedelta(hours=24)
_STOP = {
    *("STOP", "STOPALL", "UNSUBSCRIBE", "END"),
    *("QUIT", "REVOKE", "OPTOUT", "CANCEL"),
}
_START = {"START", "YES", "UNSTOP"}


def wrote(
    tx: sqlite3.Connection, number: str, channel: Channel, text: str, now: datetime
) -> None:
    """Somebody wrote: WhatsApp's window opens, and a word may stop or start SMS."""
    word = text.strip().upper()
    stopped = has_stopped(tx, number, channel)
    if channel is Channel.SMS:
        stopped = (stopped or word in _STOP) and word not in _START
    tx.execute(
        "INSERT OR REPLACE INTO twilio_people VALUES (?, ?, ?, ?)",
        (number, channel, now.timestamp(), stopped),
    )


def has_stopped(tx: sqlite3.Connection, number: str, channel: Channel) -> bool:
    """Whether they want no more."""
    row = _row(tx, number, channel)
    return bool(row and row["stopped"])


def may_be_written_to(
    tx: sqlite3.Connection, number: str, channel: Channel, now: datetime
) -> bool:
    """Whether a text of our own may be sent, rather than a template."""
    if channel is not Channel.WHATSAPP:
        return True
    row = _row(tx, number, channel)
    return bool(row and now.timestamp() - row["wrote_at"] < _WINDOW.total_seconds())


def _row(tx: sqlite3.Connection, number: str, channel: Channel) -> sqlite3.Row | None:
    query = "SELECT * FROM twilio_people WHERE number = ? AND channel = ?"
    row: sqlite3.Row | None = tx.execute(query, (number, channel)).fetchone()
    return row
