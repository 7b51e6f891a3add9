"""Make the database say what a set-up file says, in one transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.explain import in_words
from core.cascade.latest import last_step_within
from core.services.setup.changes import differences
from core.services.setup.read import Columns, Setup, read
from core.services.setup.running import Rule, Running, follow
from core.store import records, templates
from core.store import setup as stored
from core.store.records import Row
from core.store.templates import Held
from core.values import dataclass
from core.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one thing in the file, or of one that is no longer in it."""

    kind: Literal["added", "changed", "removed", "unchanged"]
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A public address of ours and the platform or provider to give it to."""

    what: str
    party: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """Until when a reminder sends, in seconds from its start and as half a sentence."""

    reminder: str
    seconds: int
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an apply did, what it doubts, and what to do next."""

    changes: tuple[Change, ...]
    running: tuple[Running, ...]
    latest: tuple[Latest, ...]
    warnings: tuple[str, ...]
    addresses: tuple[Address, ...]


def apply(
    app: Everreach, text: str, env: Mapping[str, str], running: Rule = "keep"
) -> Report:
    """Set up one account from a file. Raises SetupError, and then nothing has changed.

    `env` is where `${NAME}` is looked up; `running` is what messages that are on their way do.
    """
    setup = read(text, env, app.registry, partial(_held, app))
    with app.store.write() as tx:
        saving = _Saving(tx, app.vault)
        saving.save(setup)
        moved = follow(app, tx, saving.account_id) if running == "follow" else ()
    return Report(
        changes=tuple(saving.changes),
        running=moved,
        latest=tuple(_latest(setup)),
        warnings=(*setup.warnings, *saving.warnings),
        addresses=tuple(_addresses(app.settings.public_url, setup)),
    )


def _held(app: Everreach, account: str) -> list[Held]:
    with app.store.read() as tx:
        return templates.held(tx, account)


def _addresses(public_url: str, setup: Setup) -> Iterator[Address]:
    account = setup.account["key"]
    for key, link in setup.connections.items():
        url = f"{public_url}/hooks/{link['platform']}/{account}.{key}"
        yield Address(what=f"connection {key}", party=link["platform"], url=url)
    for key, link in setup.senders.items():
        url = f"{public_url}/receipts/{link['provider']}/{account}.{key}"
        yield Address(what=f"sender {key}", party=link["provider"], url=url)


def _latest(setup: Setup) -> Iterator[Latest]:
    for key, reminder in setup.reminders.items():
        definition = reminder["definition"]
        within = last_step_within(records.to_steps(definition))
        expires = timedelta(seconds=definition.get("expires", 0))
        if expires and expires <= within:
            told = f"nothing goes out later than {_at_most(expires)} after the event"
            within = expires
        elif within:
            told = f"the last step begins within {_at_most(within)} of its start, unless it is held"
        else:
            told = "the only step begins at once, unless it is held"
        yield Latest(reminder=key, seconds=round(within.total_seconds()), told=told)


def _at_most(duration: timedelta) -> str:
    """A duration in words, rounded up to minutes if it is longer than one."""
    minute = timedelta(minutes=1)
    whole = -(-duration // minute) * minute
    return in_words(whole if duration > minute else duration)


@dataclass
class _Saving:
    """One account on its way into the database."""

    tx: Connection
    vault: Vault
    account_id: int = 0
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def save(self, setup: Setup) -> None:
        self._save_account(setup.account)
        self._save_section("connection", setup.connections)
        self._save_section("sender", setup.senders)
        self._save_section("message", setup.messages)
        self._save_section("reminder", setup.reminders)

    def _save_account(self, account: Columns) -> None:
        what = f"account {account['key']}"
        row = stored.find_account(self.tx, account["key"])
        if row is None:
            self.account_id = stored.add(self.tx, "account", account)
            self._note("added", what)
            return
        self.account_id = row["id"]
        details = list(differences(row, account))
        if details:
            stored.change(self.tx, "account", row["id"], account)
        self._note("changed" if details else "unchanged", what, details)

    def _save_section(self, kind: str, wanted: Mapping[str, Columns]) -> None:
        rows = stored.newest(self.tx, kind, self.account_id)
        for key, columns in wanted.items():
            self._save_one(kind, key, rows.get(key), columns)
        for key, row in rows.items():
            if key not in wanted and row["active"]:
                stored.change(self.tx, kind, row["id"], {"active": False})
                self._note("removed", f"{kind} {key}", ["switched off"])

    def _save_one(self, kind: str, key: str, row: Row | None, columns: Columns) -> None:
        what = f"{kind} {key}"
        if row is None:
            self._add(kind, key, columns, version=1)
            self._note("added", what)
            return
        details = list(self._differences(row, columns))
        if kind == "reminder" and details:
            stored.change(self.tx, kind, row["id"], {"active": False})
            self._add(kind, key, columns, version=row["version"] + 1)
            details[0] = f"version {row['version'] + 1}: {details[0]}"
        elif details or not row["active"]:
            sealed = {**self._sealed(columns), "active": True}
            stored.change(self.tx, kind, row["id"], sealed)
        if not row["active"]:
            details.append("switched on again")
        self._note("changed" if details else "unchanged", what, details)
        self._warn_of_strays(what, row, columns)

    def _add(self, kind: str, key: str, columns: Columns, *, version: int) -> None:
        row = {"account_id": self.account_id, "key": key, "active": True}
        if kind == "reminder":
            row["version"] = version
        stored.add(self.tx, kind, {**row, **self._sealed(columns)})

    def _sealed(self, columns: Columns) -> Columns:
        if "secrets" not in columns:
            return columns
        return {**columns, "secrets": self.vault.seal(columns["secrets"])}

    def _differences(self, row: Row, columns: Columns) -> Iterator[str]:
        if "secrets" not in columns:
            yield from differences(row, columns)
            return
        yield from differences(
            {**row, "secrets": self.vault.unseal(row["secrets"])}, columns
        )
        if self.vault.is_outdated(row["secrets"]):
            yield "encrypted with the new key"

    def _warn_of_strays(self, what: str, row: Row, columns: Columns) -> None:
        old = row.get("provider")
        if old and old != columns["provider"]:
            self.warnings.append(
                f"{what}: reports that {old} still has to make are refused from now on; "
                f"better give the new sender another key"
            )

    def _note(self, kind: Any, what: str, details: list[str] | None = None) -> None:
        change = Change(kind=kind, what=what, detail=", ".join(details or ()))
        self.changes.append(change)
