"""A real `everreach up` with its children, in a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import requests
from sqlalchemy import func, select, update

from connectors.registry import load_registry
from core.bootstrap import Everreach, open_everreach
from core.config import Settings
from core.services.messages import list_messages
from core.services.views import MessageView
from core.store.tables import attempts, inbox
from tests.support import riverside
from tests.support.processes import descendants, living
from tests.support.standin import StandIn

EVERREACH = Path(sys.executable).with_name("everreach")
CHILDREN = {
    "valkey": "redis.sock",
    "web": "webapp.cli web",
    "worker-inbox": "--lanes inbox",
    "worker-send": "--lanes send",
}

# How long each account waits for WhatsApp, and for what. Each has a Meta number of its own.
ACCOUNTS = {
    "hasty": {"phone_number_id": "101", "wait": "2s", "sms_wait": "4s"},
    "patient": {"phone_number_id": "102", "wait": "2m"},
    "reader": {"phone_number_id": "103", "wait": "2s", "until": "read"},
}
RATES = """rates:
  - {channel: whatsapp, category: utility, price: "0.03"}
  - {channel: sms, price: "0.075"}
"""
WINDOW = 2.0  # of the hasty and the reader

Accounts = Mapping[str, Mapping[str, str]]

OURS = ("EVERREACH_", "DATABASE_URL", "REDIS_URL")

Found = TypeVar("Found")


def until(what: str, find: Callable[[], Found], seconds: float = 20.0) -> Found:
    """Wait until there is something to find; what was found."""
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order that was shipped, to a person whom no other order is for."""

    number: int
    account: str
    name: str
    subject: str
    phone: str

    @classmethod
    def of(cls, number: int, account: str) -> "Order":
        """The order with this number."""
        return cls(
            number=number,
            account=account,
            name=f"#{1000 + number}",
            subject=riverside.subject(number),
            phone=f"+46701{740605 + number}",
        )

    @property
    def body(self) -> dict[str, Any]:
        """What Shopify tells of its shipment."""
        national = f"0{self.phone.removeprefix('+46')}"
        person = {"first_name": "Anna", "last_name": "Lind", "phone": national}
        return riverside.fulfillment(
            self.number, destination={**person, "country_code": "SE"}
        )


