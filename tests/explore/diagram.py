"""The machine as a picture: every state that a cascade was seen in, and what led to the next.

`python -m tests.explore --diagram` draws it into docs/explanation/how-it-decides.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.cascade.commands import Because
from core.cascade.events import Answered, Cancelled, Departed, Started, TimedOut
from core.cascade.model import Cascade, Outcome
from core.cascade.status import Status
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
    Status.DELIVERED: "delivered, to be read or answered",
    "asked": "its provider is asked",
}
LATER = {"planned": "planned", "held": "held"}
FINISHED = {
    Outcome.REACHED: "done",
    Outcome.NOT_REACHED: "not delivered",
    Outcome.SKIPPED: "nothing sent",
    Outcome.CANCELLED: "cancelled",
}
NEXT = "next_step"
LEFT = {
    "queued": "a sender can be used",
    "again": "the same sender can be used",
    "held": "not now",
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
    chosen = change.notes(Because.TRYING, Because.HELD) or change.ended
    if after in LEFT and chosen:
        return (before, _why(change), NEXT), (NEXT, LEFT[after], after)
    return ((before, _why(change), after),) if before != after or change.started else ()


def _state(cascade: Cascade) -> str:
    if cascade.outcome:
        return cascade.outcome
    if cascade.next_step is not None:
        planned = cascade.deadline_at == cascade.start_at and not cascade.attempts
        return "planned" if planned else "held"
    if cascade.current is None:
        return "[*]"
    attempt = cascade.attempts[cascade.current]
    if attempt.marks.arrived:
        return Status.DELIVERED
    if attempt.asked:
        return "asked"
    if attempt.marks.status is not Status.QUEUED:
        return attempt.marks.status
    return "again" if _is_again(cascade) else "queued"


def _is_again(cascade: Cascade) -> bool:
    last = cascade.attempts[-1]
    senders = [(one.step, one.sender) for one in cascade.attempts]
    return senders.count((last.step, last.sender)) > 1


def _why(change: Change) -> str:
    if change.notes(Because.ASSUMED_SEEN):
        return "it counts as seen"
    match change.event:
        case Started():
            begun = _state(change.after.cascade) != "planned"
            return "it starts" if begun else "it starts later"
        case TimedOut():
            return _ring(change)
        case Cancelled():
            return "it is cancelled"
        case Answered():
            return "nothing new is answered"
        case Departed():
            return "it leaves late"
    if change.ended and change.after.cascade.outcome is Outcome.REACHED:
        mine = change.event.attempt == change.before.cascade.current
        return "it gets through" if mine else "an earlier one gets through"
    if not (failure := change.event.marks.failure):
        arrives = _state(change.after.cascade) == Status.DELIVERED
        return "it arrives" if arrives else REPORTS[change.event.marks]
    again = _state(change.after.cascade) == "again"
    return "the provider is busy" if again and failure.kind == "retry" else "it fails"


def _ring(change: Change) -> str:
    if change.before.cascade.current is None:
        return "its time comes"
    if _state(change.after.cascade) == "asked":
        return "the window ends in silence"
    return "the window ends"


def mermaid(edges: set[Edge]) -> str:
    """The edges as text. What leaves the waiting states is drawn once for all of them."""
    drawn = {
        ("waiting" if a in WAITING and b not in WAITING else a, why, b)
        for a, why, b in edges
    }
    drawn |= {(state, "", "[*]") for state in FINISHED}
    inner = [f"        {name}: {words}" for name, words in WAITING.items()]
    lines = ["stateDiagram-v2", f"    state {NEXT} <<choice>>"]
    lines += ["    state waiting {", *inner, "    }"]
    outer = {**LATER, **FINISHED}
    lines += [f"    {name}: {words}" for name, words in outer.items()]
    return "\n".join([*lines, *_arrows(drawn)])


def _arrows(edges: Iterable[Edge]) -> list[str]:
    whys = defaultdict(list)
    for before, why, after in sorted(edges):
        whys[before, after] += [why] if why else []
    order = ["[*]", NEXT, *LATER, "waiting", *WAITING, *FINISHED]
    ends = sorted(whys, key=lambda ends: [order.index(end) for end in ends])
    return [f"    {a} --> {b}{_label(whys[a, b])}" for a, b in ends]


def _label(whys: list[str]) -> str:
    return f": {' or '.join(whys)}" if whys else ""


def drawn_in(page: str, sketch: Sketch) -> str:
    """The page with the diagram between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}```mermaid\n{mermaid(sketch.edges)}\n```\n{END}{after}"
