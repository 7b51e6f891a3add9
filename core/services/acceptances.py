"""A provider's yes to a message: most of what ever happens, and it decides nothing by itself.

The cascade goes on waiting for what its step asks for, or it is over already. So it is neither
read nor locked: the yes is written down. Whatever is more than that goes the way of everything
else, through the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.cascade.machine import acceptance_decides_nothing
from core.services.lessons import mend
from core.store import attempts
from core.store.attempts import Claimed
from core.store.breakers import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An attempt in a worker's hands that its provider has accepted, and calls so."""

    claimed: Claimed
    provider_id: str | None

    @property
    def reference(self) -> str:
        """Which attempt it is."""
        return self.claimed.reference


def accept(tx: Connection, accepted: Sequence[Acceptance], now: datetime) -> set[str]:
    """Let go of what was accepted. The references of what is done with so.

    The others may be more than an acceptance: something was known of them before, or it is all
    that their step asks for.
    """
    plain = [one for one in accepted if acceptance_decides_nothing(one.claimed.until)]
    ids = {one.reference: one.provider_id for one in plain}
    faulty = attempts.accept(tx, ids, now)
    mend(tx, {_taken(one.claimed) for one in plain if faulty.get(one.reference)}, now)
    return set(faulty)


def _taken(claimed: Claimed) -> Taken:
    return Taken(
        account_id=claimed.account_id,
        sender=claimed.sender["key"],
        template=claimed.template,
        cascade_id=claimed.cascade_id,
        proved=False,
    )
