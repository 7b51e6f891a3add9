"""What the log says, without what a kill explains."""

import re

# How a traceback ends that comes of Redis being killed or flushed, or of PostgreSQL being
# killed. A deadlock, a locked database or anything of our own is not among them.
EXPLAINED = re.compile(
    r"sqlalchemy\.exc\.InvalidatePoolError: "
    r"|redis\.exceptions\.(ConnectionError|BusyLoadingError|TimeoutError): "
    r"|rq\.exceptions\.(InvalidJobOperation|NoSuchJobError): "
    r"|((sqlalchemy\.exc\.)?\w+: \()?psycopg\.(OperationalError|errors\."
    r"(AdminShutdown|CannotConnectNow|CrashShutdown|ConnectionTimeout))\b"
    r"|Connection(Refused|Reset)Error: |BrokenPipeError: |FileNotFoundError: .* 2\b"
)
TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(?P<end>\S.*)"
)
NEVER = ("arrival_failed", "deadlock", "PANIC", "database is locked")


def complaints(log: str) -> list[str]:
    """Exceptions that nothing explains, and words that nothing may explain."""
    found = [line for line in log.splitlines() if any(map(line.__contains__, NEVER))]
    for said in _by_child(log).values():
        ends = (one["end"] for one in TRACEBACK.finditer(said))
        found += [end for end in ends if not EXPLAINED.match(end)]
    return [line[:300] for line in found]


def _by_child(log: str) -> dict[str, str]:
    """What each child said; exceptions are one line in the log, and many here."""
    said: dict[str, list[str]] = {}
    for line in log.splitlines():
        child, bar, text = line.partition(" | ")
        lines = said.setdefault(child if bar else "", [])
        lines.append((text if bar else line).replace("\\n", "\n"))
    return {child: "\n".join(lines) for child, lines in said.items()}
