"""What the shape alone does not say: names that exist, and things that fit each other.

The document has been rid of all that is misshapen: anything may be missing, and items of
lists may be None, but what is there has the right type.
"""

import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise, product
from typing import Any

import phonenumbers

from core import durations
from core.cascade.conditions import AT_LEAST, AT_MOST, COUNTRY
from core.cascade.explain import in_words
from core.cascade.model import Channel
from core.cascade.quiet import quiet_rule
from core.cascade.schedule import AT_ONCE, Offset, ZoneSource
from core.cascade.sentences import CHANNELS
from core.cascade.status import Until
from core.errors import SetupError
from core.occasions import MOMENTS, fields_of
from core.ports import (
    Capabilities,
    ChannelConnector,
    PlatformConnector,
    Registry,
    able,
)
from core.services.setup.check_contents import check_links, check_message, check_step
from core.services.setup.currencies import CURRENCIES
from core.services.setup.findings import (
    SECTIONS,
    Findings,
    Place,
    choices,
    did_you_mean,
    show,
    spell,
)
from core.services.setup.schema import usual_wait
from core.services.setup.templates import Templates, templates_in

SHORTEST_WAIT, LONGEST_WAIT = 1, durations.to_seconds("30d")

Group = Mapping[str, Any]


def check(
    document: Group, registry: Registry, findings: Findings, known: Templates
) -> None:
    """Note everything that cannot work, and what may be a mistake."""
    account = document.get("account", {})
    _check_account(account, findings)
    _check_quiet_hours(("account",), account, findings)
    for section in SECTIONS[1:]:
        _check_unique(document, section, findings)
    _check_configs(document, "connections", "platform", registry, findings)
    _check_configs(document, "senders", "provider", registry, findings)
    for place, message in entries(document, "messages"):
        _check_message(place, message, document, findings)
    for place, reminder in entries(document, "reminders"):
        _Reminder(document, registry, findings, known).check(place, reminder)
        _check_quiet_hours(place, reminder, findings)


def entries(document: Group, *place: str | int) -> Iterator[tuple[Place, Any]]:
    """The items of a list that may be missing, with their places."""
    found: Any = document
    for step in place:
        found = found.get(step, ()) if isinstance(step, str) else found[step]
    for index, entry in enumerate(found):
        if entry is not None:
            yield (*place, index), entry


def _check_account(account: Group, findings: Findings) -> None:
    _check_known(account, "timezone", "time zone", "Europe/Rome", findings)
    _check_known(account, "currency", "currency", "EUR", findings)
    _check_known(account, "country", "country", "IT", findings)


def _check_known(
    account: Group, key: str, kind: str, example: str, findings: Findings
) -> None:
    value = account.get(key)
    known = sorted(_KNOWN[key]())
    if value is not None and value not in known:
        fix = did_you_mean(value, known) or f"Write it like {example}"
        findings.problem(("account", key), f"{show(value)} is not a known {kind}", fix)


_KNOWN: Mapping[str, Any] = {
    "timezone": zoneinfo.available_timezones,
    "currency": lambda: CURRENCIES,
    "country": lambda: phonenumbers.SUPPORTED_REGIONS,
}


def _check_quiet_hours(place: Place, owner: Group, findings: Findings) -> None:
    for where, rule in entries(owner, "quiet_hours"):
        spot = (*place, *where)
        named = rule.get("purposes", [owner.get("purpose")])
        if "authentication" in named:
            warning = "authentication knows no quiet hours: a code is sent at any time"
            findings.warn(spot, warning)
        if findings.is_clean(spot):
            _check_quiet_rule(spot, rule, findings)


def _check_quiet_rule(place: Place, rule: Group, findings: Findings) -> None:
    if not {"from", "to", "days"} & set(rule):
        fix = "Say from when to when, or on which days messages may go out"
        findings.problem(place, "says nothing about hours or days", fix)
        return
    try:
        quiet_rule(rule).on("UTC", ZoneSource.ACCOUNT)
    except ValueError as error:
        findings.problem(place, str(error), "Write it like from: 21:00, to: 08:00")


