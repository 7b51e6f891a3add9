from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

from connectors.config import load, schema, secrets, setting
from core.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    account: str = setting(
        label="Account", help="On the first page", pattern="^AC[0-9]+$"
    )
    token: tuple[str, ...] = setting(
        label="Token", help="Below it", secret=True, pattern="^[a-z]+$"
    )
    from_: str | None = setting(label="Sender", help="A name", key="from", default=None)
    port: int = setting(label="Port", help="A port", default=443)
    file: str | None = setting(label="File", help="All of it", lines=True, default=None)


GOOD = {"account": "AC1", "token": "abc"}


def problem(**changes: Any) -> SetupError:
    with pytest.raises(SetupError) as caught:
        load(Settings, {**GOOD, **changes}, "senders[0].config")
    return caught.value


def test_what_is_not_said_has_its_default():
    config = load(Settings, GOOD, "config")

    assert (config.account, config.from_, config.port) == ("AC1", None, 443)


def test_one_secret_or_a_list_of_them_may_be_given():
    one = load(Settings, GOOD, "config")
    two = load(Settings, {**GOOD, "token": ["abc", "def"]}, "config")

    assert (one.token, two.token) == (("abc",), ("abc", "def"))


def test_a_setting_may_have_a_name_that_python_reserves():
    assert load(Settings, {**GOOD, "from": "Shop"}, "config").from_ == "Shop"


def test_a_text_of_several_lines_may_end_with_a_line_break():
    assert load(Settings, {**GOOD, "file": "one\ntwo\n"}, "config").file == "one\ntwo\n"


def test_a_misspelt_setting_is_named_with_the_likely_one():
    error = problem(acount="AC1")

    assert error.path == "senders[0].config.acount"
    assert error.fix == "Did you mean account?"


def test_a_strange_setting_is_answered_with_those_there_are():
    assert problem(zzz=1).fix == "Known: account, token, from, port, file"


def test_a_missing_setting_says_where_to_find_it():
    with pytest.raises(SetupError) as caught:
        load(Settings, {"token": "abc"}, "config")

    assert str(caught.value) == "config.account: is missing. On the first page"


def test_a_number_where_text_belongs_is_to_be_quoted():
    error = problem(account=123)

    assert (error.problem, error.fix) == (
        "must be text, not a number",
        "Put it in quotes",
    )


def test_a_whole_number_may_be_text_as_variables_are():
    assert load(Settings, {**GOOD, "port": "80"}, "config").port == 80


@pytest.mark.parametrize("value", ["-1", "4 43", "٤", True, 1.5, None])
def test_a_whole_number_is_nothing_else(value):
    assert problem(port=value).problem.startswith("must be a whole number")


@pytest.mark.parametrize("value", ["", " AC1", "AC1\n", "XX1", "AC1\nAC1"])
def test_text_is_not_empty_padded_or_of_another_form(value):
    assert problem(account=value).path == "senders[0].config.account"


@pytest.mark.parametrize("value", ["SECRET1", ["abc", "SECRET1"], " SECRET1", 5551234])
def test_an_error_never_shows_a_secret(value):
    error = problem(token=value)

    assert "SECRET1" not in str(error)
    assert "5551234" not in str(error)


def test_an_item_of_a_list_is_named():
    assert problem(token=["abc", ""]).path == "senders[0].config.token[1]"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(["AC1"], "a list"), ({"a": 1}, "a group of settings"), (True, "true or false")],
)
def test_text_is_not_anything_else(value, kind):
    assert problem(account=value).problem == f"must be text, not {kind}"


def test_settings_are_not_a_single_value():
    with pytest.raises(SetupError, match="config: must be a list of settings"):
        load(Settings, "AC1", "config")  # type: ignore[arg-type]


def test_a_repr_never_shows_a_secret():
    assert "abc" not in repr(load(Settings, GOOD, "config"))


def test_secrets_are_named():
    assert secrets(Settings) == {"token"}


def test_the_schema_describes_what_load_takes():
    described = schema(Settings)

    jsonschema.Draft202012Validator.check_schema(described)
    assert described["properties"]["token"]["writeOnly"] is True
    assert described["properties"]["port"]["default"] == 443
    assert described["properties"]["account"]["description"] == "On the first page"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"token": ["abc", "def"]},
        {"from": "Shop"},
        {"from": None},
        {"port": 80},
        {"port": "80"},
    ],
)
def test_the_schema_takes_what_load_takes(changes):
    values = {**GOOD, **changes}

    load(Settings, values, "config")
    jsonschema.validate(values, schema(Settings))


@pytest.mark.parametrize(
    "changes",
    [{"token": []}, {"account": "1"}, {"account": 1}, {"port": "x"}, {"zzz": 1}],
)
def test_the_schema_refuses_what_load_refuses(changes):
    values = {**GOOD, **changes}

    with pytest.raises(SetupError):
        load(Settings, values, "config")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, schema(Settings))
