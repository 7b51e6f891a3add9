"""Put one installation together. The only place that knows which parts are used."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Any

import structlog

from core.away import Late
from core.clock import FastClock, SystemClock
from core.config import Settings
from core.ports import ChannelConnector, Clock, PlatformConnector, Registry
from core.queue import Bell
from core.store.arrivals import Arrivals, Known
from core.store.engine import Store
from core.store.origins import Origin
from core.store.together import Together
from core.store.turns import Turns
from core.values import dataclass
from core.vault import Vault
from core.wire import Wire

Connector = ChannelConnector | PlatformConnector


@dataclass(frozen=True, slots=True, kw_only=True)
class Everreach:
    """One installation, opened. `origins` is what the door remembers."""

    settings: Settings
    clock: Clock
    store: Store
    vault: Vault
    bell: Bell
    wire: Wire
    registry: Registry
    keep_together: Together[Known, int | None]
    origins: dict[tuple[str, str, str], Origin] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    late: Late = field(default_factory=Late)
    _configs: dict[tuple[str, bytes, str], Any] = field(default_factory=dict)

    def config_of(self, connector: Connector, row: Mapping[str, Any]) -> Any:
        """The config of a stored connection or sender. Raises SetupError.

        Unsealing and checking cost more than sending, so what was read stays in memory until
        the row says something else.
        """
        key = (connector.name, row["secrets"], repr(row["config"]))
        if key not in self._configs:
            values = {**row["config"], **self.vault.unseal(row["secrets"])}
            path = f"{row['key']}.config"
            self._configs[key] = self.registry.load_config(connector, values, path)
        return self._configs[key]


@contextmanager
def open_everreach(settings: Settings, registry: Registry) -> Iterator[Everreach]:
    """Open an installation and close it again. Raises SetupError."""
    configure_logging(settings.log_level)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = (
        FastClock(settings.home / "clock.json") if settings.sandbox else SystemClock()
    )
    store = Store(settings.database_url)
    arrivals = Arrivals(store)
    app = Everreach(
        settings=settings,
        clock=clock,
        store=store,
        vault=Vault.open(settings.home, os.environ),
        bell=Bell(settings.redis_url, clock),
        wire=Wire(loopback_only=settings.sandbox),
        registry=registry,
        keep_together=Together(arrivals.keep),
    )
    try:
        yield app
    finally:
        app.late.close()
        app.wire.close()
        app.bell.close()
        arrivals.close()
        store.close()


def configure_logging(level: str) -> None:
    """One event a line, as key=value, on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=("timestamp", "level", "event"), bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(level.upper())
        ),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
