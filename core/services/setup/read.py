"""From a set-up file's text to what is to be stored, defaults filled in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core import durations
from core.cascade.conditions import COUNTRY
from core.cascade.model import Channel
from core.cascade.schedule import AT_ONCE, IfInside, Offset, TooLate
from core.cascade.status import Until
from core.ports import Registry
from core.services.outlook import CLICKS_AND_REPLIES
from core.services.setup.check import check, listed
from core.services.setup.check_rates import check_rates
from core.services.setup.contents import content_of
from core.services.setup.document import parse
from core.services.setup.findings import Findings
from core.services.setup.schema import (
    LAST_WAIT,
    setup_schema,
    usual_wait,
)
from core.services.setup.shape import find_misshapen, without
from core.services.setup.templates import Templates
from core.services.setup.variables import Variables
from core.store.templates import Held
from core.values import dataclass

_PREFERRED = (Until.DELIVERED, Until.SENT, Until.ACCEPTED)

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a file says, as columns by key. Secrets are apart and still in the clear."""

    account: Columns
    connections: dict[str, Columns]
    senders: dict[str, Columns]
    messages: dict[str, Columns]
    reminders: dict[str, Columns]
    warnings: tuple[str, ...]


def read(
    text: str,
    env: Mapping[str, str],
    registry: Registry,
    held: Callable[[str], Sequence[Held]] = lambda _: (),
) -> Setup:
    """Read and check a file. Raises SetupErrors with all that is wrong with it.

    `held` says what is known of the templates of the account with this key.
    """
    findings = Findings()
    document = parse(text)
    variables = Variables(env, findings)
    variables.fill_configs(document)
    find_misshapen(document, setup_schema(registry), variables.filled, findings)
    whole = without(document, findings.places)
    known = Templates(held(whole.get("account", {}).get("key", "")))
    check(whole, registry, findings, known)
    check_rates(whole, registry, findings)
    findings.check()
    return _Reading(document, registry).setup(tuple(findings.warnings))


class _Reading:
    """A document that has been checked."""

    def __init__(self, document: Mapping[str, Any], registry: Registry) -> None:
        self._document = document
        self._registry = registry
        self._messages = {
            message["key"]: content_of(message)
            for message in document.get("messages", ())
        }
        self._providers = {
            sender["key"]: sender["provider"] for sender in document.get("senders", ())
        }

    def setup(self, warnings: tuple[str, ...]) -> Setup:
        account = self._document["account"]
        return Setup(
            account={
                "key": account["key"],
                "name": account["name"],
                "time_zone": account["timezone"],
                "currency": account["currency"],
                "country": account["country"],
                "quiet_hours": account.get("quiet_hours", []),
                "limits": _limits(account),
                "rates": [_rate(it, account) for it in self._document.get("rates", ())],
            },
            connections=self._links(
                "connections", "platform", self._registry.platforms
            ),
            senders=self._senders(),
            messages={key: {"content": it} for key, it in self._messages.items()},
            reminders={
                reminder["key"]: self._reminder(reminder)
                for reminder in self._document.get("reminders", ())
            },
            warnings=warnings,
        )

    def _links(
        self, section: str, kind: str, connectors: Mapping[str, Any]
    ) -> dict[str, Columns]:
        return {
            entry["key"]: {
                kind: entry[kind],
                **self._split(entry["config"], connectors[entry[kind]]),
            }
            for entry in self._document.get(section, ())
        }

    def _senders(self) -> dict[str, Columns]:
        links = self._links("senders", "provider", self._registry.channels)
        for entry in self._document.get("senders", ()):
            own = {"failures": entry.get("failures", {}), "limits": _limits(entry)}
            links[entry["key"]].update(own)
        return links

    def _split(self, config: Mapping[str, Any], connector: Any) -> Columns:
        secret = self._registry.secret_names(connector)
        return {
            "config": {k: v for k, v in config.items() if k not in secret},
            "secrets": {k: v for k, v in config.items() if k in secret},
        }

    def _reminder(self, reminder: Mapping[str, Any]) -> Columns:
        *others, last = reminder["steps"]
        definition = {
            "purpose": reminder.get("purpose", "transactional"),
            "unread": reminder.get("unread", CLICKS_AND_REPLIES),
            "message": reminder["message"],
            "content": self._messages[reminder["message"]],
            "steps": [
                *(self._step(step, usual_wait(step)) for step in others),
                self._step(last, LAST_WAIT),
            ],
            "send": str(Offset.parse(reminder.get("send", AT_ONCE))),
            "if_inside": reminder.get("if_inside", IfInside.SEND_NOW.value),
            "too_late": reminder.get("too_late", TooLate.SKIP.value),
        }
        if "expires" in reminder:
            definition["expires"] = durations.to_seconds(reminder["expires"])
        if "on_reply" in reminder:
            definition["on_reply"] = reminder["on_reply"]
        if "quiet_hours" in reminder:
            definition["quiet_hours"] = reminder["quiet_hours"]
        return {"event": reminder["on"], "definition": definition}

    def _step(self, step: Mapping[str, Any], wait: str) -> Columns:
        columns = {
            "channel": step["channel"],
            "senders": listed(step["sender"]),
            "until": step.get("until") or self._until(step),
            "wait": durations.to_seconds(step.get("wait", wait)),
        }
        only_if = step.get("only_if")
        return {**columns, "only_if": _conditions(only_if)} if only_if else columns

    def _until(self, step: Mapping[str, Any]) -> str:
        providers = (self._providers[key] for key in listed(step["sender"]))
        channel = Channel(step["channel"])
        able = [
            self._registry.channels[each].capabilities[channel].reports
            for each in providers
        ]
        return str(next(u for u in _PREFERRED if all(u in each for each in able)))


def _rate(rate: Mapping[str, Any], account: Mapping[str, Any]) -> Columns:
    """As `core.message.rates` reads it."""
    country = (
        {"country": " ".join(listed(rate["country"]))} if "country" in rate else {}
    )
    return {"currency": account["currency"], **rate, **country}


def _conditions(only_if: Mapping[str, Any]) -> Columns:
    given = {**only_if}
    if COUNTRY in given:
        given[COUNTRY] = listed(given[COUNTRY])
    return given


def _limits(entry: Mapping[str, Any]) -> Columns:
    """What is said about limits; nothing lifts a usual one. Spans are in seconds."""
    given = entry.get("limits", {})
    limits = {name: None if it == "none" else it for name, it in given.items()}
    if pause := limits.get("per_person"):
        limits["per_person"] = durations.to_seconds(pause)
    return limits
