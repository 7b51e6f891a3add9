from collections.abc import Mapping
from pathlib import Path

import pytest

from core.config import Settings
from core.store.migrate import upgrade
from webapp.doctor import Row, examine, report


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    return {"EVERREACH_HOME": str(tmp_path / "home")}


@pytest.fixture
def home(env: Mapping[str, str]) -> Path:
    """The home of an installation that was set up and is not running."""
    settings = Settings.from_env(env)
    settings.home.mkdir(mode=0o700)
    upgrade(settings)
    return settings.home


def rows(env: Mapping[str, str]) -> dict[str, Row]:
    return {row.name: row for row in examine(env)}


def test_a_wrong_setting_is_a_finding_and_the_only_one():
    found = examine({"EVERREACH_PORT": "http"})

    assert [(row.name, row.state) for row in found] == [("settings", "fail")]
    assert "EVERREACH_PORT" in found[0].value
    assert found[0].fix


@pytest.mark.usefixtures("home")
def test_an_installation_that_is_not_running_lacks_its_queue_and_workers(
    env: Mapping[str, str],
):
    found = rows(env)

    assert {name for name, row in found.items() if row.state == "fail"} == {
        "redis",
        "workers",
    }
    assert found["workers"].fix.startswith("everreach up")


def test_an_empty_database_wants_to_be_migrated(env: Mapping[str, str]):
    found = rows(env)["database"]

    assert found.state == "fail"
    assert found.fix == "everreach migrate"


def test_a_key_that_others_can_read_is_a_failure(env: Mapping[str, str], home: Path):
    key = home / "secret.key"
    rows(env)
    key.chmod(0o644)

    found = rows(env)["key"]

    assert (found.state, found.fix) == ("fail", f"chmod 600 {key}")


def test_a_folder_that_others_can_look_into_is_a_warning(
    env: Mapping[str, str], home: Path
):
    home.chmod(0o755)

    found = rows(env)["data folder"]

    assert (found.state, found.fix) == ("warn", f"chmod 700 {home}")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://messages.example.com", "ok"),
        ("http://messages.example.com", "warn"),
        ("https://localhost", "warn"),
    ],
)
def test_the_public_address_should_be_public_and_encrypted(
    env: Mapping[str, str], url: str, state: str
):
    assert rows({**env, "EVERREACH_PUBLIC_URL": url})["public address"].state == state


def test_the_report_puts_the_fix_under_the_finding():
    told = report(
        [
            Row(name="disk", state="ok", value="plenty"),
            Row(
                name="database",
                state="fail",
                value="no schema",
                fix="everreach migrate",
            ),
        ]
    )

    assert told.splitlines() == [
        "ok    disk      plenty",
        "FAIL  database  no schema",
        "                → everreach migrate",
    ]
