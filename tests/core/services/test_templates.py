"""What is known of providers' templates, and what follows from it, on both databases."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from core.errors import SetupError
from core.services.notices import list_notices
from core.services.setup import apply
from core.services.templates import list_templates
from core.store import templates
from tests.support import riverside
from tests.support.line import Line
from tests.support.loopback import Providers
from webapp.cli import main

SENDER = (
    "verify_token: verify-token,",
    'verify_token: verify-token, business_account_id: "9",',
)
PATH = "9/message_templates"
ID = 3001


def template(name: str = "order_shipped", **more: Any) -> dict[str, Any]:
    return {
        "id": str(ID),
        "name": name,
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        **more,
    }


def page(*found: dict[str, Any], after: str = "") -> dict[str, Any]:
    more = {"next": "https://graph.facebook.com/more"} if after else {}
    return {"data": list(found), "paging": {"cursors": {"after": after}, **more}}


def warnings(line: Line, **options: Any) -> list[str]:
    """What `apply` has to say about WhatsApp's window."""
    text = riverside.setup(meta=line.url, twilio=line.url, **options)
    told = apply(line.app, text.replace(*SENDER), {}).warnings
    return [one for one in told if "steps[0]" in one]


def news(event: str, *, at: int = 1795435300, id: int = ID, **more: Any) -> bytes:
    value = {
        "event": event,
        "message_template_id": id,
        "message_template_name": "order_shipped",
        "message_template_language": "en",
        **more,
    }
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": "9", "time": at, "changes": [change]}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [entry]}
    ).encode()


def hear(line: Line, body: bytes) -> None:
    line._meta_posts(body)
    line.work()


def statuses(line: Line) -> list[tuple[str, str]]:
    with line.app.store.read() as tx:
        found = templates.held(tx, "riverside")
    return [(one.sender, str(one.template.status)) for one in found]


@pytest.fixture
def line(line: Line) -> Line:
    line.set_up(SENDER)
    return line


def test_a_template_that_dies_in_time_is_not_warned_of(
    line: Line, providers: Providers
) -> None:
    assert "message_send_ttl_seconds of 1800" in "".join(warnings(line))
    providers.keeps(page(template(message_send_ttl_seconds=1800)), number=PATH)
    list_templates(line.app, "riverside")

    assert warnings(line) == []


def test_a_template_that_outlives_its_window_is_warned_of_with_its_lifetime(
    line: Line, providers: Providers
) -> None:
    providers.keeps(page(template(message_send_ttl_seconds=1801)), number=PATH)
    list_templates(line.app, "riverside")

    (told,) = warnings(line)
    assert told.endswith("messages from the template order_shipped live for 30 min 1 s")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            template(status="PAUSED", message_send_ttl_seconds=60),
            "the template order_shipped in en cannot be sent by wa now: it is paused",
        ),
        (template("another"), "wa has no template order_shipped in en"),
    ],
)
def test_a_template_that_cannot_be_sent_is_warned_of(
    line: Line, providers: Providers, found: dict[str, Any], told: str
) -> None:
    providers.keeps(page(found), number=PATH)
    list_templates(line.app, "riverside")

    assert f"reminders[0].steps[0].sender: {told}" in warnings(line)


def test_all_pages_are_asked_for_and_what_is_gone_is_forgotten(
    line: Line, providers: Providers
) -> None:
    def asked(number: int) -> dict[str, Any]:
        found = template(f"t{number}", id=str(number))
        return page(found, after="next" if number < 3 else "")

    providers.keeps(asked, number=PATH)
    assert [it.template.name for it in list_templates(line.app, "riverside")] == [
        "t1",
        "t2",
        "t3",
    ]
    assert [path.partition("after=")[2] for path in providers.asked] == [
        "",
        *["next"] * 2,
    ]

    providers.keeps(page(template()), number=PATH)
    assert len(list_templates(line.app, "riverside")) == 1


def test_a_refusal_is_told_in_the_providers_words(
    line: Line, providers: Providers
) -> None:
    refused = {"error": {"message": "(#200) Permissions error", "code": 200}}
    providers.keeps(refused, status=403, number=PATH)

    with pytest.raises(SetupError, match="Permissions error"):
        list_templates(line.app, "riverside")


@pytest.mark.parametrize("event", ["PAUSED", "REJECTED", "DISABLED"])
def test_the_owner_is_told_of_a_template_that_stopped_until_it_is_approved(
    line: Line, event: str
) -> None:
    hear(line, news(event, reason="ABUSIVE_CONTENT"))
    (notice,) = list_notices(line.app)

    assert notice.kind == f"template_{event.lower()}"
    assert notice.sentence == (
        f"Meta has {event.lower()} the template order_shipped/en of the sender wa: "
        "ABUSIVE_CONTENT."
    )
    hear(line, news("APPROVED", at=1795435400))
    assert list_notices(line.app) == []