class House:
    """One installation and the stand-in that it sends by."""

    def __init__(self, home: Path, providers: StandIn, database_url: str = "") -> None:
        self.providers = providers
        self._numbers = count(1)
        self._log = home / "log"
        self._page = 0
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(OURS)},
            "EVERREACH_HOME": str(home),
            "EVERREACH_PORT": str(port),
            "EVERREACH_PUBLIC_URL": self.url,
            "DATABASE_URL": database_url,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._open = ExitStack()
        self.app: Everreach

    # --- The processes

    def start(self) -> None:
        """Start everything, and wait until it is ready."""
        home = Path(self.env["EVERREACH_HOME"])
        home.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [EVERREACH, "up"], env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        self.await_ready()

    def make_whole(self) -> None:
        """Mend what an earlier test broke, and begin a page of the log."""
        assert self._process
        if self._process.poll() is not None:
            self.start()
        self.await_ready()
        self._page = self._log.stat().st_size

    def await_ready(self) -> None:
        """Until `/readyz` says so."""
        until("everreach is ready", self._is_ready, 60)

    def _is_ready(self) -> bool:
        assert self._process
        assert self._process.poll() is None, "everreach up has ended"
        try:
            return self.get("/readyz").ok
        except requests.RequestException:
            return False

    def set_up(self, accounts: Accounts = ACCOUNTS) -> None:
        """Apply a set-up file for each account."""
        for key, options in accounts.items():
            number = options["phone_number_id"]
            self.providers.webhooks[number] = (
                f"{self.url}/receipts/whatsapp_cloud/{key}.wa"
            )
            at = self.providers.url
            file = Path(self.env["EVERREACH_HOME"]) / f"{key}.yaml"
            text = riverside.setup(account=key, meta=at, twilio=at, **options)
            file.write_text(text + RATES)
            self.everreach("apply", str(file))
        settings = Settings.from_env(self.env)
        self.app = self._open.enter_context(open_everreach(settings, load_registry()))

    def close(self) -> None:
        """Stop everything for good."""
        self._open.close()
        self.stop()

    def stop(self) -> None:
        """Stop everything, whatever state it is in."""
        if self._process and self._process.poll() is None:
            family = self._family()
            self._process.terminate()
            try:
                self._process.wait(20)
            finally:
                _kill(family)
                self._process.wait(5)

    def kill_everything(self) -> None:
        """The power cut of processes."""
        assert self._process
        _kill(self._family())
        self._process.wait(5)

    def kill_supervisor(self) -> None:
        """Kill -9 the supervisor alone; its children must not outlive it."""
        assert self._process
        family = self._family()
        self._process.kill()
        self._process.wait(5)
        until("the children are gone", lambda: not living(family))

    def kill(self, name: str, processes: slice = slice(None)) -> None:
        """Kill -9 a child, or some of its processes; the supervisor starts it again."""
        _kill(self.pids(name)[processes])

    @contextmanager
    def held_up(self, *names: str) -> Iterator[None]:
        """Children that do nothing for a while, and do not know it."""
        pids = [pid for name in names for pid in self.pids(name)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def pids(self, name: str) -> list[int]:
        """The processes of a child, outermost first."""

        def find() -> list[int]:
            words = CHILDREN[name]
            return [pid for pid, command in self._descendants() if words in command]

        return until(f"{name} is running", find)

    def _family(self) -> list[int]:
        assert self._process
        return [self._process.pid, *(pid for pid, _ in self._descendants())]

    def _descendants(self) -> Iterator[tuple[int, str]]:
        assert self._process
        return descendants(self._process.pid)

    # --- From outside

    def everreach(self, *arguments: str) -> str:
        """Run a command; what it printed."""
        ended = subprocess.run(
            [EVERREACH, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def told(self, order: Order) -> dict[str, Any]:
        """What `everreach messages` tells of the one message about an order."""
        (message,) = json.loads(
            self.everreach("messages", "--json", "--subject", order.subject)
        )
        return message

    def get(self, path: str, **query: str) -> requests.Response:
        """Ask the web server."""
        return requests.get(self.url + path, query, timeout=10)

    def post(
        self, path: str, body: bytes, headers: dict[str, str]
    ) -> requests.Response:
        """Post to the web server, once."""
        return requests.post(self.url + path, body, headers=headers, timeout=10)

    def order(self, account: str = "patient") -> Order:
        """An order that no other test has."""
        return Order.of(next(self._numbers), account)

    def hook(
        self, order: Order, *, webhook_id: str = "", **options: str
    ) -> requests.Response:
        """Have Shopify tell that an order was shipped, once."""
        body = json.dumps(order.body).encode()
        webhook_id = webhook_id or f"shipped-{order.name}"
        headers = riverside.shopify_headers(body, webhook_id=webhook_id, **options)
        return self.post(f"/hooks/shopify/{order.account}.shop", body, headers)

    def ship(self, account: str = "patient", **behaviours: Any) -> Order:
        """Ship an order, and have Shopify tell until it is heard.

        `whatsapp=` and `sms=` say what the providers do with the messages about it.
        """
        order = self.order(account)
        self.providers.expect(order.name, **behaviours)
        self.tell(order)
        return order

    def tell(self, order: Order) -> None:
        """Have Shopify tell until it is heard."""

        def heard() -> bool:
            try:
                return self.hook(order).ok
            except requests.RequestException:
                return False

        until("the hook is heard", heard, 30)

    # --- From inside

    def messages(self, order: Order) -> list[MessageView]:
        """The messages about an order."""
        return list_messages(self.app, subject=order.subject, account=order.account)

    def message(self, order: Order) -> MessageView:
        """The only message about an order."""
        (message,) = self.messages(order)
        return message

    def path(self, order: Order) -> list[tuple[str, str]]:
        """The channels that were tried, and how far each got."""
        return [
            (one.channel, one.status)
            for message in self.messages(order)
            for one in message.tries
        ]

    def await_path(
        self, order: Order, *path: tuple[str, str], seconds: float = 20
    ) -> None:
        """Until the tries stand like this."""
        with suppress(AssertionError):
            until("", lambda: self.path(order) == list(path), seconds)
        assert self.path(order) == list(path)

    def await_finished(self, *orders: Order, seconds: float = 30) -> None:
        """Until the cascades of these orders have ended."""

        def finished() -> bool:
            found = [self.messages(order) for order in orders]
            return all(one and one[0].finished_at for one in found)

        until("the cascades have ended", finished, seconds)

    def arrivals(self, delivery_id: str) -> list[tuple[str, str]]:
        """State and reason of what came in with this id."""
        query = select(inbox.c.state, inbox.c.reason).where(
            inbox.c.delivery_id == delivery_id
        )
        with self.app.store.read() as tx:
            return [(state, reason) for state, reason in tx.execute(query)]

    def await_quiet(self) -> None:
        """Until nothing is left to be read or to be sent."""
        until("there is nothing left to do", lambda: not self._has_work())

    def _has_work(self) -> bool:
        unread = select(func.count()).where(inbox.c.state == "waiting")
        unsent = select(func.count()).where(attempts.c.state == "queued")
        with self.app.store.read() as tx:
            return bool(tx.scalar(unread) or tx.scalar(unsent))

    def run_out_lease(self, reference: str) -> None:
        """As if a minute had passed since a worker took this attempt."""
        mine = attempts.c.reference == reference
        now = self.app.clock.wall()
        with self.app.store.write() as tx:
            changed = tx.execute(update(attempts).where(mine).values(lease_until=now))
        assert changed.rowcount == 1

    def complaints(self) -> list[str]:
        """Lines of this page about what no kill explains."""
        words = ("arrival_failed", "lane_failed", "Deadlock")
        return [
            line
            for line in self.page().splitlines()
            if any(map(line.__contains__, words))
        ]

    def page(self) -> str:
        """What was said since the page was turned."""
        return self._log.read_bytes()[self._page :].decode(errors="replace")


@contextmanager
def house(home: Path, database_url: str = "") -> Iterator[House]:
    """A house that is set up and running."""
    providers = StandIn()
    made = House(home, providers, database_url)
    try:
        made.start()
        made.set_up()
        yield made
    except BaseException:
        sys.stderr.write(made.page())
        raise
    finally:
        made.close()
        providers.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # its parent's end was its own
    until("they are gone", lambda: not living(pids))
