"""`everreach doctor`: is this installation well, and if not, what mends it?

A check is a small function from what there is to look at to a Row.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from core.config import LOOPBACK, Settings
from core.errors import SetupError

if TYPE_CHECKING:
    from core.bootstrap import Everreach

State = Literal["ok", "warn", "fail"]

_MARKS: Final[Mapping[State, str]] = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
_BEAT_EVERY: Final = timedelta(seconds=30)
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one check found. `fix` is the command or the sentence that mends it."""

    name: str
    state: State
    value: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What the checks look at."""

    settings: Settings
    env: Mapping[str, str]
    app: "Everreach"


Check = Callable[[Patient], Iterable[Row]]


def examine(env: Mapping[str, str]) -> list[Row]:
    """Every check's findings. What cannot even be opened is a finding too."""
    try:
        settings = Settings.from_env(env)
    except SetupError as error:
        return [_row_of("settings", error)]
    rows = [Row(name="settings", state="ok", value=_summary(settings))]
    try:
        with _opened(settings) as app:
            patient = Patient(settings=settings, env=env, app=app)
            rows += [row for check in CHECKS for row in _kept(check, patient)]
    except SetupError as error:
        rows.append(_row_of("installation", error))
    return rows


def report(rows: Sequence[Row]) -> str:
    """The findings for people."""
    width = max(len(row.name) for row in rows)
    lines = (
        f"{_MARKS[row.state]}  {row.name:<{width}}  {row.value}"
        + (f"\n{'':<{width + 8}}→ {row.fix}" if row.fix else "")
        for row in rows
    )
    return "\n".join(lines)


def home(patient: Patient) -> Iterator[Row]:
    """The data folder is ours alone."""
    folder = patient.settings.home
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Row(
            name="data folder",
            state="fail",
            value=f"{folder} cannot be written to",
            fix="Set EVERREACH_HOME to a folder that you may write to",
        )
    elif _others_may(folder):
        yield Row(
            name="data folder",
            state="warn",
            value=f"others on this machine can look into {folder}",
            fix=f"chmod 700 {folder}",
        )
    else:
        yield Row(name="data folder", state="ok", value=str(folder))


def key(patient: Patient) -> Iterator[Row]:
    """The key to the credentials is nobody else's."""
    if patient.env.get("EVERREACH_KEY"):
        yield Row(name="key", state="ok", value="from EVERREACH_KEY")
        return
    named = patient.env.get("EVERREACH_KEY_FILE")
    file = Path(named) if named else patient.settings.key_file
    if not file.exists():
        yield Row(name="key", state="warn", value="not made yet", fix="everreach up")
    elif _others_may(file):
        yield Row(
            name="key",
            state="fail",
            value=f"others on this machine can read {file}",
            fix=f"chmod 600 {file}",
        )
    else:
        yield Row(name="key", state="ok", value=str(file))


def database(patient: Patient) -> Iterator[Row]:
    """The database answers and has the schema of this version."""
    from core.store.migrate import head, revision

    patient.app.store.ping()
    found, expected = revision(patient.app.store), head()
    kind = "SQLite" if patient.settings.sqlite else "PostgreSQL"
    if found == expected:
        yield Row(name="database", state="ok", value=f"{kind}, schema {found}")
    else:
        yield Row(
            name="database",
            state="fail",
            value=f"{kind}, schema {found or 'missing'}, this version needs {expected}",
            fix="everreach migrate",
        )


def redis(patient: Patient) -> Iterator[Row]:
    """The queue answers."""
    patient.app.bell.ping()
    embedded = patient.settings.embedded_redis
    yield Row(name="redis", state="ok", value="embedded" if embedded else "REDIS_URL")


def workers(patient: Patient) -> Iterator[Row]:
    """Every lane has a worker."""
    from core.store.work import LANES

    beats = patient.app.bell.heartbeats()
    now = patient.app.clock.wall()
    late = [lane for lane in LANES if not _recent(beats.get(lane), now)]
    if late:
        yield Row(
            name="workers",
            state="fail",
            value=f"nobody works on {', '.join(late)}",
            fix="everreach up",
        )
    else:
        yield Row(
            name="workers", state="ok", value=f"all {len(LANES)} lanes are served"
        )


