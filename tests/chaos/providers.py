"""Meta and Twilio again, on one thread, going by plans. They remember everything."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from socket import create_server

from tests.chaos.errands import Errands
from tests.chaos.plan import PAIR_LIMIT, Plan, Report, Way
from tests.chaos.wire import Answer, Client, Request, Server
from tests.support.standin import Behaviour, Message, Meta, Provider, Sent, Twilio

PAIR_BUSY = Way(
    kind="is busy, by receipt",
    reports=(Report(statuses=("failed",), after=0.2),),
    code=PAIR_LIMIT,
)


@dataclass(slots=True, kw_only=True)
class Received:
    """A message that came in, and what was said of it."""

    sent: Sent
    way: Way
    turned_away: bool  # too busy: told at once, or in a receipt
    told: set[str] = field(default_factory=set)  # in receipts that were taken


class Providers:
    """Both at one address. Has what a house asks of its stand-in."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self.webhooks: dict[str, str] = {}
        self.received: list[Received] = []
        self.posted = 0
        self.errands = Errands()
        self._plans = plans
        self._kinds: tuple[Provider, ...] = (Meta(self.webhooks), Twilio())
        self._seen: dict[tuple[str, str], int] = {}
        listening = create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = Server(listening, self._answer)
        self._client: Client

    async def start(self, house_url: str) -> None:
        """Take messages, and report to this house."""
        self._client = Client(house_url, connections=8)
        await self._server.start()

    async def close(self) -> None:
        """Forget what was still to be told."""
        await self.errands.close()
        await self._client.close()
        await self._server.close()

    async def _answer(self, request: Request) -> Answer | None:
        try:
            return await self._decide(request)
        except Exception as error:
            self.errands.wrong.append(repr(error))
            return 500, {}

    async def _decide(self, request: Request) -> Answer | None:
        if request.method == "GET":
            return 404, {}  # what became of a message is told in receipts alone
        provider = next(p for p in self._kinds if p.path.fullmatch(request.path))
        assert provider.knows(request.authorization), request.path
        one = self._receive(provider, provider.read(request.path, request.body))
        self._schedule(provider, one)
        await asyncio.sleep(one.way.takes)
        if one.turned_away and not one.sent.taken:
            return provider.too_busy()
        if one.way.refuses:
            return provider.no(one.way.refuses)
        return None if one.way.hangs_up else provider.yes(one.sent)

    def _receive(self, provider: Provider, message: Message) -> Received:
        found = re.search(r"#\d+", message.text)
        assert found
        key = (found[0], provider.channel)
        way = self._plans[found[0]].ways[provider.channel]
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        busy = before < way.busy
        late_word = busy and way.busy_by_receipt
        one = Received(
            sent=Sent(
                channel=provider.channel,
                reference=message.reference,
                to=message.to,
                order=found[0],
                at=datetime.now(UTC),
                id=f"{provider.channel}.{len(self.received)}",
                callback=message.callback,
                taken=late_word or not (busy or way.refuses),
            ),
            way=PAIR_BUSY if late_word else way,
            turned_away=busy,
        )
        self.received.append(one)
        return one

    def _schedule(self, provider: Provider, one: Received) -> None:
        if not one.sent.taken:
            return
        for report in one.way.reports:
            self.errands.start(self._tell(provider, one, report))

    async def _tell(self, provider: Provider, one: Received, report: Report) -> None:
        await asyncio.sleep(report.after)
        like = Behaviour(code=one.way.code, tells_reference=one.way.tells_reference)
        told = [(one.sent, status) for status in report.statuses]
        for post in list(provider.receipts(told, like)) * report.times:
            await self._client.tell(post.url, post.body, post.headers)
            self.posted += 1
        one.told.update(report.statuses)
