"""Shopify: what became of an order's shipments.

Deliveries: https://shopify.dev/docs/apps/build/webhooks/delivery-structure
Signatures: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
Fulfillments: https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment

Each fulfillment is one shipment and one occasion: an order in two parcels is announced twice.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from shopify.utils.shop_url import sanitize_shop_domain

from connectors.config import setting
from connectors.payload import Json, parse
from connectors.signatures import hmac_base64, matches
from core.errors import BadSignature
from core.ports import Contact, Happening, Ignored, InboundRequest
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One shop and the app in it that tells us things."""

    shop: str = setting(
        label="Shop address",
        help="The shop's own address at Shopify, such as my-shop.myshopify.com",
        pattern=r"^[0-9A-Za-z][0-9A-Za-z-]*\.myshopify\.com$",
    )
    client_secret: tuple[str, ...] = setting(
        label="Client secret",
        help="The app's client secret, which signs its webhooks; several while it changes",
        secret=True,
    )


class Shopify:
    """The connector."""

    name = "shopify"
    Config: type[Any] = Settings

    def verify(self, request: InboundRequest, config: Settings) -> None:
        """Raises BadSignature unless the app's secret signed the body, for this shop.

        Shopify signs neither the headers nor the time.
        """
        expected = (hmac_base64(s, request.body) for s in config.client_secret)
        if not matches(_header(request, "hmac-sha256"), expected):
            raise BadSignature("X-Shopify-Hmac-Sha256 does not match the body")
        shop = _domain(_header(request, "shop-domain"))
        if shop is None or shop != _domain(config.shop):
            raise BadSignature("X-Shopify-Shop-Domain is another shop")

    def topic(self, request: InboundRequest) -> str:
        """Such as `fulfillments/create`."""
        return _header(request, "topic")

    def delivery_id(self, request: InboundRequest) -> str:
        """The webhook id, which every repetition of a delivery carries."""
        return _header(request, "webhook-id")

    def translate(self, request: InboundRequest) -> Sequence[Happening] | Ignored:
        """What became of a shipment. Raises Malformed."""
        topic = self.topic(request)
        if read := _TOPICS.get(topic):
            return read(parse(request.body))
        return Ignored(reason=f"topic {topic} is not used")


PLATFORM = Shopify()

# The same few shops are named again and again.
_domain = lru_cache(maxsize=1024)(sanitize_shop_domain)


def _header(request: InboundRequest, name: str) -> str:
    # Shopify's newer "Events" drop the X- of its webhooks.
    headers = request.headers
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}", "")


def _created(fulfillment: Json) -> Sequence[Happening] | Ignored:
    status = fulfillment["status"].text_or_empty()
    if status != "success":
        return Ignored(reason=f"the fulfillment's status is {status or 'not given'}")
    items = [
        item["requires_shipping"].value for item in fulfillment["line_items"].each()
    ]
    if items and all(needs is False for needs in items):
        return Ignored(reason="nothing in it needs shipping")
    return [_shipment("order.shipped", fulfillment)]


def _updated(fulfillment: Json) -> Sequence[Happening] | Ignored:
    status = fulfillment["status"].text_or_empty()
    if status == "cancelled":
        return [_shipment("order.shipment_cancelled", fulfillment)]
    if status in _UNDONE:
        return Ignored(reason=f"the fulfillment's status is {status}")
    progress = fulfillment["shipment_status"].text_or_empty()
    if event := _PROGRESS.get(progress):
        return [_shipment(event, fulfillment)]
    return Ignored(reason=f"shipment status {progress or 'none'} is not used")


def _called_off(order: Json) -> Sequence[Happening] | Ignored:
    # The order's address is not the shipment's own, which an earlier event has told.
    shipments = [
        Happening(
            name="order.shipment_cancelled",
            subject=_subject(shipment["id"]),
            contact=Contact(),
            fields={},
        )
        for shipment in order["fulfillments"].each()
    ]
    return shipments or Ignored(reason="nothing of the order was shipped")


def _progressed(event: Json) -> Sequence[Happening] | Ignored:
    status = event["status"].text_or_empty()
    if status not in _PROGRESS:
        return Ignored(reason=f"shipment status {status or 'none'} is not used")
    happening = Happening(
        name=_PROGRESS[status],
        subject=_subject(event["fulfillment_id"]),
        contact=Contact(),
        fields={"order.id": str(event["order_id"].integer())},
    )
    return [happening]


_TOPICS: Mapping[str, Callable[[Json], Sequence[Happening] | Ignored]] = {
    "fulfillments/create": _created,
    "fulfillments/update": _updated,
    "fulfillment_events/create": _progressed,
    "orders/cancelled": _called_off,
}
_PROGRESS = {
    "out_for_delivery": "order.out_for_delivery",
    "delivered": "order.delivered",
}
_UNDONE = {"error", "failure"}


def _shipment(event: str, fulfillment: Json) -> Happening:
    return Happening(
        name=event,
        subject=_subject(fulfillment["id"]),
        contact=_contact(fulfillment),
        fields=dict(_fields(fulfillment)),
    )


def _subject(identifier: Json) -> str:
    # Ids are longer than a float is exact, so one that came as a float is another's.
    return f"shopify:fulfillment:{identifier.integer()}"


def _contact(fulfillment: Json) -> Contact:
    address = fulfillment["destination"]
    return Contact(
        phones=_if_any(address["phone"]),
        countries=_if_any(address["country_code"]),
        email=fulfillment["email"].text_or_empty(),
        first_name=address["first_name"].text_or_empty(),
        last_name=address["last_name"].text_or_empty(),
    )


def _if_any(value: Json) -> tuple[str, ...]:
    text = value.text_or_empty().strip()
    return (text,) if text else ()


def _fields(fulfillment: Json) -> Iterator[tuple[str, str]]:
    yield "order.id", str(fulfillment["order_id"].integer())
    # "#9999.1" is the first shipment of order "#9999".
    yield "order.name", re.sub(r"\.[0-9]+$", "", fulfillment["name"].text())
    if total := _total(fulfillment):
        yield "shipment.total", total
    for currency in _currencies(fulfillment):
        yield "order.currency", currency
    for part in ("number", "url", "company"):
        for text in _if_any(fulfillment[f"tracking_{part}"]):
            yield f"tracking.{part}", text


def _total(fulfillment: Json) -> str:
    """What the shipped items cost, `""` if that is not told. Discounts on all of the order and
    shipping are not in it.
    """
    costs = [_cost(item) for item in fulfillment["line_items"].each()]
    known = [cost for cost in costs if cost is not None]
    return str(sum(known)) if known and len(known) == len(costs) else ""


def _currencies(fulfillment: Json) -> Iterator[str]:
    """What the items' prices are in: the shop's own currency."""
    for item in fulfillment["line_items"].each():
        yield from _if_any(item["price_set"]["shop_money"]["currency_code"])


def _cost(item: Json) -> Decimal | None:
    price, discount = _amount(item["price"]), _amount(item["total_discount"])
    quantity = item["quantity"].value
    if price is None or not isinstance(quantity, int):
        return None
    # The discount is that of the order's line, of which this may be only a part.
    return max(price * quantity - (discount or 0), Decimal(0))


def _amount(value: Json) -> Decimal | None:
    told = value.value
    is_plain = isinstance(told, str) and re.fullmatch(_AMOUNT, told)
    return Decimal(told) if is_plain else None


_AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,6})?"
