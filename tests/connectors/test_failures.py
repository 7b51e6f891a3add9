from datetime import timedelta

import pytest

from connectors.failures import absent, failure, opted_out, table, unreadable
from core.cascade.status import FailureClass, Scope
from core.ports import HttpResponse, SendUnclear

TABLE = table((FailureClass.NEXT, "no such number", (1, 2)))


def test_a_table_is_read_by_code():
    assert failure(TABLE, "2", "").kind is FailureClass.NEXT


def test_a_code_that_is_not_in_the_table_is_unknown():
    assert failure(TABLE, "3", "").kind is FailureClass.UNKNOWN


def test_an_unknown_code_means_what_its_status_means():
    assert failure(TABLE, "3", "", HttpResponse(status=429)).kind is FailureClass.RETRY
    assert failure(TABLE, "3", "", HttpResponse(status=401)).kind is FailureClass.HALT
    assert failure(TABLE, "1", "", HttpResponse(status=429)).kind is FailureClass.NEXT


def test_a_providers_words_are_kept_to_300_characters():
    assert failure(TABLE, "1", "x" * 301).detail == "x" * 300


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("Sun, 22 Nov 2026 16:00:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_a_wait_is_told_in_seconds(header, wait):
    response = HttpResponse(status=429, headers={"retry-after": header})

    assert failure(TABLE, "3", "", response).retry_after == wait


@pytest.mark.parametrize("status", [200, 204, 408, 500, 502, 504])
def test_an_unreadable_answer_leaves_the_message_in_doubt(status):
    assert isinstance(unreadable(HttpResponse(status=status)), SendUnclear)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, FailureClass.UNKNOWN),
        (404, FailureClass.UNKNOWN),
        (401, FailureClass.HALT),
        (429, FailureClass.RETRY),
    ],
)
def test_an_unreadable_refusal_is_a_refusal(status, kind):
    result = unreadable(HttpResponse(status=status))

    assert (result.failure.kind, result.failure.code) == (kind, f"http_{status}")


def test_a_meaning_may_say_how_long_and_how_far_it_holds():
    rows = table(
        (absent(days=7), "not here", (1,)),
        (opted_out(Scope.SENDER), "no more from here", (2,)),
    )
    gone, stopped = failure(rows, "1", ""), failure(rows, "2", "")

    assert (gone.kind, gone.remember) == (FailureClass.NEXT, timedelta(days=7))
    assert (stopped.kind, stopped.scope) == (FailureClass.SUPPRESS, Scope.SENDER)
