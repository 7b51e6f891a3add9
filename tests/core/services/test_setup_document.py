"""Set-up files are YAML by the rules of its version 1.2."""

import pytest

from core.durations import to_seconds, to_text
from core.errors import SetupErrors
from core.services.setup.document import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: order.shipped", {"on": "order.shipped"}),
        ("country: NO", {"country": "NO"}),
        ("a: off", {"a": "off"}),
        ("a: true", {"a": True}),
        ("a: ", {"a": None}),
        ("a: 12:30:00", {"a": "12:30:00"}),
        ("a: 2026-11-23", {"a": "2026-11-23"}),
        ("a: 0123", {"a": 123}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: '100'", {"a": "100"}),
        ("1: x", {"1": "x"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("", None),
    ],
)
def test_words_stand_for_what_yaml_1_2_says(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: 1\na: 2", "line 2, column 1: the key a is there twice"),
        ("{[a]: b}", "line 1, column 2: a key must be text"),
        ("a: &x [*x]", "line 1, column 4: this refers to itself"),
        ("a: !!python/name:os.system x", "line 1, column 4: tags (words that begin"),
        ('a: "\\0"', "line 1, column 4: this holds a character that cannot be stored"),
        (
            'a: "\\ud800"',
            "line 1, column 4: this holds a character that cannot be stored",
        ),
        ("a: \x07", "the file: it holds a character that YAML forbids"),
        ("--- 1\n--- 2", "line 2, column 1: expected a single document"),
        ("[" * 5000, "the file: it is nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_column(text, problem):
    with pytest.raises(SetupErrors) as caught:
        parse(text)

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("30m", 1800), ("12h", 43200), ("2d", 172800), ("1h30m", 5400)],
)
def test_a_duration_reads_as_it_is_written(text, seconds):
    assert to_seconds(text) == seconds
    assert to_text(seconds) == text
