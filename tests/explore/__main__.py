"""`make explore`: explore the big bound, print what was seen. `--diagram` draws the picture."""

import sys
from time import perf_counter

from tests.explore.bounds import BIG, SMALL
from tests.explore.diagram import PAGE, Sketch, drawn_in
from tests.explore.explorer import Explored, Explorer
from tests.explore.world import Bound

HEAD = (
    "bound",
    "steps",
    "receipts",
    "retries",
    "worlds",
    "changes",
    "interleavings",
    "seconds",
)
ROW = "{:<24} {:<54} {:>8} {:>7} {:>10} {:>10} {:>24} {:>7}"


def main() -> None:
    """Explore, or draw."""
    if sys.argv[1:] == ["--diagram"]:
        PAGE.write_text(drawn_in(PAGE.read_text(), sketch()))
        return
    print(ROW.format(*HEAD))  # noqa: T201 - this is what the command is for
    seen = [_explore(bound) for bound in BIG]
    total = sum(each.interleavings for each in seen)
    print(f"{total:,} interleavings, and every promise was kept")  # noqa: T201


def sketch() -> Sketch:
    """What the diagram is drawn from."""
    drawn = Sketch()
    for bound in SMALL:
        Explorer(bound=bound, watch=drawn.watch).run()
    return drawn


def _explore(bound: Bound) -> Explored:
    begun = perf_counter()
    seen = Explorer(bound=bound).run()
    steps = " > ".join(f"{step.channel} {step.until}" for step in bound.steps)
    size = (f"{seen.worlds:,}", f"{seen.changes:,}", f"{seen.interleavings:,}")
    took = f"{perf_counter() - begun:.1f}"
    row = (bound.name, steps, bound.receipts, bound.retries, *size, took)
    print(ROW.format(*row), flush=True)  # noqa: T201
    return seen


if __name__ == "__main__":
    main()
