"""A provider's yes to a message: most of what ever happens, and it decides nothing by itself.

The cascade goes on waiting for what its step asks for, or it is over already. So it is neither
read nor locked: the yes is written down. Whatever is more than that goes the way of everything
else, through the machine.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.cascade.machine import acceptance_decides_nothing
from core.services.lessons import mend
from core.store import attempts, breakers
from core.store.attempts import Claimed
from core.store.breakers import Taken
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An attempt in a worker's hands that its provider has accepted, and calls so."""

    claimed: Claimed
    provider_id: str | None

    @property
    def reference(self) -> str:
        """Which attempt it is."""
        return self.claimed.reference

    @property
    def taken(self) -> Taken:
        """What its provider has taken so."""
        return Taken(
            account_id=self.claimed.account_id,
            sender=self.claimed.sender["key"],
            template=self.claimed.template,
            cascade_id=self.claimed.cascade_id,
            proved=False,
        )


def accept(tx: Connection, accepted: Sequence[Acceptance], now: datetime) -> set[str]:
    """Let go of what was accepted. The references of what is done with so.

    The others may be more than an acceptance: something was known of them before, or it is all
    that their step asks for.
    """
    plain = [one for one in accepted if acceptance_decides_nothing(one.claimed.until)]
    ids = {one.reference: one.provider_id for one in plain}
    done = attempts.accept(tx, ids, now)
    if taken := {one.taken for one in plain if done.get(one.reference)}:
        breakers.lock(tx, {one.account_id for one in taken})
        mend(tx, taken, now)
    return set(done)
