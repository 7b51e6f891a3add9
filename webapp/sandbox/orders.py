"""The shop's orders: what is on the shelf, and how far each parcel has come."""

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from webapp.sandbox.cast import ARTICLES, BY_KEY, BY_SKU, CUSTOMERS, Article, Customer
from webapp.sandbox.store import moment, seconds

_FIRST_NUMBER: Final = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order for one article, sent in one parcel."""

    id: str
    number: int
    customer: Customer
    article: Article
    state: str
    fulfillment_id: int
    tracking: str
    shipped_at: datetime | None = None

    @property
    def name(self) -> str:
        """What the shop calls it."""
        return f"#{self.number}"


class Step(NamedTuple):
    """What can be done with an order, and the state it is in then."""

    label: str
    action: str
    state: str


_STEPS: Final = {
    "new": Step("Ship", "ship", "shipped"),
    "shipped": Step("Out for delivery", "out_for_delivery", "out_for_delivery"),
    "out_for_delivery": Step("Deliver", "delivered", "delivered"),
}


def next_step(order: Order) -> Step | None:
    """None if it has been delivered."""
    return _STEPS.get(order.state)


def all_orders(tx: sqlite3.Connection) -> list[Order]:
    """In the order of their numbers."""
    return [_order(row) for row in tx.execute("SELECT * FROM orders ORDER BY number")]


def find(tx: sqlite3.Connection, order_id: str) -> Order | None:
    """One order."""
    row = tx.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    return _order(row) if row else None


def advance(tx: sqlite3.Connection, order: Order, state: str, now: datetime) -> Order:
    """The order in its new state."""
    later = replace(order, state=state, shipped_at=order.shipped_at or now)
    tx.execute(
        "UPDATE orders SET state = ?, shipped_at = ? WHERE id = ?",
        (later.state, seconds(later.shipped_at), later.id),
    )
    return later


def open_shop(tx: sqlite3.Connection) -> None:
    """The first eight orders; every customer has one at least."""
    tx.execute("DELETE FROM orders")
    _take_orders(tx, (*CUSTOMERS, *CUSTOMERS[:2]))


def restock(tx: sqlite3.Connection) -> bool:
    """If nothing is left to ship, clear away what is done and take new orders."""
    if any(order.state == "new" for order in all_orders(tx)):
        return False
    tx.execute("DELETE FROM orders WHERE state = 'delivered'")
    _take_orders(tx, CUSTOMERS)
    return True


def _take_orders(tx: sqlite3.Connection, customers: Iterable[Customer]) -> None:
    for customer in customers:
        number = _next_number(tx)
        tx.execute(
            "INSERT INTO orders"
            " (id, number, phone, sku, state, fulfillment_id, tracking)"
            " VALUES (?, ?, ?, ?, 'new', ?, ?)",
            (
                str(_long_id()),
                number,
                customer.key,
                ARTICLES[(number - _FIRST_NUMBER) % len(ARTICLES)].sku,
                _long_id(),
                f"RS{secrets.randbelow(10**9):09}SE",
            ),
        )


def _next_number(tx: sqlite3.Connection) -> int:
    """Goes on after a reset, so that no two orders ever share a name."""
    row = tx.execute(
        "INSERT INTO facts VALUES ('last_number', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
        " RETURNING value",
        (str(_FIRST_NUMBER),),
    ).fetchone()
    return int(row["value"])


def _long_id() -> int:
    """Longer than a float is exact, as many of Shopify's are."""
    return 5 * 10**18 + secrets.randbelow(4 * 10**18)


def _order(row: sqlite3.Row) -> Order:
    return Order(
        id=row["id"],
        number=row["number"],
        customer=BY_KEY[row["phone"]],
        article=BY_SKU[row["sku"]],
        state=row["state"],
        fulfillment_id=row["fulfillment_id"],
        tracking=row["tracking"],
        shipped_at=moment(row["shipped_at"]),
    )
