"""The outside world of the sandbox: a shop, providers, a mail server and the customers' phones.

It speaks to Everreach only over HTTP, signed, as the real ones do. Whatever it will
post it writes down first; the postman posts it when it is due.
"""

import sqlite3
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from core.clock import FastClock
from core.config import Settings
from webapp.sandbox import hands, orders, outbox, phones, quirks, shop, ways, weather
from webapp.sandbox.cast import BY_KEY
from webapp.sandbox.dexatel import Dexatel
from webapp.sandbox.kannel import Kannel
from webapp.sandbox.keys import keys_of, world_file
from webapp.sandbox.mail import MailServer
from webapp.sandbox.meta import MetaCloud
from webapp.sandbox.orders import Order
from webapp.sandbox.phones import PhoneMessage, PhoneView, Sent
from webapp.sandbox.postman import Postman
from webapp.sandbox.quirks import Quirk
from webapp.sandbox.store import WorldFile
from webapp.sandbox.twilio import Twilio
from webapp.sandbox.vonage import Vonage

_FORGOTTEN = ("refusals", "quirks", "meta_windows", "twilio_people", "vonage_windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as the page shows it. `next_action` is the label of its button."""

    id: str
    name: str
    item: str
    customer: str
    phone: str
    state: str
    next_action: str | None
    action: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldView:
    """The shop and the phones at one moment, and what was chosen: keys of WAYS and WEATHERS."""

    orders: tuple[OrderView, ...]
    phones: tuple[PhoneView, ...]
    way: str
    weather: str


class World:
    """Everything outside Everreach."""

    def __init__(
        self, file: WorldFile, clock: FastClock, base_url: str, public_url: str
    ) -> None:
        """`base_url` is where this machine reaches Everreach, `public_url` where others do."""
        self.clock = clock
        self._file = file
        self._keys = keys_of(file)
        self._public_url = public_url
        self.meta = MetaCloud(file, clock, self._keys)
        self.twilio = Twilio(file, clock, self._keys, public_url)
        self.vonage = Vonage(file, clock, self._keys)
        self.dexatel = Dexatel(file, clock, self._keys)
        self.kannel = Kannel(file, clock, self._keys)
        self.mail = MailServer(file, clock, self._keys)
        self.postman = Postman(file, clock, base_url, self.vonage.signed)

    @classmethod
    def open(cls, settings: Settings, clock: FastClock) -> Self:
        """The world of an installation, as it was left, or a new one."""
        addresses = (settings.local_url, settings.public_url)
        world = cls(world_file(settings), clock, *addresses)
        with world._file.transaction() as tx:
            if not orders.all_orders(tx):
                orders.open_shop(tx)
        return world

    def snapshot(self) -> WorldView:
        """How things stand now."""
        now = self.clock.now()
        with self._file.transaction() as tx:
            return WorldView(
                orders=tuple(_view(order) for order in orders.all_orders(tx)),
                phones=tuple(phones.all_phones(tx, now)),
                way=_way(tx),
                weather=weather.now(tx),
            )

    def act(self, order_id: str, action: str) -> None:
        """Move a parcel on, and have the shop say so. Nothing if it already has."""
        now = self.clock.now()
        with self._file.transaction() as tx:
            order = orders.find(tx, order_id)
            step = orders.next_step(order) if order else None
            if not order or not step or step.action != action:
                return
            moved = orders.advance(tx, order, step.state, now)
            secret = self._keys["SANDBOX_SHOPIFY_SECRET"]
            outbox.put(tx, shop.webhook(moved, now, secret, self._public_url), now)
            if orders.restock(tx):
                phones.switch_off_again(tx, now)

    def write(self, phone: str, message_id: str, text: str) -> None:
        """Answer a message from a phone. Nothing if it takes no answer."""
        message = self._message(phone, message_id)
        if message and message.answerable and text.strip():
            hands.write(self, BY_KEY[phone], message, text.strip())
            self._show(phone, message, text.strip())

    def press(self, phone: str, message_id: str, index: int) -> None:
        """Press a reply button of a message on a phone. Nothing if it has no such."""
        message = self._message(phone, message_id)
        button = hands.reply_button(message, index) if message else None
        if message and button:
            hands.press(self, BY_KEY[phone], message, button)
            self._show(phone, message, button.text)

    def choose(self, way: str) -> None:
        """Remember which of the ways messages go."""
        with self._file.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO facts VALUES ('way', ?)", (way,))

    def way(self) -> str:
        """The one that was chosen."""
        with self._file.transaction() as tx:
            return _way(tx)

    def turn(self, key: str) -> None:
        """From now on the providers do this wrong: a key of WEATHERS."""
        with self._file.transaction() as tx:
            weather.turn(tx, weather.WEATHERS[key])

    def _message(self, phone: str, message_id: str) -> PhoneMessage | None:
        found = (one for one in self.snapshot().phones if one.key == phone)
        messages = next(found).messages if phone in BY_KEY else ()
        return next((one for one in messages if one.id == message_id), None)

    def _show(self, phone: str, answered: PhoneMessage, text: str) -> None:
        own = Sent(
            id=str(uuid4()),
            provider=answered.provider,
            channel=answered.channel,
            text=text,
            from_name="",
            own=True,
        )
        with self._file.transaction() as tx:
            phones.write(tx, BY_KEY[phone], own, self.clock.now())

    def give(self, address: str, quirk: Quirk) -> None:
        """From now on, messages to this number or address are treated so."""
        with self._file.transaction() as tx:
            quirks.give(tx, address, quirk)

    def reset(self) -> None:
        """New orders and empty phones. What is in the outbox is still posted."""
        with self._file.transaction() as tx:
            for kept in _FORGOTTEN:
                tx.execute(f"DELETE FROM {kept}")  # noqa: S608  # the names stand above
            phones.clear(tx)
            orders.open_shop(tx)

    def stop(self) -> None:
        """Neither post nor take mail any more."""
        self.postman.stop()
        self.mail.stop()

    def close(self) -> None:
        """Let go of the file. The world must have stopped."""
        self._file.close()


def _way(tx: sqlite3.Connection) -> str:
    row = tx.execute("SELECT value FROM facts WHERE name = 'way'").fetchone()
    return row["value"] if row and row["value"] in ways.WAYS else ways.USUAL


def _view(order: Order) -> OrderView:
    step = orders.next_step(order)
    return OrderView(
        id=order.id,
        name=order.name,
        item=order.article.title,
        customer=order.customer.name,
        phone=order.customer.key,
        state=order.state,
        next_action=step.label if step else None,
        action=step.action if step else None,
    )
