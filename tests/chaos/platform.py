"""Shopify, as far as it matters: it repeats an event until it hears a 200."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.chaos.errands import Errands
from tests.chaos.plan import Copy, Plan
from tests.chaos.wire import Client
from tests.support import riverside
from tests.support.house import Order


class Platform:
    """Tells of orders, and remembers which deliveries were acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: dict[Order, set[str]] = {}
        self.cancelled: dict[Order, datetime] = {}
        self.posted = 0
        self.errands = Errands()
        self._url = url
        self._client = Client(url, connections=8)

    def ship(self, plan: Plan) -> None:
        """Begin to tell of an order."""
        self.acknowledged[plan.order] = set()
        for copy in plan.copies:
            self.errands.start(self._tell(plan, copy))

    async def close(self) -> None:
        """Forget what was still to be told."""
        await self.errands.close()
        await self._client.close()

    async def _tell(self, plan: Plan, copy: Copy) -> None:
        order = plan.order
        await asyncio.sleep(copy.after)
        await self._post(order, order.body, copy.webhook_id, "fulfillments/create")
        self.acknowledged[order].add(copy.webhook_id)
        if plan.cancelled_after is not None and copy is plan.copies[0]:
            await asyncio.sleep(plan.cancelled_after)
            await self._cancel(order)

    async def _cancel(self, order: Order) -> None:
        body = {**order.body, "status": "cancelled"}
        webhook_id = f"cancelled-{order.name}"
        await self._post(order, body, webhook_id, "fulfillments/update")
        self.cancelled[order] = datetime.now(UTC)
        self.acknowledged[order].add(webhook_id)

    async def _post(
        self, order: Order, told: Mapping[str, Any], webhook_id: str, topic: str
    ) -> None:
        body = json.dumps(told).encode()
        headers = riverside.shopify_headers(body, webhook_id=webhook_id, topic=topic)
        url = f"{self._url}/hooks/shopify/{order.account}.shop"
        await self._client.tell(url, body, headers)
        self.posted += 1
