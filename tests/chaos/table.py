"""What a run comes to, in words."""

from collections import Counter

from tests.chaos.evidence import Evidence
from tests.chaos.promises import judge
from tests.chaos.run import Run

SHOWN = 20  # of those that broke a promise


def say(line: str) -> None:
    """Print it at once."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


def printed(run: Run) -> bool:
    """Print it. Whether every promise was kept."""
    evidence = run.evidence()
    verdicts = judge(evidence)
    say(f"\n{'Promise':<44} {'looked at':>10} {'broken':>7}")
    for one in verdicts:
        say(f"{one.promise:<44} {one.looked_at:>10,} {len(one.broken):>7,}")
    for one in verdicts:
        for line in one.broken[:SHOWN]:
            say(f"  {one.promise}: NO: {line}")
    say(f"\n{_rate(run)}\n{_waits(evidence)}\n{_deeds(run)}\n")
    return not any(one.broken for one in verdicts)


def _rate(run: Run) -> str:
    shipped = len(run.platform.acknowledged)
    short = "" if shipped == run.task.cascades else f" of {run.task.cascades:,}"
    webhooks = run.platform.posted + run.providers.posted
    return (
        f"{shipped:,}{short} cascades in {run.seconds:.0f} s, "
        f"{shipped / run.seconds:.0f} a second; "
        f"{webhooks:,} webhooks and {len(run.providers.received):,} messages, "
        f"{webhooks / run.seconds:.0f} and "
        f"{len(run.providers.received) / run.seconds:.0f} a second"
    )


def _waits(evidence: Evidence) -> str:
    """How long attempts waited for a worker, restarts included."""
    tries = [one for told in evidence.told for one in told.view.tries]
    taken = [one for one in tries if one.sending_at]
    waits = sorted((one.sending_at - one.due_at).total_seconds() for one in taken)
    median, most = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    return (
        f"Taken up after {median:.2f} s (median), {most:.1f} s (99 %), "
        f"{waits[-1]:.1f} s (longest); {len(tries) - len(taken):,} of {len(tries):,} "
        "tries called off before that"
    )


def _deeds(run: Run) -> str:
    ways = Counter(f"{r.sent.channel} {r.way.kind}" for r in run.providers.received)
    return f"Killed: {_counted(run.killer.blows)}\nProviders: {_counted(ways)}"


def _counted(things: Counter[str]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in things.most_common())
