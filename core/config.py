"""What an installation is told by its environment.

Every variable that may hold a secret or an address has a `<NAME>_FILE` twin that names a
file to read it from. A wrong value is a SetupError that names the variable.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from core.errors import SetupError
from core.values import dataclass

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

# A socket's path ends up in a fixed field of 104 bytes on macOS and 108 on Linux.
_SOCKET_PATH_MAX: Final = 103
_BOOLEANS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
    "": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation. The addresses may hold passwords, so they are not in the repr."""

    home: Path
    host: str
    port: int
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    sandbox: bool
    log_level: str
    embedded_redis: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises SetupError."""
        sandbox = _boolean(env, "EVERREACH_SANDBOX")
        home = _home(env, sandbox=sandbox)
        port = _port(env)
        redis_url = _value(env, "REDIS_URL")
        return cls(
            home=home,
            host=_value(env, "EVERREACH_HOST") or "127.0.0.1",
            port=port,
            database_url=_database_url(env, home),
            redis_url=_redis_url(redis_url) if redis_url else _embedded_url(env, home),
            public_url=_public_url(env, port),
            sandbox=sandbox,
            log_level=_log_level(env),
            embedded_redis=not redis_url,
        )

    @property
    def sqlite(self) -> bool:
        """Whether the database is a SQLite file, which has one writer at a time."""
        return self.database_url.startswith("sqlite:")

    @property
    def local_url(self) -> str:
        """Where this machine reaches the panel."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return (
            f"http://[{host}]:{self.port}"
            if ":" in host
            else f"http://{host}:{self.port}"
        )

    @property
    def redis_socket(self) -> Path | None:
        """The Unix socket that `redis_url` names, if it names one."""
        parts = urlsplit(self.redis_url)
        return Path(unquote(parts.path)) if parts.scheme == "unix" else None

    @property
    def lock_file(self) -> Path:
        """Held by the Everreach that runs on this home."""
        return self.home / "everreach.lock"

    @property
    def key_file(self) -> Path:
        """The key that encrypts credentials at rest."""
        return self.home / "secret.key"


def _value(env: Mapping[str, str], name: str) -> str:
    """A variable, or what the file named by its `_FILE` twin says."""
    given, file = env.get(name, "").strip(), env.get(f"{name}_FILE", "").strip()
    if given and file:
        raise SetupError(
            name, f"both {name} and {name}_FILE are set", "Keep one of them"
        )
    return _from_file(f"{name}_FILE", file) if file else given


def _from_file(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SetupError(
            name, f"cannot read {file} ({why})", "Name a readable text file"
        ) from None


def _boolean(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value not in _BOOLEANS:
        raise SetupError(name, f"{value!r} is neither yes nor no", "Use 1 or 0")
    return _BOOLEANS[value]


def _home(env: Mapping[str, str], *, sandbox: bool) -> Path:
    given = env.get("EVERREACH_HOME", "").strip()
    home = _expanded(env, given) if given else _data_folder(env) / "everreach"
    if re.search(r"[?#%]", str(home)):
        raise SetupError(
            "EVERREACH_HOME",
            f"{home} holds one of the characters ? # %, which addresses cannot",
            "Choose another folder",
        )
    return home / "sandbox" if sandbox else home


def _expanded(env: Mapping[str, str], folder: str) -> Path:
    head, _, rest = folder.partition("/")
    return _user_folder(env) / rest if head == "~" else Path(folder).absolute()


def _data_folder(env: Mapping[str, str]) -> Path:
    given = Path(env.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else _user_folder(env) / ".local" / "share"


def _user_folder(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) if env.get("HOME") else Path.home()


def _port(env: Mapping[str, str]) -> int:
    given = env.get("EVERREACH_PORT", "").strip() or "8000"
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
        raise SetupError(
            "EVERREACH_PORT",
            f"{given!r} is not a port",
            "Use a number from 1 to 65535, for example 8000",
        )
    return int(given)


def _public_url(env: Mapping[str, str], port: int) -> str:
    url = (_value(env, "EVERREACH_PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip(
        "/"
    )
    parts = _split("EVERREACH_PUBLIC_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise SetupError(
            "EVERREACH_PUBLIC_URL",
            f"{url!r} is not a web address",
            "Use the address that others reach this installation by, "
            "for example https://messages.example.com",
        )
    return url


def _database_url(env: Mapping[str, str], home: Path) -> str:
    url = _value(env, "DATABASE_URL") or f"sqlite:///{home}/everreach.sqlite3"
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    scheme = _split("DATABASE_URL", url).scheme
    if scheme == "postgresql+psycopg" or re.match(r"sqlite:///(?!:memory:)[^?]", url):
        return url
    # The address may hold a password, so only its scheme is repeated.
    raise SetupError(
        "DATABASE_URL",
        "a SQLite address must name a file"
        if scheme == "sqlite"
        else f"{scheme or 'this'} is not a kind of database that Everreach can use",
        "Use postgresql://user:password@host/name or sqlite:////path/to/file",
    )


def _redis_url(url: str) -> str:
    parts = _split("REDIS_URL", url)
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in {"redis", "rediss", "unix"} or not place:
        raise SetupError(
            "REDIS_URL",
            f"{parts.scheme or 'this'} is not a kind of Redis address",
            "Use redis://host:6379/0, rediss://… or unix:///path/to/redis.sock, "
            "or unset it to use the embedded server",
        )
    return url


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # The parser's own words may repeat a piece of the password.
        raise SetupError(
            name,
            "it is not a well-formed address",
            "Percent-encode special characters in the password (/ is %2F, @ is %40)",
        ) from None
    return parts


def _embedded_url(env: Mapping[str, str], home: Path) -> str:
    socket = home / "valkey" / "redis.sock"
    if len(os.fsencode(socket)) > _SOCKET_PATH_MAX:
        socket = _short_folder(env, home) / "redis.sock"
    return f"unix://{quote(str(socket))}"


def _short_folder(env: Mapping[str, str], home: Path) -> Path:
    """A folder for the socket of a home whose own path is too long for one."""
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    name = f"everreach-{os.getuid()}-{mark}"
    temporary = Path(env.get("TMPDIR") or "/tmp")  # noqa: S108 - made 0700 and checked before use
    fits = len(os.fsencode(temporary / name / "redis.sock")) <= _SOCKET_PATH_MAX
    return (temporary if fits else Path("/tmp")) / name  # noqa: S108 - the same


def _log_level(env: Mapping[str, str]) -> str:
    level = env.get("EVERREACH_LOG", "").strip().lower() or "info"
    if level not in LOG_LEVELS:
        raise SetupError(
            "EVERREACH_LOG", f"{level!r} is not a level", f"Use {', '.join(LOG_LEVELS)}"
        )
    return level