def _check_unique(document: Group, section: str, findings: Findings) -> None:
    first: dict[str, Place] = {}
    for place, entry in entries(document, section):
        key = entry.get("key")
        if key in first:
            problem = f"{show(key)} is the key of {section}[{first[key][1]}] too"
            findings.problem((*place, "key"), problem, "Give one of them another key")
        elif key is not None:
            first[key] = place


def _check_configs(
    document: Group, section: str, kind: str, registry: Registry, findings: Findings
) -> None:
    """Let connectors check what they were given, unless it lacks something already."""
    for place, entry in entries(document, section):
        where = (*place, "config")
        connector = _connector(registry, kind, entry)
        if connector and "config" in entry and findings.is_clean(where):
            _check_config(where, entry["config"], connector, registry, findings)


def _connector(
    registry: Registry, kind: str, entry: Group
) -> PlatformConnector | ChannelConnector | None:
    if kind == "platform":
        return registry.platforms.get(entry.get(kind, ""))
    return registry.channels.get(entry.get(kind, ""))


def _check_config(
    place: Place,
    config: Group,
    connector: PlatformConnector | ChannelConnector,
    registry: Registry,
    findings: Findings,
) -> None:
    try:
        registry.load_config(connector, config, spell(place))
    except SetupError as error:
        findings.add(place, error)


# --- Messages -------------------------------------------------------------------------------


def _check_message(
    place: Place, message: Group, document: Group, findings: Findings
) -> None:
    events = [
        reminder["on"]
        for _, reminder in entries(document, "reminders")
        if "on" in reminder and reminder.get("message") == message.get("key")
    ]
    if findings.is_clean(place):
        check_message(place, message, events, findings)


# --- Reminders ------------------------------------------------------------------------------


