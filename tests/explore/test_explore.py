"""Everything that can happen within a small bound keeps the promises; planted faults do not."""

from dataclasses import replace

import pytest

from tests.explore import faults
from tests.explore.bounds import BY_NAME, SMALL
from tests.explore.diagram import PAGE, Sketch, drawn_in
from tests.explore.explorer import Explored, Explorer
from tests.explore.promises import Broken, Promise
from tests.explore.world import Decide


@pytest.fixture(scope="module")
def sketch() -> Sketch:
    return Sketch()


@pytest.fixture(scope="module")
def seen(sketch: Sketch) -> list[Explored]:
    """Raises Broken, with the shortest way to it, if a promise is broken."""
    return [Explorer(bound=bound, watch=sketch.watch).run() for bound in SMALL]


def test_every_interleaving_keeps_the_promises(seen: list[Explored]) -> None:
    assert sum(each.interleavings for each in seen) > 1_000_000


@pytest.mark.usefixtures("seen")
def test_the_diagram_is_what_was_seen(sketch: Sketch) -> None:
    page = PAGE.read_text()

    assert page == drawn_in(page, sketch), "draw it: python -m tests.explore --diagram"


@pytest.mark.parametrize(
    ("fault", "promise", "bound"),
    [
        (faults.counts_late_as_on_time, Promise.LATE, "two steps"),
        (faults.sends_again_on_silence, Promise.NO_RESEND, "two steps"),
        (faults.forgets_a_deadline, Promise.MOVES, "two steps"),
        (faults.advances_twice, Promise.FORWARD, "two steps"),
        (faults.waits_anew_once_accepted, Promise.ACCEPTED, "two steps"),
        (faults.takes_over_from_itself, Promise.FORWARD, "two senders"),
        (faults.sends_in_closed_hours, Promise.IN_TIME, "quiet hours"),
        (faults.asks_twice, Promise.ASKED, "asked"),
    ],
)
def test_a_planted_fault_is_found(fault: Decide, promise: Promise, bound: str) -> None:
    with pytest.raises(Broken) as found:
        Explorer(bound=BY_NAME[bound], decide=fault).run()

    assert found.value.promise is promise
    assert "it starts > " in found.value.__notes__[0]


def test_a_dropped_receipt_is_found() -> None:
    """The one fault that is the shell's: what comes too early is not parked."""
    with pytest.raises(Broken) as found:
        Explorer(bound=replace(SMALL[0], parks=False)).run()

    assert found.value.promise is Promise.ANY_ORDER
    assert "too early" in found.value.__notes__[0]
