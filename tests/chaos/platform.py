"""Shopify, as far as it matters: it repeats an event until it hears a 200."""

import asyncio
import json

from tests.chaos.errands import Errands
from tests.chaos.plan import Copy, Plan
from tests.chaos.wire import Client
from tests.support import riverside
from tests.support.house import Order


class Platform:
    """Tells of orders, and remembers which deliveries were acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: dict[Order, set[str]] = {}
        self.posted = 0
        self.errands = Errands()
        self._url = url
        self._client = Client(url, connections=8)

    def ship(self, plan: Plan) -> None:
        """Begin to tell of an order."""
        self.acknowledged[plan.order] = set()
        for copy in plan.copies:
            self.errands.start(self._tell(plan.order, copy))

    async def close(self) -> None:
        """Forget what was still to be told."""
        await self.errands.close()
        await self._client.close()

    async def _tell(self, order: Order, copy: Copy) -> None:
        await asyncio.sleep(copy.after)
        body = json.dumps(order.body).encode()
        headers = riverside.shopify_headers(body, webhook_id=copy.webhook_id)
        url = f"{self._url}/hooks/shopify/{order.account}.shop"
        await self._client.tell(url, body, headers)
        self.acknowledged[order].add(copy.webhook_id)
        self.posted += 1
