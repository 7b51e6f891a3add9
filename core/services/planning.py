"""When a reminder of an occasion goes out, and by which clock."""

from collections.abc import Iterable
from datetime import datetime

from core.cascade.events import Started
from core.cascade.model import Recipient
from core.cascade.quiet import hours_for, quiet_rule
from core.cascade.schedule import (
    Due,
    Hours,
    IfInside,
    Plan,
    TooLate,
    Why,
    ZoneSource,
    plan,
    zone_for,
)
from core.message.phone import country_zone
from core.occasions import MOMENTS
from core.store import records
from core.store.occasions import Match, Occasion
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """When a cascade starts, the clock it goes by, and how to tell it."""

    plan: Plan
    zone: str
    zone_source: ZoneSource

    def started(self, now: datetime) -> Started:
        """The event that starts the cascade. What goes out at once needs no telling."""
        start_at, at_once = self.plan.start_at, self.plan.why is Why.ON_TIME
        if at_once and start_at and start_at <= now:
            return Started()
        clock = {"zone": self.zone, "zone_source": self.zone_source}
        facts = {**self.plan.facts(), **clock}
        return Started(plan=tuple(facts.items()), skip=start_at is None)


def planned(
    account: records.Row,
    occasion: Occasion,
    recipient: Recipient,
    match: Match,
    others: Iterable[Match],
    now: datetime,
) -> Planned:
    """When this reminder of an occasion goes out, if at all."""
    zone, source = zone_for(
        person=occasion.contact.time_zone,
        event=occasion.time_zone,
        phone=country_zone(recipient.phone) if recipient.phone else "",
        account=account["time_zone"],
    )
    mine = _due(match, occasion, zone, now)
    channel = match.definition["steps"][0]["channel"]
    found = plan(
        mine,
        now=now,
        others=[_due(other, occasion, zone, now) for other in others],
        expires_at=_expires_at(match, occasion, mine.at),
        hours=hours_of(account, match.definition, channel, zone, source),
    )
    return Planned(plan=found, zone=zone, zone_source=source)


def hours_of(
    account: records.Row,
    definition: records.Row,
    channel: str,
    zone: str,
    source: ZoneSource,
) -> Hours | None:
    """When a reminder may be sent on a channel, by that clock; None if always."""
    if not account["quiet_hours"] and not definition.get("quiet_hours"):
        return None
    own = definition.get("quiet_hours")
    return hours_for(
        map(quiet_rule, account["quiet_hours"]),
        None if own is None else map(quiet_rule, own),
        purpose=definition["purpose"],
        channel=channel,
        zone=zone,
        source=source,
    )


def _due(match: Match, occasion: Occasion, zone: str, now: datetime) -> Due:
    offset, rules = match.offset, match.definition
    relative = occasion.at is not None and not offset.at_once
    return Due(
        at=offset.due_at(occasion.at, zone) if relative and occasion.at else now,
        if_inside=IfInside(rules.get("if_inside", IfInside.SEND_NOW)),
        too_late=TooLate(rules.get("too_late", TooLate.SKIP)),
    )


def _expires_at(match: Match, occasion: Occasion, due_at: datetime) -> datetime | None:
    """From when on it is of no use: its own rule, or the moment that it is about."""
    ends = [due_at + match.expires] if match.expires else []
    offset = match.offset
    # What tells of an end, such as a payment, is true after the moment too.
    ahead = match.event in MOMENTS and (offset.before or offset.at_once)
    if occasion.at and ahead:
        ends.append(occasion.at)
    return min(ends, default=None)