def clock(patient: Patient) -> Iterator[Row]:
    """This machine's clock agrees with the workers', which may be elsewhere."""
    beats: Mapping[str, datetime] = {}
    with suppress(RedisError):  # which has a row of its own
        beats = patient.app.bell.heartbeats()
    now = patient.app.clock.wall()
    ahead = [at - now for at in beats.values() if at > now]
    value = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if max(ahead, default=timedelta()) > timedelta(seconds=2):
        fix = "Have both machines take their time from NTP: timedatectl set-ntp true"
        value = f"{value}, but a worker's clock is {max(ahead).seconds} s ahead of it"
        yield Row(name="clock", state="warn", value=value, fix=fix)
    else:
        yield Row(name="clock", state="ok", value=value)


def public_url(patient: Patient) -> Iterator[Row]:
    """Platforms and providers can reach us, and nobody can read along."""
    url = patient.settings.public_url
    parts = urlsplit(url)
    local = parts.hostname in LOOPBACK
    if patient.settings.sandbox or (parts.scheme == "https" and not local):
        yield Row(name="public address", state="ok", value=url)
        return
    problem = "reached from this machine only" if local else "not encrypted"
    fix = "Set EVERREACH_PUBLIC_URL to the https:// address that others reach it by"
    yield Row(name="public address", state="warn", value=f"{url}: {problem}", fix=fix)


def disk(patient: Patient) -> Iterator[Row]:
    """There is room for what comes in."""
    free = shutil.disk_usage(patient.settings.home).free // _MIB
    state: State = "ok" if free > 1024 else "warn" if free > 100 else "fail"
    fix = "" if state == "ok" else f"Make room on the disk of {patient.settings.home}"
    yield Row(name="disk", state=state, value=f"{free} MiB free", fix=fix)


def notices(patient: Patient) -> Iterator[Row]:
    """No provider refuses a sender or a template as a whole."""
    from core.services.notices import list_notices
    from core.store.migrate import head, revision

    if revision(patient.app.store) != head():
        return  # which has a row of its own
    found = list_notices(patient.app)
    for one in found:
        name = f"{one.account}.{one.sender}"
        yield Row(name=name, state="warn", value=one.sentence, fix=one.fix)
    if not found:
        yield Row(name="senders", state="ok", value="no provider refuses one")


CHECKS: Final[Sequence[Check]] = (
    home,
    key,
    database,
    redis,
    workers,
    clock,
    public_url,
    disk,
    notices,
)

_FIXES: Final = {
    "database": "Check DATABASE_URL, and that the database is running",
    "redis": "everreach up (or check REDIS_URL)",
    "workers": "everreach up (or check REDIS_URL)",
}


@contextmanager
def _opened(settings: Settings) -> "Iterator[Everreach]":
    from connectors.registry import load_registry
    from core.bootstrap import open_everreach

    with open_everreach(settings, load_registry()) as app:
        yield app


def _kept(check: Check, patient: Patient) -> Iterator[Row]:
    """A check's findings. If it breaks, that is the finding."""
    name = check.__name__.replace("_", " ")
    try:
        yield from check(patient)
    except SetupError as error:
        yield _row_of(name, error)
    except Exception as error:
        said = str(error).strip().splitlines() or [""]
        value = f"{type(error).__name__}: {said[0]}"
        yield Row(
            name=name, state="fail", value=value, fix=_FIXES.get(check.__name__, "")
        )


def _row_of(name: str, error: SetupError) -> Row:
    value = f"{error.path}: {error.problem}"
    return Row(name=name, state="fail", value=value, fix=error.fix)


def _summary(settings: Settings) -> str:
    where = "the sandbox" if settings.sandbox else "a real installation"
    return f"{where} on port {settings.port}"


def _others_may(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _recent(beat: datetime | None, now: datetime) -> bool:
    return beat is not None and now - beat < _BEAT_EVERY
