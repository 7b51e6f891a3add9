"""Meta's number, templates, windows and quirks, on the wire."""

import json
from typing import Any

import pytest
import requests

from core.message.content import Button, ButtonKind
from tests.webapp.sandbox.conftest import Outside
from webapp.sandbox import quirks
from webapp.sandbox.cast import CUSTOMERS, Kind
from webapp.sandbox.quirks import Quirk

ASTRID = CUSTOMERS[0].number
AWAY = next(one.number for one in CUSTOMERS if one.kind is Kind.SWITCHED_OFF)
VALUES = ("Astrid", "#1001", "https://track.example/1")
YES = Button(kind=ButtonKind.REPLY, text="Yes", value="yes:1")


def ask(outside: Outside, method: str, path: str, **more: Any) -> requests.Response:
    url = f"{outside.secrets['SANDBOX_META_URL']}/v25.0/{path}"
    bearer = {"Authorization": f"Bearer {outside.secrets['SANDBOX_META_TOKEN']}"}
    return requests.request(method, url, headers=bearer, timeout=5, **more)


def templates(outside: Outside, method: str = "GET", **more: Any) -> dict[str, Any]:
    waba = outside.secrets["SANDBOX_META_WABA_ID"]
    found = ask(outside, method, f"{waba}/message_templates", **more).json()
    assert isinstance(found, dict)
    return found


def create(outside: Outside, **more: Any) -> dict[str, Any]:
    body = {
        "type": "BODY",
        "text": "Hi {{1}}, bye.",
        "example": {"body_text": [["Bo"]]},
    }
    asked = {"name": "new", "language": "en", "category": "UTILITY"}
    return templates(outside, "POST", json={**asked, "components": [body], **more})


def send(outside: Outside, kind: str, content: Any, to: str = ASTRID) -> dict[str, Any]:
    about = {"messaging_product": "whatsapp", "to": to, "type": kind}
    answer = outside.post_whatsapp({**about, kind: content}).json()
    assert isinstance(answer, dict)
    return answer


def behave(outside: Outside, **how: Any) -> None:
    with outside.world._file.transaction() as tx:
        quirks.give(tx, ASTRID, Quirk(**how))


def values(outside: Outside) -> list[dict[str, Any]]:
    bodies = [json.loads(post.body)["entry"][0]["changes"] for post in outside.posts]
    return [change["value"] for (change,) in bodies]


def statuses(outside: Outside) -> list[str]:
    return [one["status"] for value in values(outside) for one in value["statuses"]]


def test_it_says_whose_number_it_is(outside):
    phone_id = outside.secrets["SANDBOX_META_PHONE_ID"]
    answer = ask(outside, "GET", f"{phone_id}?fields=verified_name").json()

    assert answer == {"verified_name": "Riverside Shop", "id": phone_id}


def test_templates_come_in_pages(outside):
    first = templates(outside, params={"limit": 4})
    after = first["paging"]["cursors"]["after"]
    second = templates(outside, params={"limit": 4, "after": after})

    assert (len(first["data"]), len(second["data"])) == (4, 3)
    assert ("next" in first["paging"], "next" in second["paging"]) == (True, False)


def test_a_new_template_is_reviewed_before_it_can_be_sent(outside):
    assert create(outside)["status"] == "PENDING"
    early = outside.whatsapp(ASTRID, "Bo", template="new").json()
    outside.skip(minutes=2)

    assert early["error"]["code"] == 132001
    assert [one["event"] for one in values(outside)] == ["APPROVED"]
    assert outside.whatsapp(ASTRID, "Bo", template="new").status_code == 200


def test_an_advert_is_not_a_utility(outside):
    body = {"type": "BODY", "text": "Everything 20% off"}
    create(outside, components=[body])
    outside.skip(minutes=2)

    assert [(one["event"], one["reason"]) for one in values(outside)] == [
        ("REJECTED", "INCORRECT_CATEGORY")
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "New"},
        {"name": "order_shipped"},
        {"category": "FUN"},
        {"message_send_ttl_seconds": 29},
        {"message_send_ttl_seconds": 43_201},
        {"components": []},
        {"components": [{"type": "BODY", "text": "Hi {{1}}, bye."}]},
        {
            "components": [
                {"type": "BODY", "text": "{{1}}!x", "example": {"body_text": [["Bo"]]}}
            ]
        },
    ],
)
def test_what_cannot_be_a_template_is_refused(outside, wrong):
    error = create(outside, **wrong)["error"]

    assert error["code"] == 100
    assert error["error_user_msg"]


