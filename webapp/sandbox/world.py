"""The outside world of the sandbox: a shop, providers, a mail server and the customers' phones.

It speaks to Everreach only over HTTP, signed, as the real ones do. Whatever it will
post it writes down first; the postman posts it when it is due.
"""

from dataclasses import dataclass
from typing import Self

from core.clock import FastClock
from core.config import Settings
from webapp.sandbox import orders, outbox, phones, quirks, shop
from webapp.sandbox.dexatel import Dexatel
from webapp.sandbox.kannel import Kannel
from webapp.sandbox.keys import keys_of, world_file
from webapp.sandbox.mail import MailServer
from webapp.sandbox.meta import MetaCloud
from webapp.sandbox.orders import Order
from webapp.sandbox.phones import PhoneView
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
    """The shop and the phones at one moment."""

    orders: tuple[OrderView, ...]
    phones: tuple[PhoneView, ...]


class World:
    """Everything outside Everreach."""

    def __init__(
        self, file: WorldFile, clock: FastClock, base_url: str, public_url: str
    ) -> None:
        """`base_url` is where this machine reaches Everreach, `public_url` where others do."""
        self.clock = clock
        self._file = file
        self._keys = keys_of(file)
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
            outbox.put(tx, shop.webhook(moved, now, secret), now)
            if orders.restock(tx):
                phones.switch_off_again(tx, now)

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
