"""Which quiet hours count for a message: the first rule that fits its purpose and channel."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from core.cascade.schedule import EVERY_DAY, WEEK, Hours, ZoneSource
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """Hours for some purposes and channels, on no clock yet. None stands for all of them."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    days: frozenset[int] = EVERY_DAY
    purposes: frozenset[str] | None = None
    channels: frozenset[str] | None = None

    def fits(self, purpose: str, channel: str) -> bool:
        """Whether it is about messages for this purpose on this channel."""
        return (self.purposes is None or purpose in self.purposes) and (
            self.channels is None or channel in self.channels
        )

    def on(self, zone: str, source: ZoneSource) -> Hours:
        """The rule on a clock. Raises ValueError if it leaves no time at all."""
        return Hours(
            zone=zone,
            zone_source=source,
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            days=self.days,
        )


def quiet_rule(written: Mapping[str, Any]) -> QuietRule:
    """A rule as a set-up file writes it: from, to, days, purposes, channels."""
    days = written.get("days")
    return QuietRule(
        quiet_from=_clock(written.get("from")),
        quiet_until=_clock(written.get("to")),
        days=EVERY_DAY if days is None else frozenset(map(WEEK.index, days)),
        purposes=_some(written.get("purposes")),
        channels=_some(written.get("channels")),
    )


def hours_for(
    account: Iterable[QuietRule],
    reminder: Iterable[QuietRule] | None,
    *,
    purpose: str,
    channel: str,
    zone: str,
    source: ZoneSource,
) -> Hours | None:
    """The hours for a message; None if it may go out at any time.

    A reminder's own rules stand in for the account's; the first that fits counts.
    A one-time code cannot wait, so authentication knows no quiet hours.
    """
    if purpose == "authentication":
        return None
    rules = account if reminder is None else reminder
    fitting = (rule for rule in rules if rule.fits(purpose, channel))
    rule = next(fitting, None)
    return rule.on(zone, source) if rule else None


def _clock(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def _some(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
