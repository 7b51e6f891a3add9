"""The API: answering people, and reading what they wrote. It is Monday, 13:00 in Rome."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.bootstrap import Everreach
from core.errors import SetupError
from core.services import api_keys
from core.services.setup import apply
from core.store.tables import inbox
from tests.conftest import SetClock
from tests.support.clinic import ANNA, SMS, Clinic, reminder, setup
from tests.support.loopback import Providers, providers
from webapp.app import build_app

ANSWER = {"text": "We are, until 6 {{ today }}", "channel": "whatsapp"}
BY_SMS = {**ANSWER, "channel": "sms"}
VISIT = "2026-11-26 15:00"


@pytest.fixture(scope="module")
def others() -> Iterator[Providers]:
    with providers() as started:
        yield started


@pytest.fixture
def clinic(app: Everreach, clock: SetClock, others: Providers) -> Clinic:
    others.begin_anew()
    return Clinic(app, clock, others)


class Desk:
    """Somebody with a key to the API."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.key = client, key

    def says(self, body: object, to: str = ANNA, **headers: str) -> TestResponse:
        path = f"/api/v1/people/{to}/messages"
        data = body if isinstance(body, str) else json.dumps(body)
        return self.client.post(path, data=data, headers=self._headers(headers))

    def asks(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1/{path}", headers=self._headers({}))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.key}", **named}


@pytest.fixture
def desk(clinic: Clinic) -> Desk:
    key = api_keys.create(clinic.app, "clinic", "desk")
    return Desk(build_app(clinic.app).test_client(), key)


def _told(answer: TestResponse) -> tuple[int, Any]:
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["status"] == answer.status_code
    return answer.status_code, answer.json.get("field")


def test_who_wrote_is_answered_by_a_text(clinic: Clinic, desk: Desk) -> None:
    clinic.writes("Are you open?")
    answer = desk.says(ANSWER)
    assert answer.status_code == 202
    clinic.work()

    (sent,) = clinic.providers.calls
    assert json.loads(sent)["text"]["body"] == ANSWER["text"]
    told = desk.client.get(
        answer.headers["Location"], headers={"Authorization": f"Bearer {desk.key}"}
    ).get_json()
    assert (told["id"], told["status"]) == (answer.get_json()["id"], "waiting")
    assert [one["status"] for one in told["tries"]] == ["accepted"]
    assert (
        told["timeline"][0]["sentence"]
        == "Somebody wrote this to them through the API."
    )


def test_an_answer_goes_to_the_number_that_was_written_to(
    clinic: Clinic, desk: Desk
) -> None:
    clinic.texts("Are you open?", to="sms2")
    desk.says(BY_SMS)
    clinic.work()

    assert b"From=%2B15005550009" in clinic.providers.calls[0]


@pytest.mark.parametrize("hours", [24, 30])
def test_nobody_is_answered_after_the_window(
    clinic: Clinic, desk: Desk, hours: int
) -> None:
    clinic.writes("Are you open?")
    clinic.passes(hours=hours)
    refused = desk.says(ANSWER)
    assert _told(refused) == (409, None)
    assert "24 hours" in refused.get_json()["detail"]

    assert desk.says(BY_SMS).status_code == 202
    clinic.work()
    assert clinic.sent == ["sms"]


def test_who_said_stop_is_not_answered(clinic: Clinic, desk: Desk) -> None:
    clinic.texts("STOP", to="sms")
    clinic.texts("STOP", to="sms2")
    refused = desk.says(BY_SMS)

    assert _told(refused) == (409, None)
    assert "want nothing from this sender" in refused.get_json()["detail"]
    assert clinic.providers.calls == []


def test_who_says_stop_meanwhile_is_not_written_to(clinic: Clinic, desk: Desk) -> None:
    clinic.writes("Are you open?")
    message = desk.says(ANSWER).get_json()
    clinic.writes("STOP")

    assert clinic.providers.calls == []
    assert (
        desk.asks(f"messages/{message['id']}").get_json()["status"] == "not_delivered"
    )


def test_the_same_key_is_the_same_message(clinic: Clinic, desk: Desk) -> None:
    clinic.writes("Are you open?")
    first, again = (
        desk.says(ANSWER, Idempotency_Key="k1").get_json() for _ in range(2)
    )
    clinic.work()
    clinic.passes(hours=25)  # it would be too late for another
    late = desk.says(ANSWER, Idempotency_Key="k1")

    assert first == again == late.get_json()
    assert clinic.sent == ["whatsapp"]
    assert _told(desk.says(BY_SMS, Idempotency_Key="k1")) == (422, "Idempotency-Key")
    assert desk.says(BY_SMS).get_json() != desk.says(BY_SMS).get_json()