def test_a_message_dies_with_its_templates_lifetime_and_nobody_says_so(outside):
    create(outside, message_send_ttl_seconds=1800)
    outside.skip(minutes=2)
    outside.posts.clear()
    outside.whatsapp(AWAY, "David", template="new")
    outside.skip(days=1)

    assert statuses(outside) == ["sent"]


def test_whoever_has_written_may_be_written_to_for_a_day(outside):
    outside.world.meta.hear(ASTRID, text="Where is it?")
    outside.skip(minutes=1)
    (told,) = values(outside)
    assert told["messages"][0]["text"] == {"body": "Where is it?"}
    assert told["contacts"][0]["wa_id"] == ASTRID[1:]

    outside.posts.clear()
    send(outside, "text", {"body": "Nearly there"})
    outside.skip(hours=23)
    assert statuses(outside) == ["sent", "delivered", "read"]
    assert values(outside)[0]["statuses"][0]["pricing"]["category"] == "service"

    outside.posts.clear()
    outside.skip(hours=1)
    send(outside, "text", {"body": "Too late"})
    outside.skip(minutes=1)
    assert statuses(outside) == ["failed"]


def test_a_button_is_told_as_what_it_was_on(outside):
    template = outside.whatsapp(ASTRID, *VALUES).json()["messages"][0]["id"]
    outside.world.meta.hear(ASTRID, button=YES, answers=template)
    reply = {"type": "reply", "reply": {"id": "yes:1", "title": "Yes"}}
    question = {
        "type": "button",
        "body": {"text": "Coming?"},
        "action": {"buttons": [reply]},
    }
    own = send(outside, "interactive", question)["messages"][0]["id"]
    outside.world.meta.hear(ASTRID, button=YES, answers=own)
    outside.skip(minutes=1)

    told = [one["messages"][0] for one in values(outside) if "messages" in one]
    assert [one["type"] for one in told] == ["button", "interactive"]
    assert [one["context"]["id"] for one in told] == [template, own]


LINK = {"display_text": "Map", "url": "https://shop.example"}


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text", {"body": ""}, 131008),
        ("text", {"body": "x" * 4097}, 131009),
        ("image", {}, 131008),
        ("image", {"link": "moka.jpg"}, 131009),
        ("image", {"link": "https://x", "caption": "x" * 1025}, 131009),
        ("interactive", {"type": "button", "body": {"text": "x"}}, 100),
        (
            "interactive",
            {"type": "button", "body": {"text": "x"}, "action": {"buttons": []}},
            131009,
        ),
        ("interactive", {"type": "carousel"}, 131009),
        (
            "interactive",
            {
                "type": "cta_url",
                "body": {"text": "x"},
                "action": {"parameters": {**LINK, "display_text": "x" * 21}},
            },
            131009,
        ),
    ],
)
def test_what_cannot_be_said_is_refused(outside, kind, content, code):
    assert send(outside, kind, content)["error"]["code"] == code


def test_both_shapes_of_reports_are_told_in_turn(outside):
    for _ in range(2):
        outside.whatsapp(ASTRID, *VALUES)
    outside.skip(minutes=1)
    sent = [one for one in values(outside) if one["statuses"][0]["status"] == "sent"]
    new, old = sent

    assert new["contacts"][0]["user_id"] == new["statuses"][0]["recipient_user_id"]
    assert "conversation" not in new["statuses"][0]
    assert "contacts" not in old
    assert old["statuses"][0]["conversation"]["origin"] == {"type": "utility"}


def test_hidden_people_have_no_number_anywhere(outside):
    behave(outside, hidden=True)
    outside.whatsapp(ASTRID, *VALUES)
    outside.world.meta.hear(ASTRID, text="Thanks")
    outside.skip(minutes=1)

    assert len(outside.posts) == 4
    assert not any(ASTRID[1:].encode() in post.body for post in outside.posts)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"backwards": True}, ["read", "delivered", "sent"]),
        ({"twice": True}, ["sent", "sent", "delivered", "delivered", "read", "read"]),
        ({"late": 3600}, []),
        ({"fails": 131049}, ["failed"]),
    ],
)
def test_reports_come_as_a_phones_quirk_has_them(outside, how, told):
    behave(outside, **how)
    outside.whatsapp(ASTRID, *VALUES)
    outside.skip(minutes=5)

    assert statuses(outside) == told


def test_a_quirk_may_be_a_refusal(outside):
    behave(outside, refuses=131056)

    assert outside.whatsapp(ASTRID, *VALUES).json()["error"]["code"] == 131056
