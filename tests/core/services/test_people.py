"""Noting consent, and reading it back in words."""

import pytest

from core.bootstrap import Everreach
from core.cascade.consent import Purpose, asked_to_stop
from core.cascade.model import Channel
from core.errors import SetupError
from core.services.people import PersonView, note_consent, what_they_said
from core.services.setup import apply
from core.store import people
from tests.conftest import SetClock
from tests.support import riverside

ANNA = "+46701740605"


@pytest.fixture
def shop(app: Everreach) -> Everreach:
    apply(app, riverside.setup(), {})
    return app


def note(shop: Everreach, given: bool = True, **changes: object) -> PersonView:
    options = {
        "account": "riverside",
        "phone": ANNA,
        "channel": None,
        "purpose": Purpose.MARKETING,
        "given": given,
        "source": "form at the desk",
    }
    return note_consent(shop, **options | changes)  # type: ignore[arg-type]


def sentences(person: PersonView) -> list[str]:
    return [line.sentence for line in person.said]


def test_what_a_person_said_is_told_in_order(shop: Everreach, clock: SetClock) -> None:
    note(shop)
    clock.advance(minutes=1)
    stopped = asked_to_stop(Channel.SMS, "sms", "their own word", clock.now(), "Stop!")
    with shop.store.write() as tx:
        row = people.account(tx, "riverside")
        assert row
        for one in stopped:
            people.suppress(tx, (row["id"], ANNA), one)
    clock.advance(minutes=1)
    note(shop, given=False, channel=Channel.SMS)

    person = what_they_said(shop, "riverside", "0046 70 174 06 05")
    assert (person.phone, person.time_zone) == (ANNA, "Europe/Rome")
    assert sentences(person) == [
        "Agreed to marketing messages on every channel: form at the desk.",
        "Wants no more messages from sms by SMS: their own word, “Stop!”.",
        "Wants no more marketing messages on every channel: their own word, “Stop!”.",
        "Withdrew consent to marketing messages by SMS: form at the desk.",
    ]


def test_nothing_is_known_of_a_stranger(shop: Everreach) -> None:
    assert what_they_said(shop, "riverside", ANNA).said == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"account": "other"}, "--account"),
        ({"phone": "12"}, "PHONE"),
        ({"source": " "}, "--source"),
    ],
)
def test_a_mistake_is_told_and_nothing_noted(
    shop: Everreach, changes: dict[str, str], path: str
) -> None:
    with pytest.raises(SetupError) as caught:
        note(shop, **changes)

    assert caught.value.path == path
    assert what_they_said(shop, "riverside", ANNA).said == ()
