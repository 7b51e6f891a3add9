"""The machine as a picture: every state that a cascade was seen in, and what led to the next.

`python -m tests.explore --diagram` draws it into docs/explanation/how-it-decides.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.cascade.events import Cancelled, Started, TimedOut
from core.cascade.model import Cascade, Outcome
from core.cascade.status import FailureClass, Status
from tests.explore.rules import Change
from tests.explore.world import ACCEPTED, LOST, RECEIPTS

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "how-it-decides.md"
BEGIN, END = "<!-- diagram: begin -->\n", "<!-- diagram: end -->\n"

Edge = tuple[str, str, str]
REPORTS = {**RECEIPTS, LOST: "no answer", ACCEPTED: "accepted"}

WAITING = {
    "queued": "to be sent",
    "again": "to be sent again",
    Status.UNKNOWN: "no answer came",
    Status.ACCEPTED: "accepted",
    Status.SENT: "sent",
    Status.DELIVERED: "delivered, to be read",
}
FINISHED = {
    Outcome.REACHED: "done",
    Outcome.NOT_REACHED: "not delivered",
    Outcome.SKIPPED: "nothing sent",
    Outcome.CANCELLED: "cancelled",
}
NEXT = "next_step"
LEFT = {
    "queued": "a channel is left",
    Outcome.NOT_REACHED: "none is left",
    Outcome.SKIPPED: "there was none",
}


@dataclass
class Sketch:
    """Gathers edges while somebody explores."""

    edges: set[Edge] = field(default_factory=set)

    def watch(self, change: Change) -> None:
        """Remember what led where."""
        if change.event:
            self.edges.update(_edges(change))


def _edges(change: Change) -> Iterable[Edge]:
    before, after = _state(change.before.cascade), _state(change.after.cascade)
    if after in LEFT and (change.started or change.ended):
        return (before, _why(change), NEXT), (NEXT, LEFT[after], after)
    return ((before, _why(change), after),) if before != after or change.started else ()


def _state(cascade: Cascade) -> str:
    if cascade.outcome:
        return cascade.outcome
    if cascade.current is None:
        return "[*]"
    attempt = cascade.attempts[cascade.current]
    if attempt.marks.status is not Status.QUEUED:
        return attempt.marks.status
    return "again" if cascade.tries(attempt.step) > 1 else "queued"


def _why(change: Change) -> str:
    match change.event:
        case Started():
            return "it starts"
        case TimedOut():
            return "the window ends"
        case Cancelled():
            return "it is cancelled"
    if change.ended and change.after.cascade.outcome is Outcome.REACHED:
        mine = change.event.attempt == change.before.cascade.current
        return "it gets through" if mine else "one before it gets through"
    if not (failure := change.event.marks.failure):
        return REPORTS[change.event.marks]
    if failure.kind is not FailureClass.RETRY:
        return "it fails"
    again = _state(change.after.cascade) == "again"
    return "the provider is busy" if again else "busy until the window ends"


def mermaid(edges: set[Edge]) -> str:
    """The edges as text. What leaves every waiting state alike is drawn once."""
    common = {
        (why, after)
        for _, why, after in edges
        if all((state, why, after) in edges for state in WAITING)
    }
    drawn = {e for e in edges if e[0] not in WAITING or e[1:] not in common}
    drawn |= {("waiting", *edge) for edge in common}
    drawn |= {(state, "", "[*]") for state in FINISHED}
    inner = [f"        {name}: {words}" for name, words in WAITING.items()]
    lines = ["stateDiagram-v2", f"    state {NEXT} <<choice>>"]
    lines += ["    state waiting {", *inner, "    }"]
    lines += [f"    {name}: {words}" for name, words in FINISHED.items()]
    return "\n".join([*lines, *_arrows(drawn)])


def _arrows(edges: Iterable[Edge]) -> list[str]:
    whys = defaultdict(list)
    for before, why, after in sorted(edges):
        whys[before, after] += [why] if why else []
    order = ["[*]", NEXT, "waiting", *WAITING, *FINISHED]
    ends = sorted(whys, key=lambda ends: [order.index(end) for end in ends])
    return [f"    {a} --> {b}{_label(whys[a, b])}" for a, b in ends]


def _label(whys: list[str]) -> str:
    return f": {' or '.join(whys)}" if whys else ""


def drawn_in(page: str, sketch: Sketch) -> str:
    """The page with the diagram between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}```mermaid\n{mermaid(sketch.edges)}\n```\n{END}{after}"
