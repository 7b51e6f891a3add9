"""Receipts add up to the same whatever their order."""

from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from core.cascade.status import (
    Failure,
    FailureClass,
    Marks,
    Scope,
    Status,
    Until,
    merge,
    overridden,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TIMES = (
    "unknown_at",
    "accepted_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "clicked_at",
    "replied_at",
)

moments = st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
failures = st.builds(
    Failure,
    kind=st.sampled_from(FailureClass),
    code=st.sampled_from(["1", "2"]),
    detail=st.sampled_from(["", "busy"]),
    retry_after=st.none() | st.just(timedelta(seconds=5)),
    remember=st.none() | st.just(timedelta(days=7)),
    scope=st.none() | st.sampled_from(Scope),
)
receipts = st.one_of(
    st.builds(lambda name, at: Marks(**{name: at}), st.sampled_from(TIMES), moments),
    st.builds(lambda at, why: Marks(failed_at=at, failure=why), moments, failures),
)


@given(receipts, receipts)
def test_merging_commutes(one: Marks, other: Marks) -> None:
    assert merge(one, other) == merge(other, one)


@given(receipts, receipts, receipts)
def test_merging_associates(a: Marks, b: Marks, c: Marks) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(st.lists(receipts, min_size=1))
def test_merging_again_adds_nothing(told: list[Marks]) -> None:
    marks = reduce(merge, told)

    assert reduce(merge, told, marks) == marks


@given(st.lists(receipts, min_size=1, max_size=6), st.randoms())
def test_any_order_gives_the_same(told: list[Marks], random: object) -> None:
    shuffled = sorted(told, key=lambda _: random.random())  # type: ignore[attr-defined]

    assert reduce(merge, told) == reduce(merge, shuffled)


def test_delivery_outlives_a_failure() -> None:
    failure = Failure(kind=FailureClass.UNKNOWN, code="1")
    marks = Marks(failed_at=NOON, failure=failure, delivered_at=NOON)

    assert marks.status is Status.DELIVERED
    assert marks.reached(Until.DELIVERED)


def test_a_failure_outweighs_what_was_hoped() -> None:
    failure = Failure(kind=FailureClass.UNKNOWN, code="1")
    marks = Marks(accepted_at=NOON, sent_at=NOON, failed_at=NOON, failure=failure)

    assert marks.status is Status.FAILED
    assert not marks.reached(Until.SENT)


def test_an_answer_reaches_everything_a_click_all_but_that_and_reading_neither() -> (
    None
):
    read, clicked, replied = (
        Marks(**{f"{what}_at": NOON}) for what in ("read", "clicked", "replied")
    )

    assert all(replied.reached(until) for until in Until)
    assert {until for until in Until if not clicked.reached(until)} == {Until.REPLIED}
    assert {until for until in Until if not read.reached(until)} == {
        Until.CLICKED,
        Until.REPLIED,
    }


def test_an_account_may_see_a_failure_otherwise() -> None:
    told = Failure(
        kind=FailureClass.NEXT, code="1", detail="no", remember=timedelta(days=7)
    )
    stopped = overridden(told, {"1": FailureClass.SUPPRESS})

    assert overridden(told, {"2": FailureClass.HALT}) is told
    assert (stopped.kind, stopped.scope) == (FailureClass.SUPPRESS, Scope.SENDER)
    assert stopped.remember is None
    assert (stopped.code, stopped.detail) == ("1", "no")