class _Reminder:
    """The checks of one reminder against everything that it names."""

    def __init__(
        self, document: Group, registry: Registry, findings: Findings, known: Templates
    ) -> None:
        self._known = known
        self._messages = _by_key(document, "messages")
        self._senders = _by_key(document, "senders")
        self._registry = registry
        self._findings = findings

    def check(self, place: Place, reminder: Group) -> None:
        message = reminder.get("message")
        if message is not None and message not in self._messages:
            known = self._messages
            self._findings.unknown((*place, "message"), message, "message", known)
        for where, step in entries(reminder, "steps"):
            here = (*place, *where)
            self._check_senders(here, step)
            self._check_content(here, step, reminder)
            self._check_duration(here, step, "wait")
            self._check_conditions(here, step, reminder.get("on"))
        self._check_duration(place, reminder, "expires")
        self._check_send(place, reminder)

    def _check_send(self, place: Place, reminder: Group) -> None:
        send = reminder.get("send", AT_ONCE)
        try:
            at_once = Offset.parse(send).at_once
        except ValueError as error:
            self._findings.problem(
                (*place, "send"), f"{show(send)} cannot be used here", str(error)
            )
            return
        event = reminder.get("on")
        if at_once and "if_inside" in reminder:
            warning = "means nothing to a reminder that is sent at once"
            self._findings.warn((*place, "if_inside"), warning)
        elif not at_once and event and event not in MOMENTS:
            problem = f"{event} has no moment that this could be before or after"
            fix = f"Send it {AT_ONCE}; {', '.join(MOMENTS)} have one"
            self._findings.problem((*place, "send"), problem, fix)
        self._doubt(place, reminder)

    def _check_senders(self, place: Place, step: Group) -> None:
        listed_before: set[str] = set()
        for where, key in _named(place, step):
            if key in listed_before:
                problem = f"{show(key)} stands here twice"
                self._findings.problem(where, problem, "Name every sender once")
            listed_before.add(key)
            if key not in self._senders:
                self._findings.unknown(where, key, "sender", self._senders)
            elif "channel" in step and (found := self._connector(key)):
                self._check_reports(place, step, found)
                self._check_presence(place, step, key, found)

    def _connector(self, sender: str) -> ChannelConnector | None:
        _, found = self._senders.get(sender, ((), {}))
        return self._registry.channels.get(found.get("provider", ""))

    def _check_reports(
        self, place: Place, step: Group, connector: ChannelConnector
    ) -> None:
        channel, until = Channel(step["channel"]), step.get("until")
        served, provider = connector.capabilities, connector.name
        if channel not in served:
            named = ", ".join(CHANNELS[each] for each in served)
            problem = f"{provider} does not send {CHANNELS[channel]}"
            fix = f"It sends {named}; choose another channel or sender"
            self._findings.problem((*place, "channel"), problem, fix)
        elif until not in (None, Until.CLICKED, *served[channel].reports):
            told = ", ".join(u for u in Until if u in served[channel].reports)
            problem = f"{CHANNELS[channel]} by {provider} cannot report {until}"
            self._findings.problem((*place, "until"), problem, f"It can report {told}")

    def _check_presence(
        self, place: Place, step: Group, key: str, connector: ChannelConnector
    ) -> None:
        """Whether the sender is on the channel itself, where its provider is."""
        channel = Channel(step["channel"])
        if channel in connector.capabilities and self._able(key, channel) is None:
            where, _ = self._senders[key]
            problem = f"the sender {key} is not on {CHANNELS[channel]}"
            fix = f"Give {spell((*where, 'config'))} what it needs there"
            self._findings.problem((*place, "channel"), problem, fix)

    def _able(self, key: str, channel: Channel) -> Capabilities | None:
        """What a sender can do on a channel; None if it is not there.

        Of one whose config is not right, what its provider can.
        """
        connector = self._connector(key)
        if connector is None:
            return None
        where, sender = self._senders[key]
        if "config" not in sender or not self._findings.is_clean(where):
            return connector.capabilities.get(channel)
        config = self._registry.load_config(connector, sender["config"], key)
        return able(connector, config, channel)

    def _check_content(self, place: Place, step: Group, reminder: Group) -> None:
        where, message = self._messages.get(reminder.get("message", ""), ((), {}))
        whole = {"channel", "sender"} <= set(step) and "on" in reminder
        if not message or not whole or not self._findings.is_clean(where):
            return
        if not self._findings.is_clean(place):
            return
        channel = Channel(step["channel"])
        found = {key: self._able(key, channel) for _, key in _named((), step)}
        able = {key: one for key, one in found.items() if one}
        event, findings = reminder["on"], self._findings
        check_step(place, channel, message, where, event, able, findings)
        if step.get("until") == Until.CLICKED and findings.is_clean(place):
            check_links(place, channel, message, event, able, findings)

    def _check_duration(self, place: Place, group: Group, name: str) -> None:
        if name not in group:
            return
        seconds = durations.to_seconds(group[name])
        if not SHORTEST_WAIT <= seconds <= LONGEST_WAIT:
            problem = f"{group[name]} is too {'short' if seconds < 1 else 'long'}"
            self._findings.problem((*place, name), problem, "Use from 1s to 30d")

    def _check_conditions(self, place: Place, step: Group, event: str | None) -> None:
        conditions = step.get("only_if", {})
        place = (*place, "only_if")
        for where, country in listed_at((*place, COUNTRY), conditions.get(COUNTRY)):
            if country not in phonenumbers.SUPPORTED_REGIONS:
                known = sorted(phonenumbers.SUPPORTED_REGIONS)
                fix = did_you_mean(country, known) or "Write it like IT"
                problem = f"{show(country)} is not a known country"
                self._findings.problem(where, problem, fix)
        for field, bounds in conditions.items():
            if field != COUNTRY and event:
                self._check_bounds((*place, field), field, bounds, event)

    def _check_bounds(
        self, place: Place, field: str, bounds: Group, event: str
    ) -> None:
        numbers = [COUNTRY, *(n for n, it in fields_of(event).items() if it.number)]
        if field not in numbers:
            problem = f"{field} is not a number that {event} has"
            self._findings.problem(place, problem, choices(field, numbers))
        low, high = bounds.get(AT_LEAST), bounds.get(AT_MOST)
        if low is not None and high is not None and low > high:
            problem = f"no number is at least {low} and at most {high}"
            self._findings.problem(place, problem, "Exchange the two")

    # --- What is allowed and may be a mistake

    def _doubt(self, place: Place, reminder: Group) -> None:
        steps = list(entries(reminder, "steps"))
        if not self._findings.is_clean(place):
            return
        _, message = self._messages.get(reminder.get("message", ""), ((), {}))
        for where, step in steps:
            self._doubt_templates((*place, *where), step, message)
        for (where, step), (_, following) in pairwise(steps):
            self._doubt_end((*place, *where), step, following, message)
        if "unread" in reminder and not any(_awaits_reading(it) for _, it in steps):
            useless = "no step waits until it is read, so this changes nothing"
            self._findings.warn((*place, "unread"), useless)
        if reminder.get("purpose") == "authentication" and "expires" not in reminder:
            self._findings.warn((*place, "expires"), _NO_EXPIRY)

    def _doubt_templates(self, place: Place, step: Group, message: Group) -> None:
        used = templates_in(message, step["channel"])
        for (where, key), template in product(_named(place, step), used):
            if doubt := self._known.doubt(key, template):
                self._findings.warn(where, doubt)

    def _doubt_end(
        self, place: Place, step: Group, following: Group, message: Group
    ) -> None:
        """Warn if both this step's message and the next one's can arrive.

        What only has to be accepted or sent is either refused or on its way within seconds:
        there the next step does not go out because of a message that is still to come.
        """
        until = step.get("until", Until.DELIVERED)
        channel, other = CHANNELS[step["channel"]], CHANNELS[following["channel"]]
        if until in (Until.ACCEPTED, Until.SENT):
            return
        wait = timedelta(
            seconds=durations.to_seconds(step.get("wait", usual_wait(step)))
        )
        told = f"{channel} may still deliver this after its {in_words(wait)}, and"
        told = f"{told} {other} may have gone out by then"
        for reason in self._reasons(step, wait, message):
            self._findings.warn((*place, "wait"), f"{told}: {reason}")
        if until != Until.DELIVERED:
            told = f"{channel} may have arrived when {other} goes out: it is not enough here"
            self._findings.warn((*place, "until"), told)

    def _reasons(self, step: Group, wait: timedelta, message: Group) -> Iterator[str]:
        used = templates_in(message, step["channel"])
        for _, key in _named((), step):
            lives = {one.name: self._known.lives(key, one) for one in used}
            for name, life in lives.items():
                if life is not None and life > wait:
                    told = (
                        f"messages from the template {name} live for {in_words(life)}"
                    )
                    yield told
            connector, channel = self._connector(key), Channel(step["channel"])
            if connector and (not lives or None in lives.values()):
                yield from filter(None, [connector.outlives(channel, wait)])


_NO_EXPIRY = (
    "is missing; a code that is no longer good should not arrive: give it how long a code is "
    "good, such as 5m"
)


def listed(given: str | list[str]) -> list[str]:
    """What may be written as one word or as a list of words, as a list."""
    return [given] if isinstance(given, str) else list(given)


def _named(place: Place, step: Group) -> Iterator[tuple[Place, str]]:
    """The senders of a step, with their places."""
    yield from listed_at((*place, "sender"), step.get("sender"))


def listed_at(
    place: Place, given: str | list[str] | None
) -> Iterator[tuple[Place, str]]:
    """The words of a setting that is one or a list, with their places."""
    if isinstance(given, str):
        yield place, given
    for index, word in enumerate(given if isinstance(given, list) else ()):
        if word is not None:
            yield (*place, index), word


def _awaits_reading(step: Group) -> bool:
    return bool(step.get("until") == Until.READ)


def _by_key(document: Group, section: str) -> dict[str, tuple[Place, Group]]:
    found: dict[str, tuple[Place, Group]] = {}
    for place, entry in entries(document, section):
        if "key" in entry:
            found.setdefault(entry["key"], (place, entry))
    return found
