"""The customers' phones: which are on, and what they show."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from core.message.content import Button, ButtonKind, Media, MediaKind
from webapp.sandbox.cast import (
    BACK_ON_HINT,
    BY_ADDRESS,
    CUSTOMERS,
    HINTS,
    LABELS,
    Customer,
    Kind,
)
from webapp.sandbox.journey import AWAY, Journey
from webapp.sandbox.store import moment, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMessage:
    """A message as a phone shows it."""

    id: str
    channel: str
    text: str
    at: datetime
    status: str
    provider: str
    from_name: str
    subject: str
    html: str
    media: Media | None
    buttons: tuple[Button, ...]
    own: bool

    @property
    def answerable(self) -> bool:
        """Whether one can write back: not to an SMS from a name, nor to oneself."""
        is_name = self.channel == "sms" and not self.from_name.startswith("+")
        return not (self.own or is_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """A phone as the page shows it."""

    key: str
    name: str
    number: str
    kind: str
    label: str
    hint: str
    on: bool
    messages: tuple[PhoneMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a provider took, as the person will see it. `id` is the provider's.

    What the person wrote is their `own`, and then `id` is the phone's.
    """

    id: str
    provider: str
    channel: str
    text: str
    from_name: str
    subject: str = ""
    html: str = ""
    media: Media | None = None
    buttons: tuple[Button, ...] = ()
    own: bool = False


def kind_of(address: str) -> Kind:
    """Outside the cast there are no subscribers."""
    customer = BY_ADDRESS.get(address)
    return customer.kind if customer else Kind.NO_SUCH_NUMBER


def ring(tx: sqlite3.Connection, address: str, now: datetime) -> datetime:
    """From when the phone can receive. A first call lets one that is off come back."""
    customer = BY_ADDRESS.get(address)
    if not customer or customer.kind is not Kind.SWITCHED_OFF:
        return now
    back_at = now + AWAY
    tx.execute(
        "INSERT OR IGNORE INTO phones VALUES (?, ?)",
        (customer.key, back_at.timestamp()),
    )
    return _back_at(tx, customer) or back_at


def receive(tx: sqlite3.Connection, address: str, sent: Sent, journey: Journey) -> None:
    """Have a message appear on the phone when it is delivered, if ever."""
    if journey.delivered_at and address in BY_ADDRESS:
        tx.execute(
            "INSERT INTO received VALUES (?, ?, ?, ?, ?)",
            (
                sent.id,
                BY_ADDRESS[address].key,
                json.dumps(asdict(sent)),
                seconds(journey.delivered_at),
                seconds(journey.read_at),
            ),
        )


def write(tx: sqlite3.Connection, customer: Customer, own: Sent, now: datetime) -> None:
    """Have what the person wrote stand on the phone, below what they have read by then."""
    row = (own.id, customer.key, json.dumps(asdict(own)), seconds(now), seconds(now))
    tx.execute("INSERT INTO received VALUES (?, ?, ?, ?, ?)", row)


def clear(tx: sqlite3.Connection) -> None:
    """Empty every phone, and switch off those that start switched off."""
    tx.execute("DELETE FROM received")
    tx.execute("DELETE FROM phones")


def switch_off_again(tx: sqlite3.Connection, now: datetime) -> None:
    """Phones that came back are off for the next round; those on their way stay so."""
    tx.execute("DELETE FROM phones WHERE back_at <= ?", (now.timestamp(),))


def all_phones(tx: sqlite3.Connection, now: datetime) -> Iterator[PhoneView]:
    """Every customer's phone."""
    for customer in CUSTOMERS:
        back_at = _back_at(tx, customer)
        is_back = bool(back_at and back_at <= now)
        yield PhoneView(
            key=customer.key,
            name=customer.name,
            number=customer.number,
            kind=customer.kind.value,
            label=LABELS[customer.kind],
            hint=BACK_ON_HINT if is_back else HINTS[customer.kind],
            on=is_back or customer.kind not in _OFF,
            messages=tuple(_messages(tx, customer, now)),
        )


_OFF = frozenset({Kind.SWITCHED_OFF, Kind.NO_SUCH_NUMBER})


def _back_at(tx: sqlite3.Connection, customer: Customer) -> datetime | None:
    row = tx.execute(
        "SELECT back_at FROM phones WHERE key = ?", (customer.key,)
    ).fetchone()
    return moment(row["back_at"]) if row else None


def _messages(
    tx: sqlite3.Connection, customer: Customer, now: datetime
) -> Iterator[PhoneMessage]:
    rows = tx.execute(
        "SELECT * FROM received WHERE phone = ? AND delivered_at <= ?"
        " ORDER BY delivered_at, rowid",
        (customer.key, now.timestamp()),
    )
    for row in rows:
        at, read_at = moment(row["delivered_at"]), moment(row["read_at"])
        assert at
        shown = json.loads(row["shown"])
        media, buttons = shown.pop("media"), shown.pop("buttons")
        yield PhoneMessage(
            **shown,
            at=at,
            status="read" if read_at and read_at <= now else "delivered",
            media=_media(**media) if media else None,
            buttons=tuple(_button(**button) for button in buttons),
        )


def _media(kind: str, url: str, name: str) -> Media:
    return Media(kind=MediaKind(kind), url=url, name=name)


def _button(kind: str, text: str, value: str) -> Button:
    return Button(kind=ButtonKind(kind), text=text, value=value)
