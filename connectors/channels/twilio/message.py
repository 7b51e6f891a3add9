"""A message as Twilio wants it: the fields of a form.

Messages: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
Templates: https://www.twilio.com/docs/content/using-variables-with-content-api
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from connectors.channels.twilio.capabilities import MAX_CHARACTERS, MAX_VALIDITY
from connectors.channels.twilio.settings import PREFIXES, Settings
from connectors.channels.twilio.signing import callback
from core.cascade.model import Channel
from core.errors import ContentError
from core.message.content import Email, Parameter, Template, Text
from core.ports import Capabilities, Outgoing

Fields = Iterator[tuple[str, str]]


def fields(message: Outgoing, config: Settings) -> Fields:
    """The form to post. Raises ContentError for what Twilio would refuse anyway."""
    channel, content = message.channel, message.content
    sender, able = config.sender(channel), config.able(channel)
    if sender is None or able is None:
        raise ContentError(f"this sender is not on {channel}")
    yield "To", PREFIXES[channel] + message.to
    yield sender
    if isinstance(content, Template) and able.templates:
        yield from _template(content, channel)
    elif isinstance(content, Text):
        yield from _text(content, able)
    else:
        kind = "an email" if isinstance(content, Email) else "a template"
        raise ContentError(f"content is {kind}, which {channel} does not have")
    yield "StatusCallback", callback(message.callback_url, message.reference)
    seconds = int(message.window.total_seconds())
    yield "ValidityPeriod", str(min(max(seconds, 1), MAX_VALIDITY))


def _text(content: Text, able: Capabilities) -> Fields:
    text, media = content.text, content.media
    if content.buttons:
        raise ContentError("buttons need a Content template")
    if media and media.kind not in able.media:
        raise ContentError(f"this sender cannot send a {media.kind} here")
    if not text.strip() and not media:
        raise ContentError("text is empty")
    if len(text) > MAX_CHARACTERS:
        raise ContentError(f"text is longer than {MAX_CHARACTERS} characters")
    if text.strip():
        yield "Body", text
    if media:
        yield "MediaUrl", media.url


def _template(content: Template, channel: Channel) -> Fields:
    yield "ContentSid", content.template
    variables = _variables(content)
    for name, value in variables.items():
        _check(name, value, channel)
    if variables:
        yield "ContentVariables", json.dumps(variables)


def _variables(content: Template) -> dict[str, str]:
    """Every value by its name, else by its number: from the header down to the buttons."""
    values = [*content.header]
    if content.media:
        values.append(Parameter(text=_behind_host(content.media.url)))
    values += content.body
    values += [Parameter(text=button.value) for button in content.buttons if button]
    variables: dict[str, str] = {}
    unnamed = 0
    for value in values:
        unnamed += value.name is None
        variables[value.name or str(unnamed)] = value.text
    return variables


def _behind_host(url: str) -> str:
    """What a template's address of a medium leaves open: it names the host itself."""
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc="").geturl().lstrip("/")


def _check(name: str, value: str, channel: Channel) -> None:
    # https://www.twilio.com/docs/api/errors/21656 and https://www.twilio.com/docs/api/errors/63013
    if not value.strip():
        raise ContentError(f"variable {name} is empty")
    if channel is Channel.WHATSAPP and re.search(r"[\n\r\t]| {5}", value):
        problem = "has a line break, a tab or more than 4 spaces in a row"
        raise ContentError(f"variable {name} {problem}, which WhatsApp refuses")
