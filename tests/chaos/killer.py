"""Kills what the house is made of, at random, for as long as it is let."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

from redis.exceptions import RedisError

from tests.support.house import CHILDREN, House
from tests.support.servers import Postgres

Blow = Callable[[], None]


class Killer:
    """One blow after the other; what was killed must come back by itself."""

    def __init__(
        self, house: House, chance: Random, pause: float, postgres: Postgres | None
    ) -> None:
        self.blows: Counter[str] = Counter()
        self.stuck: list[str] = []
        self._house, self._chance, self._pause = house, chance, pause
        self._postgres = postgres
        self._stop = asyncio.Event()
        self._blows: dict[str, tuple[int, Blow]] = {
            **{name: (3, self._child(name)) for name in CHILDREN},
            "web's process": (2, lambda: house.kill("web", slice(-1, None))),
            "both workers": (2, self._both_workers),
            "Redis flushed": (3, self._flush),
            "supervisor": (2, self._supervisor),
            "everything": (1, self._everything),
            **({"postgres": (3, self._database)} if postgres else {}),
        }

    async def run(self) -> None:
        """Until `stop`."""
        while not self._stop.is_set():
            with suppress(TimeoutError):
                pause = self._chance.uniform(0.5, 1.5) * self._pause
                await asyncio.wait_for(self._stop.wait(), pause)
                return
            await asyncio.to_thread(self._strike)

    def stop(self) -> None:
        """No further blow."""
        self._stop.set()

    def _strike(self) -> None:
        weights = [weight for weight, _ in self._blows.values()]
        (name,) = self._chance.choices(list(self._blows), weights)
        self.blows[name] += 1
        try:
            self._blows[name][1]()
        except (AssertionError, RuntimeError) as error:
            self.stuck.append(f"{name} (blow {self.blows.total()}): {error}")

    def _child(self, name: str) -> Blow:
        return lambda: self._house.kill(name)

    def _both_workers(self) -> None:
        self._house.kill("worker-inbox")
        self._house.kill("worker-send")

    def _flush(self) -> None:
        with suppress(RedisError):  # it has just been killed
            self._house.app.bell.redis.flushall()

    def _supervisor(self) -> None:
        self._house.kill_supervisor()
        self._house.start()

    def _everything(self) -> None:
        self._house.kill_everything()
        time.sleep(self._chance.uniform(0, 2))
        self._house.start()

    def _database(self) -> None:
        assert self._postgres
        self._postgres.kill()
        time.sleep(self._chance.uniform(0, 2))
        self._postgres.start()
