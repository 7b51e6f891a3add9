"""The panel over a clinic with one message of every kind, in every language."""

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from core.bootstrap import Everreach
from core.services.messages import list_messages
from core.services.notices import list_notices
from core.services.views import MessageView
from tests.conftest import SetClock
from tests.support import loopback
from tests.support.gallery import Gallery
from tests.support.loopback import ACCEPTED, Providers
from webapp import cli
from webapp.app import build_app
from webapp.doctor import examine
from webapp.languages import LANGUAGES, translator
from webapp.panel import panel

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    with loopback.providers() as server:
        yield server


@pytest.fixture
def clinic(app: Everreach, providers: Providers) -> Gallery:
    made = Gallery(app, providers)
    made.fill()
    return made


@pytest.fixture
def client(clinic: Gallery) -> FlaskClient:
    return panel_app(clinic.app).test_client()


def panel_app(app: Everreach) -> Flask:
    made = build_app(app)
    made.register_blueprint(panel)
    return made


def named(clinic: Gallery, name: str) -> MessageView:
    return next(
        one for one in list_messages(clinic.app) if one.recipient_name == f"{name} Lind"
    )


def test_what_waits_for_a_moment_says_for_which(clinic: Gallery) -> None:
    planned, held = named(clinic, "Planned"), named(clinic, "Held")

    assert (planned.status, held.status) == ("planned", "held")
    assert planned.headline == "Planned for 2026-11-27 13:00"
    assert held.headline == "SMS is held until 2026-11-23 18:00"


def test_an_answer_is_the_best_that_can_be(clinic: Gallery) -> None:
    message = named(clinic, "Replied")

    assert (message.status, message.tries[0].status) == ("replied", "replied")
    assert message.headline == "Answered on WhatsApp, 0 s after the first try"
    assert message.tries[0].replied_at


def test_the_owner_is_told_in_one_sentence_and_what_to_do(clinic: Gallery) -> None:
    (notice,) = list_notices(clinic.app)

    assert notice.sentence == (
        "Meta no longer works with the sender wa: Error validating access token: it was "
        "reset by •••••••••699 (code 190). Nothing is sent that way until 2026-11-23 13:01; "
        "messages go by the next sender or channel."
    )
    assert "apply it" in notice.fix
    assert list_notices(clinic.app, account="another") == []


def test_a_pause_that_is_over_is_no_longer_promised(
    clinic: Gallery, clock: SetClock
) -> None:
    clock.advance(minutes=2)

    (notice,) = list_notices(clinic.app)
    assert "The next message tries it" in notice.sentence


def test_a_notice_goes_with_its_trouble(clinic: Gallery, clock: SetClock) -> None:
    clock.advance(minutes=2)
    clinic.providers.whatsapp(ACCEPTED)
    clinic.happens("order.delivered", "Mended", 5)

    assert list_notices(clinic.app) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_speaks_the_readers_language(
    clinic: Gallery, client: FlaskClient, language: str
) -> None:
    accepts = {"Accept-Language": f"{language}-CH,{language};q=0.9,en;q=0.5"}
    said = translator(language)
    html = client.get("/messages", headers=accepts).text
    assert f'<html lang="{language}">' in html
    assert "+46701740" not in html
    assert said("Held") in html
    assert said("Planned") in html

    message = client.get(f"/messages/{named(clinic, 'Broken').id}", headers=accepts)
    text = re.sub(r"<[^>]+>", "", message.text)
    sentence = said("Our {channel} sender is not working: {detail} (code {code}).")
    assert sentence.partition("{")[0] in text
    assert said("What happened") in text


def test_a_language_that_nobody_wrote_is_english(client: FlaskClient) -> None:
    html = client.get("/messages", headers={"Accept-Language": "fi"}).text

    assert '<html lang="en">' in html


def test_what_a_provider_says_cannot_write_into_the_page(
    clinic: Gallery, client: FlaskClient, clock: SetClock
) -> None:
    error = {"code": 190, "message": "<script>alert(1)</script>"}
    clinic.providers.whatsapp({"error": error}, status=401)
    clock.advance(minutes=2)
    clinic.happens("order.delivered", "Script", 5)

    html = client.get(f"/messages/{named(clinic, 'Script').id}").text
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


@pytest.fixture
def outside(
    clinic: Gallery, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment in which commands see this installation."""
    env = {
        "EVERREACH_HOME": str(clinic.app.settings.home),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


@pytest.mark.usefixtures("outside")
def test_the_commands_tell_the_same() -> None:
    run = CliRunner().invoke
    told = json.loads(run(cli.main, ["notices", "--json"]).stdout)
    assert [(one["account"], one["sender"]) for one in told] == [("clinic", "wa")]
    words = run(cli.main, ["notices", "--language", "it"]).stdout
    assert "Meta non accetta più il mittente wa" in words
    nothing = run(cli.main, ["notices", "--account", "another"]).stdout
    assert nothing == "There is nothing to mend.\n"

    german = run(cli.main, ["messages", "--language", "de"]).stdout
    assert "SMS wird bis 2026-11-23 18:00 zurückgehalten" in german


def test_the_doctor_tells_of_it_too(outside: dict[str, str]) -> None:
    rows = {row.name: row for row in examine(outside)}

    assert rows["clinic.wa"].state == "warn"
    assert rows["clinic.wa"].value.startswith("Meta no longer works with")
