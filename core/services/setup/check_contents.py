"""What is wrong with what messages say.

Texts are tried with the examples of their event's fields, and every step's message is composed
for each of its senders and languages, so that nothing is found out only when it is sent.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from core.cascade.model import Channel
from core.cascade.sentences import CHANNELS
from core.errors import ContentError
from core.message.compose import Composed, compose
from core.message.content import ButtonKind, MediaKind
from core.message.degrade import Able
from core.message.reader import Reader
from core.message.template import fields_used, render
from core.message.variants import variant
from core.occasions import EVENTS, Field, fields_of
from core.services.setup.contents import content_of, texts_of
from core.services.setup.findings import Findings, Place, choices, spell

Group = Mapping[str, Any]


def check_message(
    place: Place, message: Group, events: list[str], findings: Findings
) -> None:
    """Note what is wrong with a message itself, which reminders on these events send."""
    if not {"text", *Channel} & set(message):
        fix = f"A message has a text, or says something on {' or '.join(Channel)}"
        findings.problem((*place, "text"), "is missing", fix)
    for where, said in _languages(place, message):
        _check_said(where, said, message, findings)
    for where, text, is_html in texts_of(place, message):
        for event in events or [""]:
            _check_text(where, text, event, findings, is_html)
    _doubt_languages(place, message, findings)


def _languages(place: Place, message: Group) -> Iterator[tuple[Place, Group]]:
    """What is said in each language, the message's own first."""
    yield place, message
    for tag, said in message.get("languages", {}).items():
        yield (*place, "languages", tag), said


def _check_said(place: Place, said: Group, message: Group, findings: Findings) -> None:
    _check_around(place, said, findings, for_template=False)
    for channel in Channel:
        here = said.get(channel)
        if isinstance(here, dict):
            own = message.get(channel)
            both = {**(own if isinstance(own, dict) else {}), **here}
            where = (*place, channel)
            _check_around(where, here, findings, for_template="template" in both)
            if channel is Channel.WHATSAPP and "template" in here:
                _check_language(where, here, findings)


def _check_language(place: Place, here: Group, findings: Findings) -> None:
    if "language" not in here:
        fix = "The language it was approved in, such as en or pt_BR"
        findings.problem((*place, "language"), "is missing", fix)


def _check_around(
    place: Place, said: Group, findings: Findings, *, for_template: bool
) -> None:
    shown = [kind for kind in MediaKind if kind in said]
    for kind in shown[1:]:
        fix = f"There can be one of {', '.join(MediaKind)}"
        findings.problem((*place, kind), f"there is the {shown[0]} already", fix)
    for index, button in enumerate(said.get("buttons", ())):
        where = (*place, "buttons", index)
        kinds = {*ButtonKind} & set(button) if isinstance(button, dict) else None
        if kinds is not None and len(kinds) != 1:
            fix = f"Give it one of {', '.join(ButtonKind)}"
            findings.problem(where, "is not one button", fix)
        elif not for_template and (kinds is None or "text" not in button):
            problem = "has no text to stand on it"
            findings.problem(where, problem, 'Write it like {link: "…", text: "…"}')


def _check_text(
    place: Place, text: str, event: str, findings: Findings, is_html: bool
) -> None:
    known = fields_of(event) if event else _every_field()
    try:
        used = fields_used(text)
    except ContentError as error:
        findings.problem(place, str(error), "Write fields as {{ order.name }}")
        return
    for field, can_do_without in used.items():
        if field not in known:
            about = f"a field of {event}" if event else "a field of any event"
            findings.problem(place, f"{field} is not {about}", choices(field, known))
        elif known[field].optional and not can_do_without:
            findings.warn(
                place,
                f"{field} may be unknown, and the step is passed over then; "
                f"give it a default: {{{{ {field} | default('…') }}}}",
            )
    if findings.is_clean(place):
        _try_text(place, text, known, findings, is_html)


def _try_text(
    place: Place, text: str, known: Mapping[str, Field], findings: Findings, html: bool
) -> None:
    """Fill it in: filters do not take everything."""
    try:
        render(text, examples(known), Reader(currency="EUR"), html=html)
    except ContentError as error:
        findings.problem(place, str(error), "It was tried with the examples of fields")


def examples(known: Mapping[str, Field]) -> dict[str, str]:
    """What fields may hold."""
    return {name: field.example for name, field in known.items()}


def _every_field() -> dict[str, Field]:
    return {name: field for event in EVENTS for name, field in fields_of(event).items()}


def _doubt_languages(place: Place, message: Group, findings: Findings) -> None:
    """Warn of what stays in another language when a text is translated."""
    for where, said in _languages(place, message):
        if said is message or "text" not in said:
            continue
        for key in ("subject", "buttons"):
            if key in message and key not in said:
                warning = f"is missing; it stays as it is in {spell(place)}"
                findings.warn((*where, key), warning)


# --- What a step says -------------------------------------------------------------------------


def check_step(
    place: Place,
    channel: Channel,
    message: Group,
    where: Place,
    event: str,
    senders: Mapping[str, Able],
    findings: Findings,
) -> None:
    """Note why a message, which stands at `where`, cannot go out on a step's channel."""
    here = (*place, "channel")
    content, word = content_of(message), CHANNELS[channel]
    own = variant(content, channel, "")
    if own.said("text") is None and not own.here("template"):
        problem = f"the message {message['key']} says nothing on {word}"
        fix = f"Give {spell(where)} a part called {channel}"
        findings.problem(here, problem, fix)
        return
    for provider, able in senders.items():
        for tag in ("", *content.get("languages", {})):
            try:
                _try(content, channel, event, able, tag)
            except ContentError as error:
                told = f"{word} by {provider} cannot send the message {message['key']}"
                findings.problem(here, f"{told}: {error}", _in(tag))
    if channel is Channel.WHATSAPP and not own.here("template"):
        warning = (
            "there is no template, so it goes only to who wrote in the last 24 hours"
        )
        findings.warn(here, warning)


def check_links(
    place: Place,
    channel: Channel,
    message: Group,
    event: str,
    senders: Mapping[str, Able],
    findings: Findings,
) -> None:
    """Note why nobody can click on what a step says, which has been checked."""
    content = content_of(message)
    for able, tag in product(senders.values(), ("", *content.get("languages", {}))):
        if not _try(content, channel, event, able, tag).links:
            problem = f"there is no short link in the message {message['key']}"
            fix = "Write an address as {{ tracking.url | short }}"
            findings.problem(
                (*place, "until"), problem, " ".join([fix, _in(tag)]).strip()
            )
            return


def _in(tag: str) -> str:
    return f"That is in {tag}" if tag else ""


def _try(
    content: Group, channel: Channel, event: str, able: Able, tag: str
) -> Composed:
    fields, reader = examples(fields_of(event)), Reader(locale=tag, currency="EUR")
    has_template = variant(content, channel, tag).here("template")
    return compose(
        content,
        channel,
        fields,
        able=able,
        reader=reader,
        open_window=not has_template,
    )
