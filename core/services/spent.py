"""What has been sent already today, where that has a limit: by senders, accounts, to people."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.limits import (
    NO_LIMITS,
    Limits,
    full_until,
    limits_of,
    used_up_until,
)
from core.cascade.model import Channel
from core.store import paces, records
from core.store.cascades import Loaded
from core.store.decisions import Senders
from core.store.paces import Owner, Person
from core.values import dataclass


@dataclass(kw_only=True)
class Spent:
    """What these cascades may need to know of it. Without such limits nothing is read."""

    app: Everreach
    tx: Connection
    now: datetime
    loaded: Collection[Loaded]
    senders: Senders  # of their accounts

    def __post_init__(self) -> None:
        accounts = {one.account["id"]: one.account for one in self.loaded}
        self._limits = {
            account_id: limits_of(NO_LIMITS, account["limits"])
            for account_id, account in accounts.items()
        }
        owners = {_owner(row) for row in self.senders.values() if self._by_day(row)}
        owners |= {(key, 0) for key, limits in self._limits.items() if limits.by_day}
        people = {
            _person(one)
            for one in self.loaded
            if self._limits[one.account["id"]].per_person_per_day
        }
        self._paces = paces.read(self.tx, owners)
        self._times = paces.times(self.tx, people)

    def used_up_until(self, row: records.Row, channel: str) -> datetime | None:
        """When a sender may send again, if it has sent all that it may in a day."""
        pace = self._paces.get(_owner(row))
        if pace is None:
            return None
        limits = limits_of(
            usual_limits(self.app, channel, row["provider"]), row["limits"]
        )
        return used_up_until(pace, limits, self.now)

    def full_until(self, loaded: Loaded) -> datetime | None:
        """When the account, and this person, may get more."""
        limits = self._limits[loaded.account["id"]]
        pace = self._paces.get(_whole(loaded))
        account = used_up_until(pace, limits, self.now) if pace else None
        person, counts = None, loaded.definition["purpose"] != "authentication"
        if limits.per_person_per_day and counts:
            times = self._times.get(_person(loaded), [])
            person = full_until(times, limits.per_person_per_day, self.now)
        return max(filter(None, (account, person)), default=None)

    def _by_day(self, row: records.Row) -> bool:
        usual = self.app.registry.channels[row["provider"]].limits.values()
        return any(limits_of(one, row["limits"]).by_day for one in (NO_LIMITS, *usual))


def usual_limits(app: Everreach, channel: str, provider: str) -> Limits:
    """What a provider lets a sender do on a channel, where it is known."""
    return app.registry.channels[provider].limits.get(Channel(channel), NO_LIMITS)


def _owner(sender: records.Row) -> Owner:
    return sender["account_id"], sender["id"]


def _whole(loaded: Loaded) -> Owner:
    return loaded.account["id"], 0


def _person(loaded: Loaded) -> Person:
    return _whole(loaded), loaded.cascade.recipient.key
