"""The templates that providers keep: which there are, asking for new ones, and news of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.errors import ContentError, SetupError
from core.message.approval import (
    KnownTemplate,
    TemplateDraft,
    TemplateNews,
    TemplatesRefused,
    TemplateStatus,
)
from core.ports import HttpRequest, HttpResponse, NoResponse, TemplateDesk
from core.store import notices, people, records, templates
from core.store import setup as stored
from core.store.inbox import Waiting
from core.store.origins import Origin
from core.store.templates import Held
from core.values import dataclass

MOST_PAGES = 100

# The news that the owner is told by a notice, and what ends it.
STOPPED: Mapping[TemplateStatus, str] = {
    TemplateStatus.PAUSED: "template_paused",
    TemplateStatus.REJECTED: "template_rejected",
    TemplateStatus.DISABLED: "template_disabled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counter:
    """A sender whose templates can be looked after."""

    sender: records.Row
    desk: TemplateDesk
    config: Any


def list_templates(
    app: Everreach, account: str, sender: str | None = None
) -> list[Held]:
    """Ask the providers of an account, or one sender's, for every template they keep for it.

    What they say is what we know from now on. Raises SetupError.
    """
    counters = _counters(app, account, sender)
    for counter in counters:
        known = _ask_for_all(app, counter)
        row = counter.sender
        with app.store.write() as tx:
            now = app.clock.now()
            templates.replace_all(tx, row["account_id"], row["id"], known, now)
    with app.store.read() as tx:
        found = templates.held(tx, account)
    asked = {counter.sender["key"] for counter in counters}
    return [one for one in found if one.sender in asked]


def create_template(
    app: Everreach, account: str, sender: str | None, draft: TemplateDraft
) -> Held:
    """Ask for a template; its lifetime becomes the nearest that it may have.

    Raises SetupError, also for what cannot be a template.
    """
    counter, *others = _counters(app, account, sender)
    if others:
        keys = ", ".join(one.sender["key"] for one in (counter, *others))
        raise SetupError("--sender", "is needed here", f"Name one of {keys}")
    draft = replace(draft, lives=counter.desk.lives(draft.category, draft.lives))
    try:
        request = counter.desk.propose(draft, counter.config)
    except ContentError as error:
        raise SetupError("template", str(error)) from None
    known = counter.desk.proposed(_answer(app, request), draft)
    if isinstance(known, TemplatesRefused):
        raise SetupError(draft.name, f"was not taken: {known.detail}")
    row = counter.sender
    with app.store.write() as tx:
        templates.keep(tx, row["account_id"], row["id"], [known], app.clock.now())
    return Held(sender=row["key"], template=known)


def shortest_wait(app: Everreach, account: str, reminder: str) -> timedelta:
    """How long a reminder waits for a message made from a template. Raises SetupError."""
    with app.store.read() as tx:
        rows = stored.newest(tx, "reminder", _account(tx, account)["id"])
    row = rows.get(reminder)
    if row is None or not row["active"]:
        known = ", ".join(key for key, one in rows.items() if one["active"])
        raise SetupError("--for", f"there is no reminder {reminder}", f"Known: {known}")
    waits = [
        step.wait
        for step in records.to_steps(row["definition"])
        if _has_template(row["definition"], step.channel)
    ]
    if not waits:
        raise SetupError(
            "--for", f"{reminder} sends no template", "Give --lives instead"
        )
    return min(waits)


def _has_template(definition: records.Row, channel: str) -> bool:
    languages = definition["content"].get("languages", ())
    found = (records.template_of(definition, channel, it) for it in ("", *languages))
    return any(found)


def hear_news(
    tx: Connection, sender: Origin, arrival: Waiting, news: TemplateNews
) -> str:
    """Note what has become of a template, and tell the owner where it stopped. In words."""
    at = news.at or arrival.received_at
    name = f"{news.name}/{news.language}"
    for key in templates.hear(tx, sender, news, at):
        about = f"{key} {name}"
        for status, kind in STOPPED.items():
            if status is not news.status:
                notices.resolve(tx, sender.account_id, kind, about, at)
        if kind := STOPPED.get(news.status, ""):
            facts = {"template": name, "detail": news.reason, "code": ""}
            notices.post(tx, sender.account_id, kind, about, facts, at)
    return f"the template {name} is {news.status}"


def _ask_for_all(app: Everreach, counter: _Counter) -> list[KnownTemplate]:
    known: list[KnownTemplate] = []
    after = ""
    for _ in range(MOST_PAGES):
        request = counter.desk.ask(counter.config, after)
        page = counter.desk.answer(_answer(app, request))
        if isinstance(page, TemplatesRefused):
            problem = f"its provider does not list its templates: {page.detail}"
            raise SetupError(counter.sender["key"], problem)
        known += page.templates
        if not (after := page.after):
            break
    return known


def _answer(app: Everreach, request: HttpRequest) -> HttpResponse:
    answer = app.wire.perform(request)
    if isinstance(answer, HttpResponse):
        return answer
    detail = answer.detail if isinstance(answer, NoResponse) else "another protocol"
    raise SetupError("the provider", f"gave no answer: {detail}", "Try again")


def _counters(app: Everreach, account: str, sender: str | None) -> list[_Counter]:
    with app.store.read() as tx:
        rows = stored.newest(tx, "sender", _account(tx, account)["id"])
    active = {key: row for key, row in rows.items() if row["active"]}
    if sender is not None and sender not in active:
        fix = f"Known: {', '.join(active)}"
        raise SetupError("--sender", f"there is no sender {sender}", fix)
    wanted = [active[sender]] if sender else list(active.values())
    found = []
    for row in wanted:
        connector = app.registry.channels[row["provider"]]
        if desk := connector.templates:
            config = app.config_of(connector, row)
            found.append(_Counter(sender=row, desk=desk, config=config))
    if not found:
        problem = "has no templates to look after" if sender else "is needed"
        raise SetupError(sender or "a sender with templates", problem)
    return found


def _account(tx: Connection, key: str) -> records.Row:
    if row := people.account(tx, key):
        return row
    raise SetupError("--account", f"there is no account {key}")
