"""What every measurement needs: rounds, an installation, a server."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.services.setup import apply
from core.store import migrate
from tests.support import clinic, riverside
from webapp.cli import REQUESTS_AT_ONCE

ROUNDS = 5
TURNS = 5 * ROUNDS  # of two in turns: one turn differs from the next by a tenth
# Limits are looked at, but it is not they that are measured.
UNHURRIED = (
    "{per_second: none, per_person: none}",
    "{per_second: 1000000, per_person: 6s}",
)


# What waits for its time, beside what the shop sends at once.
DESK = f"""connections:
  - {{key: desk, platform: webhook, config: {{secret: {clinic.SECRET}}}}}
"""
REMINDED = """reminders:
  - key: appointment-soon
    on: appointment.booked
    message: appointment
    send: 24h before
    steps:
      - {channel: whatsapp, sender: wa, until: delivered, wait: 30m}
      - {channel: sms, sender: sms}
"""
MESSAGES = """messages:
  - key: appointment
    whatsapp: {template: appointment, language: en, body: ["{{ recipient.first_name }}", "{{ appointment.title }}"]}
    sms: "{{ appointment.title }} is tomorrow"
"""


def median_of(measure: Callable[[], float]) -> float:
    """The median of several rounds, after one that does not count."""
    measure()
    return statistics.median(measure() for _ in range(ROUNDS))


def in_turns(
    ours: Callable[[], float], other: Callable[[], float]
) -> tuple[float, float, float]:
    """The medians of two, and that of what one was to the other in each turn.

    Whatever else the machine does meets both in a turn: what their medians are to each other
    differs twice as much from one run to the next.
    """
    turns = [(ours(), other()) for _ in range(TURNS + 1)][1:]
    both = (statistics.median(each) for each in zip(*turns, strict=True))
    return *both, statistics.median(one / two for one, two in turns)


def percentile(figures: list[float], share: float) -> float:
    """The figure that this share of them does not exceed."""
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * share))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an installation is kept."""

    home: Path
    database_url: str
    redis_url: str

    @property
    def env(self) -> dict[str, str]:
        """Its settings."""
        return {
            "EVERREACH_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "EVERREACH_LOG": "error",
        }


@contextmanager
def installation(place: Place, provider: str) -> Iterator[Everreach]:
    """An installation that is set up to send to a provider."""
    settings = Settings.from_env(place.env)
    migrate.upgrade(settings)
    with open_everreach(settings, load_registry()) as app:
        apply(app, _setup(provider), {})
        yield app


def _setup(provider: str) -> str:
    text = riverside.setup(meta=provider).replace(*UNHURRIED)
    for section in (DESK, MESSAGES, REMINDED):
        head = section.partition("\n")[0] + "\n"
        text = text.replace(head, section, 1)
    return text


@contextmanager
def granian(
    target: str, *, factory: bool = False, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A WSGI app on the server that we use, with the settings that we use; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "1"]
    options += ["--blocking-threads", str(REQUESTS_AT_ONCE), "--log-level", "error"]
    command = [sys.executable, "-m", "granian", *options, target]
    server = subprocess.Popen(
        command + (["--factory"] if factory else []), env={**os.environ, **(env or {})}
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
