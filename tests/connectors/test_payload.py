from datetime import UTC, datetime

import pytest

from connectors.payload import parse
from core.errors import Malformed


def test_a_value_is_reached_by_its_path():
    document = parse(b'{"a": [{"b": "c"}]}')

    assert [item["b"].text() for item in document["a"].each()] == ["c"]


def test_what_is_absent_or_null_is_empty_all_the_way_down():
    document = parse(b'{"a": null}')

    assert document["a"]["b"]["c"].text_or_empty() == ""
    assert list(document["x"].each()) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "body is not JSON"),
        (b"\xff", "body is not JSON"),
        (b"[" * 100_000, "body is not JSON"),
        (b"[]", "body is not an object"),
        (b'{"a": 1}', "body.a is not a list"),
        (b'{"a": [1]}', r"body.a\[0\] is not text"),
        (b'{"a": [{}]}', r"body.a\[0\] is not text"),
        (b'{"a": [""]}', r"body.a\[0\] is empty"),
        (b'{"a": [null]}', r"body.a\[0\] is missing"),
    ],
)
def test_the_place_that_is_wrong_is_named(body, problem):
    with pytest.raises(Malformed, match=f"^{problem}$"):
        [item.text() for item in parse(body)["a"].each()]


@pytest.mark.parametrize("number", [b"1.0", b"true", b'"1"', b"1e3"])
def test_only_a_whole_number_is_a_whole_number(number):
    with pytest.raises(Malformed, match="body is not a whole number"):
        parse(number).integer()


def test_a_whole_number_is_exact_beyond_a_float():
    assert parse(b"9007199254740993").integer() == 9007199254740993


def test_text_that_no_database_takes_is_made_storable():
    assert parse(b'"a\\u0000b\\ud800c"').text() == "ab?c"


def test_unix_seconds_become_an_aware_time():
    at = parse(b'"1795168801"').unix_time()

    assert at == datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", [b'"-1"', b'"1.5"', b'"\xc2\xb2"', b'"999999999999"'])
def test_other_times_are_malformed(text):
    with pytest.raises(Malformed, match="unix seconds"):
        parse(text).unix_time()
