"""What a message may say, and what it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ContentError
from core.message.reader import Reader
from core.message.sms import unusual
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


@pytest.mark.parametrize("filter_", ["upper", "name('first')", "money", "truncate(3)"])
def test_a_default_may_follow_a_filter(filter_):
    assert render(f"{{{{ a.b | {filter_} | default('you') }}}}", {}) == "you"


# --- Filters ----------------------------------------------------------------------------------

MORE = {
    "order.total": "1234.5",
    "order.currency": "EUR",
    "visit.at": "2026-11-24T22:30:00+00:00",
    "visit.day": "2026-11-24",
    "person.name": "ANNA-MARIA D'ANGELO",
}
ROME = "Europe/Rome"


@pytest.mark.parametrize(
    ("locale", "text", "said"),
    [
        ("en", "{{ order.total | money }}", "€1,234.50"),
        ("it-IT", "{{ order.total | money }}", "1.234,50 €"),
        ("de_CH", "{{ order.total | money('CHF') }}", "CHF 1'234.50"),
        ("en", "{{ order.total | money('JPY') }}", "¥1,234"),
        ("fr", "{{ order.total | money }}", "1 234,50 €"),
        # By the reader's clock it is not even the same day.
        ("en_GB", "{{ visit.at | weekday }} {{ visit.at | date }}", "Tuesday 24 November 2026"),
        ("it", "{{ visit.at | date }}, {{ visit.at | time }}", "24 novembre 2026, 23:30"),
        ("en", "{{ visit.at | time }}", "11:30 PM"),
        ("de", "{{ visit.at | datetime }}", "24.11.2026, 23:30"),
        ("tlh", "{{ visit.at | date('medium') }}", "Nov 24, 2026"),
        ("en", "{{ visit.day | weekday }}", "Tuesday"),
        ("en", "{{ person.name | name }}", "Anna-Maria D'Angelo"),
        ("en", "{{ person.name | name('first') }}", "Anna-Maria"),
        ("en", "{{ 'Leonardo da Vinci' | name }}", "Leonardo da Vinci"),
    ],
)  # fmt: skip
def test_filters_speak_the_readers_language(locale, text, said):
    assert render(text, MORE, Reader(locale=locale, zone=ROME)) == said


def test_a_day_is_the_one_at_the_readers_place():
    tokyo = Reader(locale="en", zone="Asia/Tokyo")

    assert render("{{ visit.at | weekday }}", MORE, tokyo) == "Wednesday"
    assert render("{{ visit.day | weekday }}", MORE, tokyo) == "Tuesday"


def test_an_amount_is_in_the_accounts_currency_unless_the_event_says_another():
    reader = Reader(locale="en", currency="SEK")

    assert render("{{ a.b | money }}", {"a.b": "1"}, reader) == "SEK 1.00"
    assert render("{{ order.total | money }}", MORE, reader) == "€1,234.50"


def test_filtered_texts_keep_an_sms_in_the_small_alphabet():
    text = "{{ order.total | money }} {{ visit.at | datetime('full') }}"

    told = [render(text, MORE, Reader(locale=it)) for it in ("en", "fr", "de_CH", "it")]
    assert [unusual(one) for one in told] == [""] * 4


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ person.name | money }}", "money is for amounts"),
        ("{{ order.total | money('euro') }}", "currency of an amount is not known"),
        ("{{ person.name | date }}", "fields that hold a moment"),
        ("{{ visit.day | time }}", "a day without a time"),
        ("{{ visit.at | date('tiny') }}", "not a style"),
        ("{{ person.name | name('last') }}", "'first' or 'all'"),
        ("{{ visit.gone | date }}", "visit.gone is not known"),
        ("{{ visit.gone | money }}", "visit.gone is not known"),
        ("{{ visit.gone | name }}", "visit.gone is not known"),
        ("Hello {{ visit.gone | default(none) }}", "None is nothing to say"),
        ("Hello {{ none }}", "None is nothing to say"),
        ("{{ 'x' if visit.gone is defined }}", "needs an else"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
        ("{{ visit.at" + " | upper" * 5000 + " }}", "nested too deeply"),
        ("{% if visit.at %}" * 50 + "{% endif %}" * 50, "nested too deeply"),
        ("x" * 100_001, "at most 100000"),
    ],
)
def test_what_cannot_be_said_stops_with_the_reason(text, why):
    with pytest.raises(ContentError, match=why):
        render(text, MORE, Reader(locale="en"))


def test_what_comes_of_a_text_has_a_bound():
    with pytest.raises(ContentError, match="more than 100000"):
        render("{{ a.b }}" * 20, {"a.b": "x" * 9_999})


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_what_is_blank_is_missing(value):
    with pytest.raises(ContentError, match="is not known"):
        render("Hello {{ a.b }}", {"a.b": value})


@given(st.text(st.sampled_from("{}%|.()'ab if else endif money default,"), max_size=60))
def test_any_text_is_refused_or_filled_in(text):
    try:
        told = render(text, {"a.b": "1"}, Reader(currency="EUR"))
    except ContentError as error:
        told = str(error)
    assert len(told) < 1000
