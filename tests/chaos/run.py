"""One run: a house, its providers, its platform and its killer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from core.bootstrap import Everreach
from tests.chaos import inside
from tests.chaos.evidence import Evidence
from tests.chaos.killer import Killer
from tests.chaos.plan import ACCOUNTS, plan
from tests.chaos.platform import Platform
from tests.chaos.providers import Providers
from tests.support.house import House
from tests.support.servers import Postgres

SETTLING_SECONDS = 90.0

Look = Callable[[Everreach], dict[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do."""

    seed: int
    cascades: int
    seconds: float  # then nothing more is shipped
    pause: float = 3.0  # between two blows, in the mean
    ahead: int = 200  # so many cascades at once


class Run:
    """From the first event to the last receipt."""

    def __init__(self, task: Task, home: Path, postgres: Postgres | None) -> None:
        self.task = task
        self.plans = [plan(task.seed, n) for n in range(1, task.cascades + 1)]
        self.providers = Providers({one.order.name: one for one in self.plans})
        url = postgres.create(f"chaos_{task.seed}_{time.time_ns()}") if postgres else ""
        self.house = House(home, self.providers, url)
        self.platform = Platform(self.house.url)
        chance = Random(f"{task.seed}:blows")
        self.killer = Killer(self.house, chance, task.pause, postgres)
        self.seconds = 0.0
        self._ended = 0
        self._left: list[str] = []
        self._database_log = postgres.said if postgres else str

    def __enter__(self) -> "Run":
        try:
            self.house.start()
            self.house.set_up(ACCOUNTS)
        except BaseException:
            self.house.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.house.close()

    async def go(self) -> None:
        """Ship under blows, then let everything come to its end."""
        await self.providers.start(self.house.url)
        counting = asyncio.create_task(self._count())
        try:
            began = time.monotonic()
            killing = asyncio.create_task(self.killer.run())
            await self._ship(began + self.task.seconds)
            self.killer.stop()
            await killing
            await self._settle()
            self.seconds = time.monotonic() - began
        finally:
            self.killer.stop()
            counting.cancel()
            await self.platform.close()
            await self.providers.close()

    def evidence(self) -> Evidence:
        """Everything that is known."""
        return Evidence(
            acknowledged=self.platform.acknowledged,
            cancelled=self.platform.cancelled,
            received=self.providers.received,
            told=list(inside.everything(self.house.app)),
            arrivals=inside.arrivals(self.house.app),
            blows=self.killer.blows,
            stuck=self.killer.stuck + self._left + self._wrong(),
            log=self.house.page() + self._database_log(),
        )

    def _wrong(self) -> list[str]:
        return self.platform.errands.wrong + self.providers.errands.wrong

    async def _ship(self, until: float) -> None:
        for number, one in enumerate(self.plans):
            while number - self._ended >= self.task.ahead and time.monotonic() < until:
                await asyncio.sleep(0.05)
            if time.monotonic() > until:
                return
            self.platform.ship(one)
            await asyncio.sleep(0)

    async def _count(self) -> None:
        while True:
            ended = await asyncio.to_thread(inside.ended, self.house.app)
            self._ended = self._ended if ended is None else ended
            await asyncio.sleep(0.5)

    async def _settle(self) -> None:
        """Until nothing is left to do; what is left when patience ends is told."""
        await asyncio.to_thread(self.house.await_ready)
        await self._until_done(inside.work_left)
        await asyncio.to_thread(inside.run_out_leases, self.house.app)
        left = await self._until_done(inside.work_and_leases_left)
        self._left = [f"{name}: {count}" for name, count in left.items()]

    async def _until_done(self, look: Look) -> dict[str, int]:
        end = time.monotonic() + SETTLING_SECONDS
        while (left := await self._left_by(look)) and time.monotonic() < end:
            await asyncio.sleep(0.2)
        return left

    async def _left_by(self, look: Look) -> dict[str, int]:
        left = await asyncio.to_thread(look, self.house.app)
        untold = {
            "unacknowledged events": len(self.platform.errands),
            "unacknowledged receipts": len(self.providers.errands),
        }
        return left | {name: count for name, count in untold.items() if count}
