"""The link in an email by which people opt out."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from core.bootstrap import Everreach
from core.cascade.consent import Purpose, Refused, why_not
from core.cascade.model import Channel
from core.services.optout import unsubscribe_url
from core.store import attempts, people
from core.store.attempts import Claimed
from tests.conftest import SetClock
from tests.support.line import Line
from tests.support.loopback import Providers, providers
from webapp.app import build_app

ANNA = "anna@example.com"


@pytest.fixture(scope="module")
def others() -> Iterator[Providers]:
    with providers() as started:
        yield started


@pytest.fixture
def email(app: Everreach, clock: SetClock, others: Providers) -> Claimed:
    """An email about something that a person may opt out of."""
    others.begin_anew()
    line = Line(app, clock, others)
    step = {"channel": "email", "senders": ["sms"], "until": "accepted", "wait": 60}
    line.define(lambda definition: definition.update(steps=[step], purpose="service"))
    line.hook()
    line.work()
    (tried,) = line.message.tries
    with app.store.read() as tx:
        found = attempts.details(tx, tried.reference, clock.now())
    assert found
    return found


@pytest.fixture
def path(app: Everreach, email: Claimed) -> str:
    return unsubscribe_url(app, email).removeprefix(app.settings.public_url)


@pytest.fixture
def visitor(app: Everreach) -> FlaskClient:
    return build_app(app).test_client()


def refused(
    app: Everreach, email: Claimed, channel: Channel, purpose: Purpose
) -> Refused | None:
    account, _ = email.person
    person = account, ANNA
    with app.store.read() as tx:
        said = people.consents_of(tx, [person]).get(person, [])
        stopped = people.suppressions_of(tx, [person]).get(person, [])
    found = why_not(purpose, channel, "mail", said, stopped)
    return found.why if found else None


def test_a_visit_alone_changes_nothing(
    app: Everreach, email: Claimed, path: str, visitor: FlaskClient
) -> None:
    page = visitor.get(path)

    assert page.status_code == 200
    assert b"Riverside Shop" in page.data
    assert b'<form method="post">' in page.data
    assert refused(app, email, Channel.EMAIL, Purpose.SERVICE) is None


def test_one_click_ends_emails_of_its_purpose_and_marketing(
    app: Everreach, email: Claimed, path: str, visitor: FlaskClient
) -> None:
    done = visitor.post(path, data={"List-Unsubscribe": "One-Click"})

    assert done.status_code == 200
    assert b"<form" not in done.data
    by_mail = [refused(app, email, Channel.EMAIL, each) for each in Purpose]
    assert by_mail == [None, None, Refused.WITHDRAWN, Refused.OPTED_OUT]
    assert refused(app, email, Channel.SMS, Purpose.SERVICE) is None


def test_a_second_click_is_noted_once(
    app: Everreach, email: Claimed, path: str, visitor: FlaskClient
) -> None:
    for _ in range(3):
        assert visitor.post(path).status_code == 200

    with app.store.read() as tx:
        assert len(people.suppressions_of(tx, [email.person])[email.person]) == 1
        assert len(people.consents_of(tx, [email.person])[email.person]) == 1


def test_nobody_can_make_up_a_link(
    app: Everreach, email: Claimed, path: str, visitor: FlaskClient
) -> None:
    reference, signature = path.rsplit("/", 1)[1].rsplit(".", 1)
    others = [reference, f"{reference}.", f"{reference}.{signature[:-1]}"]
    others += [
        f"{reference[:-1]}9.{signature}",
        f"{reference}.{signature}é",
        f".{signature}",
    ]

    for token in others:
        assert visitor.get(f"/unsubscribe/{token}").status_code == 404
        assert visitor.post(f"/unsubscribe/{token}").status_code == 404
    assert refused(app, email, Channel.EMAIL, Purpose.MARKETING) is Refused.NO_CONSENT


def test_it_says_nothing_about_the_person(path: str) -> None:
    assert "anna" not in path
    assert path.isascii()


@pytest.mark.parametrize(
    ("channel", "purpose", "offered"),
    [
        (Channel.EMAIL, Purpose.MARKETING, True),
        (Channel.EMAIL, Purpose.SERVICE, True),
        (Channel.EMAIL, Purpose.TRANSACTIONAL, False),
        (Channel.EMAIL, Purpose.AUTHENTICATION, False),
        (Channel.SMS, Purpose.MARKETING, False),
    ],
)
def test_only_some_emails_offer_it(
    app: Everreach, email: Claimed, channel: Channel, purpose: Purpose, offered: bool
) -> None:
    one = replace(email, channel=channel, purpose=purpose)

    assert bool(unsubscribe_url(app, one)) is offered


def test_an_email_goes_to_the_persons_address(email: Claimed) -> None:
    account = email.sender["account_id"]

    assert email.address == ANNA
    assert email.person == (account, ANNA)
    assert email.people == {(account, ANNA), (account, "+46701740605")}
