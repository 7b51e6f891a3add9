"""A shop that is set up: one Shopify connection, WhatsApp, then SMS."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.ports import InboundRequest

SHOP_SECRET = "shop-secret"
ACCESS_TOKEN = "token"
APP_SECRET = "app-secret"
VERIFY_TOKEN = "verify-token"
AUTH_TOKEN = "auth-token"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ACCOUNT_SID = "AC00000000000000000000000000000001"

SETUP = """
account: {{key: {account}, name: Riverside Shop, timezone: Europe/Rome, currency: EUR, country: IT}}
connections:
  - {{key: shop, platform: shopify, config: {{shop: riverside.myshopify.com, client_secret: shop-secret}}}}
senders:
  - {{key: wa, provider: whatsapp_cloud, limits: {{per_second: none, per_person: none}}, config: {{phone_number_id: "{phone_number_id}", access_token: token, app_secret: app-secret, verify_token: verify-token, base_url: "{meta}"}}}}
  - {{key: sms, provider: twilio, config: {{account_sid: AC00000000000000000000000000000001, auth_token: auth-token, from: "+15005550006", base_url: "{twilio}"}}}}
messages:
  - key: shipped
    whatsapp: {{template: order_shipped, language: en, body: ["{{{{ recipient.first_name }}}}", "{{{{ order.name }}}}"]}}
    sms: "{{{{ order.name }}}} is on its way: {{{{ tracking.url | default('soon') }}}}"
reminders:
  - key: order-shipped
    on: order.shipped
    message: shipped
    steps:
      - {{channel: whatsapp, sender: wa, until: {until}, wait: {wait}}}
      - {{channel: sms, sender: sms, wait: {sms_wait}}}
"""


def setup(
    *,
    meta: str = "https://graph.facebook.com",
    twilio: str = "https://api.twilio.com",
    until: str = "delivered",
    wait: str = "30m",
    sms_wait: str = "24h",
    account: str = "riverside",
    phone_number_id: str = "100",
) -> str:
    """The set-up file."""
    return SETUP.format(
        meta=meta,
        twilio=twilio,
        until=until,
        wait=wait,
        sms_wait=sms_wait,
        account=account,
        phone_number_id=phone_number_id,
    )


def fulfillment(number: int = 1, **more: Any) -> dict[str, Any]:
    """A `fulfillments/create` body. The id exceeds 2**53, as Shopify's may."""
    return {
        "id": 9_007_199_254_740_993 + number,
        "order_id": 8_007_199_254_740_993 + number,
        "name": f"#{1000 + number}.1",
        "status": "success",
        "shipment_status": None,
        "email": "anna@example.com",
        "tracking_company": "PostNord",
        "tracking_number": f"RR{number:09}SE",
        "tracking_numbers": [f"RR{number:09}SE"],
        "tracking_url": f"https://track.example/RR{number:09}SE",
        "tracking_urls": [f"https://track.example/RR{number:09}SE"],
        "destination": {
            "first_name": "Anna",
            "last_name": "Lind",
            "phone": "070-174 06 05",
            "country_code": "SE",
        },
        "line_items": [{"title": "Moka pot", "quantity": 1, "requires_shipping": True}],
        **more,
    }


def subject(number: int = 1) -> str:
    """What the fulfillment's occasion is called."""
    return f"shopify:fulfillment:{fulfillment(number)['id']}"


def shopify_headers(
    body: bytes,
    *,
    webhook_id: str = "w1",
    topic: str = "fulfillments/create",
    secret: str = SHOP_SECRET,
) -> dict[str, str]:
    """The headers that Shopify signs and sends."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": "riverside.myshopify.com",
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Event-Id": f"e-{webhook_id}",
    }


def shipped(body: Mapping[str, Any] | None = None, **headers: str) -> InboundRequest:
    """A signed delivery, as the hook sees it."""
    raw = json.dumps(body or fulfillment()).encode()
    names = shopify_headers(raw, **headers)
    return InboundRequest(
        method="POST",
        url="https://msg.example/hooks/shopify/riverside.shop",
        headers={name.lower(): value for name, value in names.items()},
        body=raw,
        received_at=NOW,
    )


def meta_status(
    status: str,
    reference: str | None,
    *,
    wamid: str = "wamid.1",
    at: int = 1795435300,
    code: int | None = None,
) -> dict[str, Any]:
    """One entry of Meta's `statuses`."""
    told: dict[str, Any] = {
        "id": wamid,
        "status": status,
        "timestamp": str(at),
        "recipient_id": "46701740605",
    }
    if reference:
        told["biz_opaque_callback_data"] = reference
    if code:
        detail = {"details": "Message Undeliverable."}
        told["errors"] = [
            {"code": code, "title": "Undeliverable", "error_data": detail}
        ]
    return told


def meta_body(*statuses: Mapping[str, Any], **more: Any) -> bytes:
    """Meta's webhook with these statuses in one batch."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "46850000000", "phone_number_id": "100"},
        "statuses": list(statuses),
        **more,
    }
    change = {"field": "messages", "value": value}
    entry = {"id": "200", "changes": [change]}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [entry]}
    ).encode()


def meta_reply(wamid: str | None, text: str, *, at: int = 1795435400) -> bytes:
    """Meta's webhook with what Anna wrote to answer a message."""
    message = {
        "from": "46701740605",
        "id": f"wamid.reply.{wamid}",
        "timestamp": str(at),
        "type": "text",
        "text": {"body": text},
        "context": {"id": wamid},
    }
    return meta_body(messages=[message])


def meta_headers(body: bytes) -> dict[str, str]:
    """Meta's signature."""
    digest = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def twilio_signature(url: str, form: Mapping[str, str]) -> str:
    """Twilio's signature of a form posted to a URL."""
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
