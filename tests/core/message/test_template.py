"""What a message may say, and what it may not."""

import pytest

from core.errors import ContentError
from core.message.template import fields_used, render

FIELDS = {"order.name": "#1001", "tracking.url": "", "recipient.first_name": "Anna"}


def test_fields_are_filled_in() -> None:
    assert (
        render("{{ order.name }} for {{ recipient.first_name }}", FIELDS)
        == "#1001 for Anna"
    )


def test_a_missing_field_is_named_with_the_fix() -> None:
    with pytest.raises(
        ContentError, match=r"tracking\.url is not known; give it a default"
    ):
        render("See {{ tracking.url }}", FIELDS)


def test_a_default_stands_in() -> None:
    assert render("{{ tracking.url | default('soon') }}", FIELDS) == "soon"


def test_a_condition_may_ask_whether_a_field_is_there() -> None:
    text = "{% if tracking.url is defined %}{{ tracking.url }}{% else %}soon{% endif %}"

    assert render(text, FIELDS) == "soon"


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in order.name %}{{ x }}{% endfor %}",
        "{{ order.name.__class__ }}",
        "{{ order.name.upper() }}",
        "{{ order['name'] }}",
        "{{ order.name | pprint }}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{{ 'a' * 999999999 }}",
        "{{ order.name",
    ],
)
def test_what_a_sentence_does_not_need_is_refused(text: str) -> None:
    with pytest.raises(ContentError):
        render(text, FIELDS)


@pytest.mark.parametrize("end", ["", "{{ no.thing | default('') }}"])
def test_what_stands_around_fields_is_left_as_it_is(end: str) -> None:
    text = "100% of %s, {{ order.name }}\n{{ order.name }}\n"
    name = FIELDS["order.name"]
    assert render(text + end, FIELDS) == f"100% of %s, {name}\n{name}" + "\n" * bool(
        end
    )


def test_it_says_which_fields_a_text_uses_and_which_it_can_spare() -> None:
    text = "{{ order.name }} {{ tracking.url | default('soon') }}"

    assert fields_used(text) == {"order.name": False, "tracking.url": True}


def test_a_default_in_one_place_does_not_stand_in_for_another() -> None:
    assert fields_used("{{ a.b }} {{ a.b | default('x') }}") == {"a.b": False}


def test_what_a_field_holds_is_never_a_template() -> None:
    assert render("{{ order.name }}", {"order.name": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"
