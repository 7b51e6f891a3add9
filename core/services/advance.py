"""Load cascades, let the machine decide, save. Everything that happens comes through here."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.cascade.commands import Send
from core.cascade.events import Event
from core.cascade.machine import decide
from core.cascade.model import Cascade
from core.store import cascades
from core.store.cascades import Decided


def advance(
    tx: Connection, happened: Sequence[tuple[str, Event]], now: datetime
) -> set[str]:
    """Tell cascades what happened to them, in order. The lanes that may now have work.

    `happened` are (cascade id, event) pairs; one cascade may stand in several.
    """
    loaded = cascades.load(tx, (cascade_id for cascade_id, _ in happened))
    lanes: set[str] = set()
    decided: dict[str, Decided] = {}
    for cascade_id, event in happened:
        account_id, before = loaded[cascade_id]
        one = decided.get(cascade_id) or _undecided(account_id, before)
        after, commands = decide(one.after, event, now)
        decided[cascade_id] = Decided(
            account_id=account_id,
            before=before,
            after=after,
            commands=one.commands + commands,
        )
        lanes |= {
            after.attempts[c.attempt].channel for c in commands if isinstance(c, Send)
        }
    cascades.save(tx, list(decided.values()), now)
    return lanes


def _undecided(account_id: int, cascade: Cascade) -> Decided:
    return Decided(account_id=account_id, before=cascade, after=cascade, commands=())
