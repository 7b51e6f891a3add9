"""What `everreach up` checks, starts and says."""

import contextlib
import errno
import fcntl
import http.client
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import click

from core.config import Settings
from core.errors import SetupError
from webapp import valkey
from webapp.supervisor import Child, Say, Supervisor

READY_SECONDS: Final = 30.0
_VALKEY_SECONDS: Final = 30.0


def up(settings: Settings, env: Mapping[str, str]) -> int:
    """Run Everreach until asked to stop, and return the exit code. Raises SetupError."""
    say = speaker()
    with Supervisor(say).signals() as supervisor:
        make_home(settings.home)
        with locked(settings.lock_file):
            check_port(settings.host, settings.port)
            check_redis(settings)
            return Tree(settings, env, supervisor, say).run()


class Tree:
    """The children of one installation."""

    def __init__(
        self,
        settings: Settings,
        env: Mapping[str, str],
        supervisor: Supervisor,
        say: Say,
    ) -> None:
        """Nothing is started yet."""
        self._settings = settings
        self._env = {**env, "EVERREACH_SANDBOX": "1"} if settings.sandbox else dict(env)
        self._supervisor = supervisor
        self._say = say
        self._valkey: list[Child] = []
        self._web = [self._everreach("web", "web")]
        self._workers = [
            self._everreach(f"worker-{lane}", "worker", "--lanes", lane)
            for lane in ("inbox", "send")
        ]

    def run(self) -> int:
        """Start everything, keep it running, stop it in order."""
        self._greet()
        try:
            self._start_valkey()
            _upgrade(self._settings)
            self._supervisor.add(*self._web, *self._workers)
            self._supervisor.keep(meanwhile=Readiness(self._settings, self._say))
            self._say("Stopping. Press Ctrl-C again to stop at once.")
        finally:
            self._supervisor.stop([self._web, self._workers, self._valkey])
        self._say("Everreach has stopped.")
        return 130 if self._supervisor.hurried else 0

    def _greet(self) -> None:
        sandbox = " in the sandbox, where nobody is really written to"
        self._say(f"Starting Everreach{sandbox if self._settings.sandbox else ''}.")
        self._say(f"Its data is in {self._settings.home}. Press Ctrl-C to stop.")

    def _start_valkey(self) -> None:
        if not self._settings.embedded_redis:
            return
        valkey.prepare(self._settings)
        server = Child("valkey", valkey.command(self._settings), self._env, self._say)
        self._valkey.append(server)
        self._supervisor.add(server)
        self._await_valkey(server)

    def _await_valkey(self, server: Child) -> None:
        """Wait while it reads its file. A big one takes a moment."""

        def decided() -> bool:
            return valkey.ping(self._settings.redis_url) is None or not server.running

        self._supervisor.wait_for(decided, _VALKEY_SECONDS)
        problem = valkey.ping(self._settings.redis_url)
        if problem and not self._supervisor.stopping:
            raise valkey.cannot_start(self._settings, server.ending())

    def _everreach(self, name: str, *arguments: str) -> Child:
        command = [sys.executable, "-P", "-m", "webapp.cli", *arguments]
        return Child(name, command, self._env, self._say)


def _upgrade(settings: Settings) -> None:
    # Imported late, so that a busy port is refused without loading all of it.
    from core.store import migrate

    migrate.upgrade(settings)


class Readiness:
    """Says once that Everreach is ready, or once what it is still waiting for."""

    def __init__(self, settings: Settings, say: Say) -> None:
        """The wait begins now."""
        self._settings = settings
        self._say = say
        self._patience_ends = time.monotonic() + READY_SECONDS
        self._ready = False
        self._complained = False

    def __call__(self) -> None:
        """Look, unless it was ready before."""
        if self._ready:
            return
        missing = what_is_missing(self._settings)
        if missing is None:
            self._announce()
        elif time.monotonic() > self._patience_ends and not self._complained:
            self._complained = True
            self._say(f"Everreach is not ready after {READY_SECONDS:.0f} s: {missing}")

    def _announce(self) -> None:
        self._ready = True
        self._say(f"Everreach is ready: {self._settings.local_url}")
        if self._settings.public_url != self._settings.local_url:
            self._say(f"Others reach it at {self._settings.public_url}")


def what_is_missing(settings: Settings) -> str | None:
    """None if `/readyz` says that all is well, else what it says."""
    address = urlsplit(settings.local_url)
    client = http.client.HTTPConnection(
        address.hostname or "", address.port or settings.port, timeout=1
    )
    try:
        with contextlib.closing(client):
            client.request("GET", "/readyz", headers={"Connection": "close"})
            answer = client.getresponse()
            text = " ".join(answer.read(400).decode(errors="replace").split())
    except (OSError, http.client.HTTPException) as error:
        return f"the web server does not answer at {settings.local_url} ({error})"
    return None if answer.status == 200 else text or f"/readyz answers {answer.status}"


def make_home(home: Path) -> None:
    """Make the data folder and prove that it can be written to. Raises SetupError."""
    probe = home / f".write-test-{os.getpid()}"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"everreach")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            "EVERREACH_HOME",
            f"cannot write to {home} ({error.strerror})",
            "Set it to a folder that you may write to",
        ) from None


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Be the only Everreach on this home. The kernel lets go of it when a process dies."""
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(file, lock) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _held(file: Path, lock: IO[str]) -> SetupError:
    lock.seek(0)
    pid = lock.read().strip() or "unknown"
    return SetupError(
        "EVERREACH_HOME",
        f"another Everreach (process {pid}) is running on {file.parent}",
        f"Stop it (`kill {pid}`), or set EVERREACH_HOME to another folder for this one",
    )


def check_port(host: str, port: int) -> None:
    """See that the web server can listen there. Raises SetupError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As a server does: connections of an earlier run that linger do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int, error: OSError) -> SetupError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return SetupError(
            "EVERREACH_HOST",
            f"{host!r} is not an address of this machine",
            "Use 127.0.0.1, or 0.0.0.0 to listen on every address",
        )
    problem = {
        errno.EADDRINUSE: f"port {port} is already in use by another program",
        errno.EACCES: f"port {port} needs more rights than you have",
    }.get(error.errno or 0, f"cannot listen on port {port} ({error.strerror})")
    example = port + 1 if 1024 <= port < 65535 else 8001
    return SetupError(
        "EVERREACH_PORT",
        problem,
        f"Choose another, for example EVERREACH_PORT={example}",
    )


def check_redis(settings: Settings) -> None:
    """See that a Redis that was named answers. Raises SetupError."""
    if settings.embedded_redis:
        return
    problem = valkey.ping(settings.redis_url, seconds=3)
    if problem:
        raise SetupError(
            "REDIS_URL",
            f"the Redis does not answer ({problem})",
            "Check the address and that it is running, or unset REDIS_URL to use the "
            "embedded server",
        )


def speaker() -> Say:
    """Says lines, whole ones, from several threads, to a terminal that may be gone."""
    turn = threading.Lock()

    def say(line: str) -> None:
        with turn, contextlib.suppress(OSError, ValueError):
            click.echo(line)

    return say
