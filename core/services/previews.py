"""What a message looks like on each channel before it is sent to anybody."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.model import Channel
from core.errors import ContentError, SetupError
from core.message.compose import Composed, compose
from core.message.degrade import Able
from core.message.reader import Reader
from core.message.variants import variant
from core.occasions import EVENTS, fields_of
from core.store import setup
from core.store.records import Row
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A message on one channel, by one provider; or the `problem` why it cannot go there.

    `open_window`: this is what it says to who wrote in the last 24 hours.
    """

    channel: Channel
    provider: str
    open_window: bool = False
    composed: Composed | None = None
    problem: str = ""


def preview(
    app: Everreach,
    key: str,
    *,
    account: str | None = None,
    locale: str = "",
    channel: Channel | None = None,
    fields: Mapping[str, str] | None = None,
) -> list[Preview]:
    """A message as a reader of `locale` gets it, by the first sender of each channel.

    Fields that are not given are the examples of the message's events. Raises SetupError.
    """
    with app.store.read() as tx:
        owner, content = _message(tx, key, account)
        events, providers = _uses(app, tx, owner["id"], key)
    reader = Reader(locale=locale, zone=owner["time_zone"], currency=owner["currency"])
    filled = _fields(events, fields or {})
    wanted = [channel] if channel else list(Channel)
    return [
        one
        for each in wanted
        for one in _on(app, content, each, providers.get(each, ""), filled, reader)
    ]


def _message(tx: Connection, key: str, account: str | None) -> tuple[Row, Row]:
    owners = [
        row for row in setup.accounts_that_say(tx, key) if account in (None, row["key"])
    ]
    if not owners:
        fix = "Apply a set-up file that has it"
        raise SetupError("MESSAGE", f"there is no message {key}", fix)
    if len(owners) > 1:
        names = ", ".join(row["key"] for row in owners)
        raise SetupError("--account", "several accounts have it", f"Name one: {names}")
    content = setup.newest(tx, "message", owners[0]["id"])[key]["content"]
    return owners[0], content


def _uses(
    app: Everreach, tx: Connection, account_id: int, key: str
) -> tuple[list[str], dict[Channel, str]]:
    """The events that a message is about, and the provider of each channel."""
    senders = {
        name: row["provider"]
        for name, row in setup.newest(tx, "sender", account_id).items()
        if row["active"]
    }
    reminders = [
        row
        for row in setup.newest(tx, "reminder", account_id).values()
        if row["active"] and row["definition"]["message"] == key
    ]
    by_step = {
        Channel(step["channel"]): senders[step["senders"][0]]
        for row in reminders
        for step in row["definition"]["steps"]
        if step["senders"][0] in senders
    }
    able = {
        served: provider
        for provider in reversed([*senders.values()])
        for served in app.registry.channels[provider].capabilities
    }
    return [row["event"] for row in reminders], {**able, **by_step}


def _fields(events: list[str], given: Mapping[str, str]) -> dict[str, str]:
    known = {
        name: field.example
        for event in events or EVENTS
        for name, field in fields_of(event).items()
    }
    if strange := [name for name in given if name not in known]:
        fix = f"Known: {', '.join(known)}"
        raise SetupError("--field", f"{strange[0]} is not one of its fields", fix)
    return {**known, **given}


def _on(
    app: Everreach,
    content: Row,
    channel: Channel,
    provider: str,
    fields: Mapping[str, str],
    reader: Reader,
) -> Iterator[Preview]:
    """What it says on one channel; nothing if it says nothing there."""
    chosen = variant(content, channel, reader.locale)
    text, template = chosen.said("text"), chosen.here("template")
    if text is None and template is None:
        return
    if not provider:
        yield Preview(channel=channel, provider="", problem="no sender serves it")
        return
    able = app.registry.channels[provider].capabilities[channel]
    windows = [False] if template or channel is not Channel.WHATSAPP else []
    if channel is Channel.WHATSAPP and text is not None and able.text:
        windows.append(True)
    for window in windows or [False]:
        yield _preview(content, channel, provider, fields, reader, able, window)


def _preview(
    content: Row,
    channel: Channel,
    provider: str,
    fields: Mapping[str, str],
    reader: Reader,
    able: Able,
    open_window: bool,
) -> Preview:
    composed, problem = None, ""
    try:
        composed = compose(
            content,
            channel,
            fields,
            able=able,
            reader=reader,
            open_window=open_window,
        )
    except ContentError as error:
        problem = str(error)
    return Preview(
        channel=channel,
        provider=provider,
        open_window=open_window,
        composed=composed,
        problem=problem,
    )
