"""Senders' credentials are tried, and nothing is sent."""

import json

import pytest
from click.testing import CliRunner

from core.errors import SetupError
from core.services.checks import check_senders
from tests.support.line import Line
from tests.support.loopback import Providers, meta_error
from webapp.cli import main

NUMBER = {"display_phone_number": "+46 70-174 06 99", "verified_name": "Riverside"}
OWN = {"incoming_phone_numbers": [{"phone_number": "+15005550006"}]}
PRINTER = "senders:\n  - {key: paper, provider: log, config: {}}"


def tried(line: Line) -> dict[str, bool | None]:
    found = check_senders(line.app, "riverside")
    return {one.sender: one.checked and one.checked.works for one in found}


def test_those_that_work_name_their_numbers(line: Line, providers: Providers) -> None:
    line.set_up(("senders:", PRINTER))
    providers.keeps(NUMBER, number="100")
    providers.knows(OWN)
    found = {one.sender: one.checked for one in check_senders(line.app, "riverside")}

    assert tried(line) == {"paper": None, "wa": True, "sms": True}
    assert found["wa"]
    assert found["wa"].numbers == ("+46701740699",)
    assert providers.posted == []


def test_those_that_do_not_say_why(line: Line, providers: Providers) -> None:
    providers.keeps(meta_error(190), status=401, number="100")
    providers.knows(None)

    assert tried(line) == {"wa": False, "sms": False}
    (sms,) = check_senders(line.app, "riverside", "sms")
    assert sms.checked
    assert "cannot be reached" in sms.checked.says


@pytest.mark.parametrize(
    ("account", "sender"), [("riverside", "nobody"), ("nobody", None)]
)
def test_who_is_not_there_is_named(
    line: Line, account: str, sender: str | None
) -> None:
    with pytest.raises(SetupError, match="there is no"):
        check_senders(line.app, account, sender)


def test_the_command_fails_if_one_does_not_work(
    line: Line, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = line.app.settings
    monkeypatch.setenv("EVERREACH_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    providers.keeps(NUMBER, number="100")
    providers.knows({"code": 20003}, status=401)
    check = ["check", "--account", "riverside"]
    both = CliRunner().invoke(main, check)
    one = CliRunner().invoke(main, [*check, "wa", "--json"])

    assert (both.exit_code, one.exit_code) == (1, 0)
    assert "✓ wa (whatsapp_cloud)" in both.output
    assert "✗ sms (twilio)" in both.output
    assert json.loads(one.output)[0]["checked"]["works"] is True
