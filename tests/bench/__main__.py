"""`make bench`: measure, print a table and keep it in docs/reference/benchmarks.md."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench.harness import ROUNDS, Request, granian, load, median_of
from tests.bench.steps import BareLoop, Engine, JobPerStep, bench
from tests.support import riverside, servers

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks.md"
WEBHOOKS = 2000

Row = tuple[str, str, str, str]


def main() -> None:
    """Measure everything."""
    rows: list[Row] = []
    with ExitStack() as stack:
        redis_url = stack.enter_context(servers.valkey())
        postgres = stack.enter_context(servers.postgres())
        for name in ("SQLite", "PostgreSQL"):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            sqlite = f"sqlite:///{home}/everreach.sqlite3"
            url = sqlite if name == "SQLite" else postgres.create("bench")
            rows += _steps(name, home, url, redis_url)
            rows += _webhooks(name, home, url, redis_url)
    _write(rows)


def _steps(name: str, home: Path, url: str, redis_url: str) -> Iterator[Row]:
    with (
        granian("tests.bench.provider:accept") as provider,
        bench(home, url, redis_url, provider) as ready,
    ):
        engine = median_of(Engine(ready))
        job = median_of(JobPerStep(ready, redis_url))
        bare = median_of(BareLoop(ready))
    yield f"Steps per second, {name}", f"{engine:.0f}", "", ""
    yield "– against one RQ job per step", "", f"{job:.0f}", f"{engine / job:.1f} ×"
    yield "– against the bare loop", "", f"{bare:.0f}", f"{engine / bare:.2f} ×"


def _webhooks(name: str, home: Path, url: str, redis_url: str) -> Iterator[Row]:
    env = {"EVERREACH_HOME": str(home), "DATABASE_URL": url, "REDIS_URL": redis_url}
    with granian("tests.bench.trivial:create_app", factory=True) as trivial:
        plain = _median_load(trivial, lambda _: [(b"{}", {})] * WEBHOOKS)
    with granian("webapp.app:create_app", factory=True, env=env) as server:
        hook = f"{server}/hooks/shopify/riverside.shop"
        ours = _median_load(hook, _signed)
    yield f"Webhooks acknowledged per second, {name}", f"{ours[0]:.0f}", "", ""
    ratio = f"{ours[0] / plain[0]:.2f} ×"
    yield "– against a trivial Flask handler", "", f"{plain[0]:.0f}", ratio
    p99 = f"{ours[1] * 1000:.1f} ms", f"{plain[1] * 1000:.1f} ms"
    yield "– p99", p99[0], p99[1], f"{ours[1] / plain[1]:.1f} ×"


def _median_load(url: str, requests: partial | object) -> tuple[float, float]:  # type: ignore[type-arg]
    figures = [load(url, requests(n)) for n in range(ROUNDS + 1)][1:]  # type: ignore[operator]
    return median(rate for rate, _ in figures), median(p99 for _, p99 in figures)


def _signed(seed: int) -> list[Request]:
    made = []
    for number in range(WEBHOOKS):
        body = json.dumps(riverside.fulfillment(10**6 * (seed + 1) + number)).encode()
        headers = riverside.shopify_headers(body, webhook_id=f"load-{seed}-{number}")
        made.append((body, headers))
    return made


def _write(rows: list[Row]) -> None:
    lines = ["| What | Everreach | Beside it | Ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    table = "\n".join(lines)
    head, _, rest = PAGE.read_text().partition("<!-- figures -->")
    _, _, tail = rest.partition("<!-- end -->")
    PAGE.write_text(f"{head}<!-- figures -->\n{table}\n<!-- end -->{tail}")
    print(table)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
