"""Try senders' credentials without sending anything."""

from collections.abc import Iterator
from typing import Any

from core.bootstrap import Everreach
from core.errors import SetupError
from core.ports import Checked, LiveCheck, NoResponse, Request
from core.store import people, records, setup
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderCheck:
    """What came of trying a sender. `checked` is None where there is nothing to try."""

    sender: str
    provider: str
    checked: Checked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A sender, and what it takes to try it."""

    row: records.Row
    check: LiveCheck
    config: Any
    request: Request


def check_senders(
    app: Everreach, account: str, sender: str | None = None
) -> list[SenderCheck]:
    """Try one sender of an account, or all, side by side. Raises SetupError if there is none.

    What a provider answers, or that it does not, never raises.
    """
    rows = _rows(app, account, sender)
    trials = list(_trials(app, rows))
    found: dict[str, Checked] = {}
    for answers in app.wire.exchange([one.request for one in trials]):
        for index, answer in answers:
            trial = trials[index]
            if isinstance(answer, NoResponse):
                says = f"its provider cannot be reached: {answer.detail}"
                found[trial.row["key"]] = Checked(works=False, says=says)
            else:
                checked = trial.check.answer(answer, trial.config)
                found[trial.row["key"]] = checked
    return [
        SenderCheck(
            sender=row["key"],
            provider=row["provider"],
            checked=found.get(row["key"]),
        )
        for row in rows
    ]


def _rows(app: Everreach, account: str, sender: str | None) -> list[records.Row]:
    with app.store.read() as tx:
        owner = people.account(tx, account)
        if owner is None:
            raise SetupError("--account", f"there is no account {account}")
        rows = setup.newest(tx, "sender", owner["id"])
    active = {key: row for key, row in rows.items() if row["active"]}
    if sender is not None and sender not in active:
        known = ", ".join(active) or "none"
        raise SetupError("SENDER", f"there is no sender {sender}", f"Known: {known}")
    return [row for key, row in active.items() if sender in (None, key)]


def _trials(app: Everreach, rows: list[records.Row]) -> Iterator[_Trial]:
    for row in rows:
        connector = app.registry.channels[row["provider"]]
        if connector.check:
            config = app.config_of(connector, row)
            request = connector.check.ask(config, app.clock.wall())
            yield _Trial(row=row, check=connector.check, config=config, request=request)
