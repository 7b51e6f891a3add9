"""What the shop's platform posts when a parcel moves: Shopify's fulfillment webhooks.

https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-fulfillments/create
"""

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from webapp.sandbox import signing
from webapp.sandbox.cast import CURRENCY, SHOP_DOMAIN, TIME_ZONE
from webapp.sandbox.orders import Order
from webapp.sandbox.outbox import Webhook

PATH: Final = "/hooks/shopify/sandbox.shop"
API_VERSION: Final = "2026-10"

# Eight, as Shopify's own, but within an hour instead of four.
_RETRIES: Final = (5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0)


def webhook(order: Order, now: datetime, secret: str, site: str) -> Webhook:
    """What Shopify posts now that the order is in its state; `site` is where one tracks it."""
    shipped = order.state == "shipped"
    body = json.dumps(fulfillment(order, now, site), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": "fulfillments/create" if shipped else "fulfillments/update",
        "X-Shopify-Hmac-Sha256": signing.shopify(secret, body),
        "X-Shopify-Shop-Domain": SHOP_DOMAIN,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": str(uuid4()),
        "X-Shopify-Event-Id": str(uuid4()),
        "X-Shopify-Triggered-At": _utc(now),
        "X-Shopify-Name": "fulfillments",
    }
    return Webhook(path=PATH, headers=headers, body=body, retries=_RETRIES)


def fulfillment(order: Order, now: datetime, site: str) -> dict[str, Any]:
    """The parcel as Shopify words it."""
    url = f"{site}/sandbox/track/{order.tracking}"
    return {
        "id": order.fulfillment_id,
        "order_id": int(order.id),
        "status": "success",
        "created_at": _local(order.shipped_at or now),
        "service": "manual",
        "updated_at": _local(now),
        "tracking_company": "Riverside Parcels",
        "shipment_status": None if order.state == "shipped" else order.state,
        "location_id": 655441491,
        "origin_address": None,
        "email": order.customer.email,
        "destination": _destination(order),
        "line_items": [_line_item(order)],
        "tracking_number": order.tracking,
        "tracking_numbers": [order.tracking],
        "tracking_url": url,
        "tracking_urls": [url],
        "receipt": {},
        "name": f"{order.name}.1",
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{order.fulfillment_id}",
    }


def _destination(order: Order) -> dict[str, Any]:
    customer = order.customer
    return {
        "first_name": customer.first_name,
        "address1": customer.street,
        "phone": customer.typed,
        "city": customer.city,
        "zip": customer.zip,
        "province": None,
        "country": "Sweden",
        "last_name": customer.last_name,
        "address2": None,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": customer.name,
        "country_code": "SE",
        "province_code": None,
    }


def _line_item(order: Order) -> dict[str, Any]:
    article = order.article
    line_id = order.fulfillment_id + 1
    return {
        "id": line_id,
        "variant_id": line_id + 1,
        "title": article.title,
        "quantity": 1,
        "sku": article.sku,
        "variant_title": None,
        "vendor": "Riverside",
        "fulfillment_service": "manual",
        "product_id": line_id + 2,
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "name": article.title,
        "variant_inventory_management": "shopify",
        "properties": [],
        "product_exists": True,
        "fulfillable_quantity": 0,
        "grams": article.grams,
        "price": article.price,
        "total_discount": "0.00",
        "fulfillment_status": "fulfilled",
        "price_set": _money(article.price),
        "total_discount_set": _money("0.00"),
        "discount_allocations": [],
        "duties": [],
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "tax_lines": [],
    }


def _money(amount: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": CURRENCY}
    return {"shop_money": money, "presentment_money": money}


def _local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(TIME_ZONE)).isoformat(timespec="seconds")


def _utc(at: datetime) -> str:
    """With nanoseconds, as Shopify writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
