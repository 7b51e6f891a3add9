"""Applying a set-up file: what ends up in the database."""

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Table, event, select

from connectors.registry import Connectors, load_registry
from core.errors import SetupError, SetupErrors
from core.services.setup import apply
from core.store import tables
from core.store.engine import Store
from core.vault import Vault
from tests.support.riverside import setup

DOCS = Path(__file__).parents[3] / "docs"
ENV = {
    "SHOPIFY_CLIENT_SECRET": "shop-secret",
    "WHATSAPP_ACCESS_TOKEN": "access-token",
    "WHATSAPP_APP_SECRET": "app-secret",
    "WHATSAPP_VERIFY_TOKEN": "verify-token",
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001",
    "TWILIO_AUTH_TOKEN": "auth-token",
}


@dataclass
class Installation:
    """What an apply needs of an installation, without Redis."""

    store: Store
    vault: Vault
    registry: Connectors
    settings: "Settings"

    def apply(self, text, env=None):
        return apply(self, text, ENV if env is None else env)

    def rows(self, table: Table):
        with self.store.read() as tx:
            return tx.execute(select(table).order_by(table.c.id)).mappings().all()


@dataclass
class Settings:
    public_url: str = "https://msg.example"


@pytest.fixture
def here(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/everreach.sqlite3")
    tables.metadata.create_all(store.engine)
    yield Installation(store, Vault.open(tmp_path, {}), load_registry(), Settings())
    store.close()


def kinds(report):
    return {change.what: change.kind for change in report.changes}


def detail(report, what):
    (found,) = [change.detail for change in report.changes if change.what == what]
    return found


def test_the_example_in_the_docs_can_be_applied(here):
    report = here.apply((DOCS / "example.yaml").read_text())

    assert kinds(report) == {
        "account riverside": "added",
        "connection shop": "added",
        "sender wa": "added",
        "sender sms": "added",
        "message shipped": "added",
        "reminder order-shipped": "added",
    }
    (doubt,) = report.warnings
    assert doubt.startswith(
        "reminders[0].steps[0].wait: WhatsApp may still deliver this after its 30 min, "
        "and SMS may have gone out by then: "
    )


def test_every_connection_and_sender_has_an_address_to_give_away(here):
    report = here.apply(setup())

    hooks, receipts = "https://msg.example/hooks", "https://msg.example/receipts"
    assert [(each.what, each.party, each.url) for each in report.addresses] == [
        ("connection shop", "shopify", f"{hooks}/shopify/riverside.shop"),
        ("sender wa", "whatsapp_cloud", f"{receipts}/whatsapp_cloud/riverside.wa"),
        ("sender sms", "twilio", f"{receipts}/twilio/riverside.sms"),
    ]


def test_the_account_is_stored(here):
    here.apply(setup())

    (account,) = here.rows(tables.accounts)
    assert account["key"] == "riverside"
    assert account["name"] == "Riverside Shop"
    assert account["time_zone"] == "Europe/Rome"
    assert account["currency"] == "EUR"
    assert account["country"] == "IT"


def test_a_second_apply_changes_nothing(here):
    here.apply(setup())
    statements = []
    event.listen(
        here.store.engine,
        "before_cursor_execute",
        lambda *call: statements.append(call[2]),
    )

    report = here.apply(setup())

    assert set(kinds(report).values()) == {"unchanged"}
    assert {statement.split()[0] for statement in statements} == {"SELECT", "BEGIN"}


def test_a_second_apply_changes_nothing_on_any_database(app):
    apply(app, setup(), {})

    assert set(kinds(apply(app, setup(), {})).values()) == {"unchanged"}


def test_the_definition_is_what_the_engine_reads(here):
    here.apply(setup(wait="1h30m"))

    (reminder,) = here.rows(tables.reminders)
    assert (reminder["event"], reminder["version"]) == ("order.shipped", 1)
    definition = reminder["definition"]
    assert definition["purpose"] == "transactional"
    assert definition["message"] == "shipped"
    assert definition["steps"] == [
        {"channel": "whatsapp", "senders": ["wa"], "until": "delivered", "wait": 5400},
        {"channel": "sms", "senders": ["sms"], "until": "delivered", "wait": 86400},
    ]


QUIET = "{from: 21:00, to: 08:00, days: [mon, tue], channels: [sms]}"
WRITTEN = {"from": "21:00", "to": "08:00", "days": ["mon", "tue"], "channels": ["sms"]}


def test_quiet_hours_are_kept_as_they_are_written(here):
    text = setup().replace("country: IT", f"country: IT, quiet_hours: [{QUIET}]")
    here.apply(text)
    report = here.apply(text.replace("21:00", "22:00"))

    (account,) = here.rows(tables.accounts)
    assert account["quiet_hours"] == [{**WRITTEN, "from": "22:00"}]
    assert detail(report, "account riverside") == "quiet_hours[0].from 21:00 → 22:00"


def test_a_reminder_says_when_it_is_sent(here):
    here.apply(setup())
    timed = f"send: 1d before\n    too_late: earlier\n    quiet_hours: [{QUIET}]"
    booked = setup().replace(
        "on: order.shipped", f"on: appointment.booked\n    {timed}"
    )
    here.apply(
        booked.replace("order.name", "appointment.title | default('x')").replace(
            "tracking.url", "appointment.url"
        )
    )

    first, second = (row["definition"] for row in here.rows(tables.reminders))
    times = [
        {n: d[n] for n in ("send", "if_inside", "too_late")} for d in (first, second)
    ]
    assert times == [
        {"send": "at once", "if_inside": "send_now", "too_late": "skip"},
        {"send": "1d before", "if_inside": "send_now", "too_late": "earlier"},
    ]
    assert "quiet_hours" not in first
    assert second["quiet_hours"] == [WRITTEN]


def test_what_only_some_files_say_is_what_the_engine_reads(here):
    conditions = "only_if: {country: IT, shipment.total: {at_least: 50.5}}"
    text = setup().replace("channel: sms,", f"channel: sms, {conditions},")
    text = text.replace("sender: sms", "sender: [sms, backup]")
    text = text.replace("messages:", f"{_sender('sms', 'backup')}messages:", 1)
    text = text.replace("{key: wa,", '{key: wa, failures: {131049: retry, "1": next},')
    here.apply(text.replace("on: order", "unread: assume_seen\n    on: order"))

    (reminder,), senders = here.rows(tables.reminders), here.rows(tables.senders)
    definition = reminder["definition"]
    first, last = definition["steps"]
    assert definition["unread"] == "assume_seen"
    assert "only_if" not in first
    assert last["senders"] == ["sms", "backup"]
    assert last["only_if"] == {"country": ["IT"], "shipment.total": {"at_least": 50.5}}
    assert [row["failures"] for row in senders] == [
        {"131049": "retry", "1": "next"},
        {},
        {},
    ]


def _sender(key, new_key):
    (line,) = [line for line in setup().splitlines() if f"  - {{key: {key}," in line]
    return line.replace(f"key: {key}", f"key: {new_key}") + "\n"


def test_another_sender_is_told_as_it_is_written(here):
    here.apply(setup())
    text = setup().replace("messages:", f"{_sender('sms', 'backup')}messages:", 1)
    report = here.apply(text.replace("sender: sms", "sender: [sms, backup]"))

    assert detail(report, "reminder order-shipped") == (
        "version 2: steps[1].sender sms → sms, backup"
    )


def test_the_content_is_kept_channel_by_channel(here):
    here.apply(setup())

    (message,) = here.rows(tables.messages)
    whatsapp, sms = message["content"]["whatsapp"], message["content"]["sms"]
    body = ["{{ recipient.first_name }}", "{{ order.name }}"]
    assert whatsapp == {
        "template": "order_shipped",
        "language": "en",
        "body": [{"text": text, "name": None} for text in body],
    }
    assert sms["text"].startswith("{{ order.name }} is on its way")


def test_a_reminder_has_its_messages_content(here):
    here.apply(setup())

    (message,), (reminder,) = here.rows(tables.messages), here.rows(tables.reminders)
    assert reminder["definition"]["content"] == message["content"]


def test_parameters_may_have_names_and_buttons_may_have_none(here):
    body = 'body: ["{{ recipient.first_name }}", "{{ order.name }}"]'
    named = 'body: {order: "{{ order.name }}"}, header: [Hi], buttons: [null, "{{ order.id }}"]'
    here.apply(setup().replace(body, named))

    (message,) = here.rows(tables.messages)
    whatsapp = message["content"]["whatsapp"]
    assert whatsapp["body"] == [{"text": "{{ order.name }}", "name": "order"}]
    assert whatsapp["header"] == [{"text": "Hi", "name": None}]
    link = {"kind": "link", "value": "{{ order.id }}", "text": ""}
    assert whatsapp["buttons"] == [None, link]


def test_the_last_step_waits_a_day_by_default_and_others_ten_minutes(here):
    here.apply(re.sub(r", wait: \w+", "", setup()))

    (reminder,) = here.rows(tables.reminders)
    assert [step["wait"] for step in reminder["definition"]["steps"]] == [600, 86400]


def test_secrets_are_sealed_and_apart(here):
    here.apply(setup())

    sms = here.rows(tables.senders)[1]
    assert sms["config"] == {
        "account_sid": "AC00000000000000000000000000000001",
        "from": "+15005550006",
        "base_url": "https://api.twilio.com",
    }
    assert here.vault.unseal(sms["secrets"]) == {"auth_token": "auth-token"}


def test_no_secret_is_in_the_database_in_the_clear(here, tmp_path):
    here.apply((DOCS / "example.yaml").read_text())

    with sqlite3.connect(tmp_path / "everreach.sqlite3") as database:
        dump = "\n".join(database.iterdump())
    secret = [value for name, value in ENV.items() if not name.endswith("SID")]
    assert [value for value in secret if value in dump] == []


def test_a_changed_reminder_is_a_new_version(here):
    here.apply(setup())
    report = here.apply(setup(wait="10m"))

    assert detail(report, "reminder order-shipped") == (
        "version 2: steps[0].wait 30m → 10m"
    )
    versions = [(row["version"], row["active"]) for row in here.rows(tables.reminders)]
    assert versions == [(1, False), (2, True)]


def test_a_changed_message_is_a_new_version_of_its_reminders(here):
    here.apply(setup())
    report = here.apply(setup().replace("is on its way", "left us"))

    assert kinds(report)["message shipped"] == "changed"
    assert detail(report, "reminder order-shipped") == (
        "version 2: the message shipped changed"
    )
    *_, newest = here.rows(tables.reminders)
    assert "left us" in newest["definition"]["content"]["sms"]["text"]


def test_a_changed_setting_is_shown_and_a_changed_secret_only_named(here):
    here.apply(setup())
    changed = setup(twilio="https://sms.example").replace("auth-token", "other-token")
    report = here.apply(changed)

    assert detail(report, "sender sms") == (
        "base_url https://api.twilio.com → https://sms.example, auth_token changed"
    )
    sms = here.rows(tables.senders)[1]
    assert here.vault.unseal(sms["secrets"]) == {"auth_token": "other-token"}


def test_a_changed_account_says_what_changed(here):
    here.apply(setup())
    report = here.apply(setup().replace("Europe/Rome", "Europe/Oslo"))

    assert detail(report, "account riverside") == "timezone Europe/Rome → Europe/Oslo"


def test_limits_are_stored_and_a_change_of_them_is_told(here):
    usual = "limits: {per_second: none, per_person: none}"
    said = "limits: {per_second: 20, people_per_day: 250, per_person: 1m}"
    whole = setup().replace("country: IT}", "country: IT, limits: {per_day: 9}}")
    here.apply(whole)
    report = here.apply(whole.replace(usual, said).replace("per_day: 9", "per_day: 8"))

    assert detail(report, "account riverside") == "limits.per_day 9 → 8"
    assert detail(report, "sender wa") == (
        "limits.per_second none → 20, limits.per_person none → 1m, "
        "limits.people_per_day added"
    )
    wa, sms = here.rows(tables.senders)
    stored = {"per_second": 20, "people_per_day": 250, "per_person": 60}
    assert wa["limits"] == stored
    assert sms["limits"] == {}


def test_what_is_no_longer_in_the_file_is_switched_off(here):
    here.apply(setup())
    report = here.apply(setup().partition("senders:")[0])

    assert kinds(report) == {
        "account riverside": "unchanged",
        "connection shop": "unchanged",
        "sender wa": "removed",
        "sender sms": "removed",
        "message shipped": "removed",
        "reminder order-shipped": "removed",
    }
    for table in (tables.senders, tables.messages, tables.reminders):
        assert not any(row["active"] for row in here.rows(table))


def test_what_was_switched_off_is_not_removed_again(here):
    here.apply(setup())
    here.apply(setup().partition("senders:")[0])
    report = here.apply(setup().partition("senders:")[0])

    assert set(kinds(report)) == {"account riverside", "connection shop"}


def test_what_comes_back_is_switched_on_in_the_same_version(here):
    here.apply(setup())
    here.apply(setup().partition("reminders:")[0])
    report = here.apply(setup())

    assert detail(report, "reminder order-shipped") == "switched on again"
    (reminder,) = here.rows(tables.reminders)
    assert (reminder["version"], reminder["active"]) == (1, True)


def test_another_account_is_left_alone(here):
    here.apply(setup())
    report = here.apply(setup().replace("key: riverside", "key: hillside"))

    assert set(kinds(report).values()) == {"added"}
    assert all(row["active"] for row in here.rows(tables.senders))
    assert len(here.rows(tables.accounts)) == 2


def test_another_provider_under_the_same_key_is_warned_of(here):
    senders = setup().partition("messages:")[0]
    here.apply(senders.replace("key: sms,", "key: x,"))
    report = here.apply(senders.replace("key: wa,", "key: x,"))

    (warning,) = report.warnings
    assert warning.startswith("sender x: reports that twilio still has to make")


def test_a_wrong_file_changes_nothing(here):
    here.apply(setup())
    wrong = setup(wait="10m").replace("channel: sms", "channel: smss")

    with pytest.raises(SetupErrors):
        here.apply(wrong)

    (reminder,) = here.rows(tables.reminders)
    assert (reminder["version"], reminder["active"]) == (1, True)


def test_an_apply_that_fails_halfway_changes_nothing(here):
    here.apply(setup())
    here.vault = Vault([_another_key()], "EVERREACH_KEY")

    with pytest.raises(SetupError, match="EVERREACH_KEY: this is not the key"):
        here.apply(setup().replace("Riverside Shop", "Riverside"))

    (account,) = here.rows(tables.accounts)
    assert account["name"] == "Riverside Shop"


def test_an_apply_finishes_a_change_of_the_key(here, tmp_path):
    here.apply(setup())
    new, old = _another_key(), (tmp_path / "secret.key").read_text()
    here.vault = Vault([new, old], "EVERREACH_KEY")
    report = here.apply(setup())

    assert detail(report, "sender sms") == "encrypted with the new key"
    sms = here.rows(tables.senders)[1]
    assert Vault([new], "EVERREACH_KEY").unseal(sms["secrets"])


def _another_key():
    return Fernet.generate_key().decode()