def test_what_is_asked_is_kept_raw_and_without_the_key(
    clinic: Clinic, desk: Desk
) -> None:
    clinic.writes("Are you open?")
    desk.says(json.dumps(ANSWER, indent=3))
    with clinic.app.store.read() as tx:
        query = select(inbox).where(inbox.c.topic == "api.message")
        kept = tx.execute(query).mappings().one()

    assert kept["body"] == json.dumps(ANSWER, indent=3).encode()
    assert desk.key not in str(dict(kept))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BY_SMS, "text": " "}, "text"),
        ({"channel": "sms"}, "text"),
        ({**BY_SMS, "text": 5}, "text"),
        ({**BY_SMS, "text": "Yes\0"}, "text"),
        ({**BY_SMS, "text": "Yes\ud83d"}, "text"),
        ({**BY_SMS, "text": "ж" * 1000}, "text"),
        ({"text": "Yes"}, "channel"),
        ({**BY_SMS, "channel": "fax"}, "channel"),
        ({**BY_SMS, "channel": "email"}, "channel"),
        ({**BY_SMS, "channel": "viber"}, "sender"),
        ({**BY_SMS, "sender": "wa"}, "sender"),
        ({**BY_SMS, "senders": "sms"}, "senders"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_a_fix(
    clinic: Clinic, desk: Desk, body: object, field: str
) -> None:
    clinic.texts("Are you open?")
    refused = desk.says(body)

    assert _told(refused) == (422, field)
    assert {"detail", "fix"} <= refused.get_json().keys()
    assert clinic.providers.calls == []


def test_what_is_no_json_is_not_readable(clinic: Clinic, desk: Desk) -> None:
    assert _told(desk.says("[")) == (400, None)
    assert _told(desk.says("[]")) == (400, None)


def test_only_people_who_are_known_are_there(clinic: Clinic, desk: Desk) -> None:
    assert _told(desk.says(BY_SMS)) == (404, None)
    assert _told(desk.says(BY_SMS, to="12")) == (422, "number")
    assert _told(desk.asks("messages/nothing")) == (404, None)
    assert _told(desk.asks("nowhere")) == (404, None)

    clinic.set_up(reminder("r", steps=[SMS]))
    clinic.books(VISIT)
    assert desk.says(BY_SMS).status_code == 202


def test_without_a_key_that_is_in_use_nothing_is_told(
    clinic: Clinic, desk: Desk
) -> None:
    clinic.texts("Are you open?")
    assert desk.asks("replies").status_code == 200
    api_keys.revoke(clinic.app, "clinic", desk.key)
    assert _told(desk.asks("replies")) == (403, "Authorization")
    assert _told(desk.says(BY_SMS)) == (403, "Authorization")

    for unknown in ("", "evr_nothing"):
        desk.key = unknown
        refused = desk.says(BY_SMS)
        assert _told(refused) == (401, "Authorization")
        assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_is_shown_once_and_kept_as_a_digest(clinic: Clinic, desk: Desk) -> None:
    (listed,) = api_keys.listed(clinic.app, "clinic")
    assert desk.key.startswith(listed.hint)
    assert desk.key not in str(listed)
    with pytest.raises(SetupError, match="no such key"):
        api_keys.revoke(clinic.app, "clinic", "evr_nothing")
    with clinic.app.store.read() as tx:
        rows = tx.exec_driver_sql("SELECT * FROM api_keys").all()

    assert desk.key not in str(rows)


def test_replies_are_read_one_page_after_the_other(clinic: Clinic, desk: Desk) -> None:
    clinic.set_up(reminder("r", steps=[SMS]))
    clinic.books(VISIT)
    for text in ("Hello", "Yes", "Thanks"):
        clinic.texts(text)
    first = desk.asks("replies?limit=2").get_json()
    rest = desk.asks(f"replies?after={first['after']}").get_json()

    read = [*first["replies"], *rest["replies"]]
    assert [one["text"] for one in read] == ["Hello", "Yes", "Thanks"]
    assert [one["answer"] for one in read] == [None, "confirm", None]
    assert {one["message"] for one in read} == {clinic.message().id}
    end = desk.asks(f"replies?after={rest['after']}").get_json()
    assert end == {"replies": [], "after": rest["after"]}
    assert _told(desk.asks("replies?after=x")) == (422, "after")
    assert _told(desk.asks("replies?limit=0")) == (422, "limit")


def test_another_accounts_key_opens_nothing_of_ours(clinic: Clinic, desk: Desk) -> None:
    clinic.writes("Are you open?")
    ours = desk.says(ANSWER, Idempotency_Key="k1").get_json()
    clinic.work()
    other = {"key": "other", "name": "O", "timezone": "Europe/Rome", "currency": "EUR"}
    apply(clinic.app, json.dumps({"account": {**other, "country": "IT"}}), {})
    stranger = Desk(desk.client, api_keys.create(clinic.app, "other", "key"))

    assert _told(stranger.asks(f"messages/{ours['id']}")) == (404, None)
    assert stranger.asks("replies").get_json() == {"replies": [], "after": 0}
    assert _told(stranger.says(ANSWER, Idempotency_Key="k1")) == (404, None)
    with pytest.raises(SetupError):
        api_keys.revoke(clinic.app, "other", desk.key)
    routes = {
        rule.rule
        for rule in desk.client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert routes == {
        "/api/v1/messages/<id>",
        "/api/v1/people/<address>/messages",
        "/api/v1/replies",
    }, "a new route is to be tried here with another account's key"


def test_a_set_up_file_does_not_touch_what_was_written_by_hand(
    clinic: Clinic, desk: Desk
) -> None:
    clinic.writes("Are you open?")
    desk.says(ANSWER)
    report = apply(clinic.app, setup(clinic.providers.url), {}, "follow")
    clinic.work()

    assert not [one for one in report.changes if "api" in one.what]
    assert clinic.sent == ["whatsapp"]