def test_news_in_the_wrong_order_changes_nothing(line: Line) -> None:
    hear(line, news("APPROVED", at=1795435400))
    hear(line, news("PAUSED", at=1795435300))

    assert statuses(line) == [("wa", "approved")]
    assert list_notices(line.app) == []


def test_news_finds_the_sender_that_the_template_belongs_to(
    line: Line, providers: Providers
) -> None:
    line.set_up(
        *line.two_senders,
        (
            'phone_number_id: "101",',
            'phone_number_id: "101", business_account_id: "9",',
        ),
    )
    providers.keeps(page(template()), number=PATH)
    list_templates(line.app, "riverside", "wa2")
    hear(line, news("PAUSED"))  # at the address of wa

    assert statuses(line) == [("wa2", "paused")]
    assert [notice.sender for notice in list_notices(line.app)] == ["wa2"]


def test_a_new_category_has_a_lifetime_of_its_own(
    line: Line, providers: Providers
) -> None:
    providers.keeps(page(template(message_send_ttl_seconds=60)), number=PATH)
    list_templates(line.app, "riverside")
    line.clock.advance(seconds=5)
    later = int(line.clock.now().timestamp())
    hear(line, news("APPROVED", at=later, message_template_category="MARKETING"))

    assert "unless its template was made" in "".join(warnings(line))


def test_a_reply_of_somebody_without_a_number_is_theirs(line: Line) -> None:
    tried = line.ship().tries[0]
    message = {
        "from_user_id": "SE.13491208655302741918",
        "id": "wamid.hidden",
        "timestamp": "1795435300",
        "type": "text",
        "text": {"body": "STOP"},
    }
    lost = {**message, "id": "wamid.lost", "text": {"body": "Hello?"}}
    answer = {**message, "context": {"id": tried.provider_id}}
    value = {"messaging_product": "whatsapp", "messages": [lost, answer]}
    change = {"field": "messages", "value": value}
    body = json.dumps({"entry": [{"id": "9", "changes": [change]}]}).encode()
    hear(line, body)

    (reply,) = line.message.replies
    assert reply.text == "STOP"
    second = line.ship_next(2)
    assert "opted out" in " ".join(one.sentence for one in second.timeline)


@pytest.fixture
def command(line: Line, monkeypatch: pytest.MonkeyPatch):
    """A command, run in this installation."""
    settings = line.app.settings
    monkeypatch.setenv("EVERREACH_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    return lambda *words: CliRunner().invoke(main, ["templates", *words])


CREATE = (
    "create",
    *("--account", "riverside", "--name", "order_shipped", "--language", "en"),
    *("--body", "Hi {{first_name}}, soon.", "--example", "first_name=Anna"),
    *("--link", "Map", "https://shop.example/{{1}}", "--reply", "Thanks"),
)


@pytest.mark.parametrize(
    ("category", "window", "seconds", "warned"),
    [
        ("utility", ("--for", "order-shipped"), 1800, False),
        ("utility", ("--lives", "10s"), 30, True),
        ("utility", ("--lives", "2d"), 43_200, False),
        ("marketing", ("--for", "order-shipped"), 43_200, True),
    ],
)
def test_a_template_is_created_with_the_lifetime_of_its_window(
    line, providers, command, category, window, seconds, warned
):
    created = {"id": str(ID), "status": "PENDING", "category": category.upper()}
    providers.whatsapp(created, number=PATH)
    result = command(*CREATE, "--category", category, *window)

    assert result.exit_code == 0, result.output
    asked = json.loads(providers.calls[-1])
    assert asked["message_send_ttl_seconds"] == seconds
    assert asked["components"][0]["example"]["body_text_named_params"] == [
        {"param_name": "first_name", "example": "Anna"}
    ]
    assert [one["type"] for one in asked["components"][1]["buttons"]] == [
        "QUICK_REPLY",
        "URL",
    ]
    assert ("longer than the wait" in result.output) is warned
    assert statuses(line) == [("wa", "pending")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*CREATE, "--category", "utility"), "--lives: or --for is needed"),
        ((*CREATE, "--category", "utility", "--for", "x"), "there is no reminder x"),
        ((*CREATE, "--category", "utility", "--lives", "soon"), "is not a duration"),
        (
            (*CREATE, "--category", "authentication", "--lives", "5m"),
            "body is Meta's own",
        ),
        (("list", "--account", "nobody"), "there is no account nobody"),
        (("list", "--account", "riverside", "--sender", "x"), "there is no sender x"),
        (("list", "--account", "riverside", "--sender", "sms"), "has no templates"),
    ],
)
def test_a_mistake_is_told_in_a_line(command, words, told):
    result = command(*words)

    assert result.exit_code == 1
    assert told in result.output
    assert len(result.output.splitlines()) == 1
