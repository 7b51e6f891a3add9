"""When to send: quiet hours, send days and times relative to an occasion, on any clock."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

EVERY_DAY = frozenset(range(7))


class ZoneSource(StrEnum):
    """How we know a person's time zone, best first."""

    PERSON = "person"
    EVENT = "event"
    PHONE = "phone"
    ACCOUNT = "account"


class TooLate(StrEnum):
    """What to do if quiet hours end only when it is too late."""

    SEND_ANYWAY = "send_anyway"
    SKIP = "skip"
    EARLIER = "earlier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a person may be written to, by the clock where they are.

    Nothing is sent from `quiet_from` up to `quiet_until`, which may be on the next day, nor on
    a day that is not in `days` (0 is Monday). `zone` is an IANA name.
    """

    zone: str
    zone_source: ZoneSource = ZoneSource.ACCOUNT
    quiet_from: time | None = None
    quiet_until: time | None = None
    days: frozenset[int] = EVERY_DAY

    def open_from(self, at: datetime) -> datetime:
        """The first moment from `at` on at which a message may go out."""
        raise NotImplementedError
