"""From what a message says to what one person gets on one channel."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

from core.cascade.model import Channel
from core.errors import ContentError
from core.message.content import (
    Button,
    ButtonKind,
    ButtonParameter,
    Content,
    Email,
    Media,
    MediaKind,
    Parameter,
    Template,
    Text,
)
from core.message.degrade import Able, degraded, within
from core.message.reader import Reader
from core.message.sms import Parts, parts_of, shortest, unusual
from core.message.template import render
from core.message.variants import Variant, variant
from core.values import dataclass

MAX_PARTS = 6  # of an SMS whose message does not say

Stored = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What is sent, and how to tell of it.

    `text` is what the person reads, or the template and its values. `parts` are those of an
    SMS, `unusual` the characters that make it Unicode. `links` are its short links: where they
    lead, by code, and for how long, if not for ever. `wrote_at` is when the person wrote, if it
    is a text only because of that.
    """

    content: Content
    text: str
    parts: Parts | None = None
    unusual: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    links_live: timedelta | None = None
    wrote_at: datetime | None = None


def compose(
    stored: Stored,
    channel: Channel,
    fields: Mapping[str, str],
    *,
    able: Able,
    reader: Reader,
    open_window: bool = False,
) -> Composed:
    """Fill in a message for one person on one channel.

    `open_window`: the person wrote in the last 24 hours, so that WhatsApp takes texts too.
    Raises ContentError naming what is missing or too much.
    """
    chosen = variant(stored, channel, reader.locale)
    said = _said(chosen, channel, fields, able, reader, open_window)
    if not reader.shortener.made:
        return said
    lives = chosen.anywhere("links_live")
    return replace(
        said,
        links=reader.shortener.made,
        links_live=timedelta(seconds=lives) if lives else None,
    )


def _said(
    chosen: Variant,
    channel: Channel,
    fields: Mapping[str, str],
    able: Able,
    reader: Reader,
    open_window: bool,
) -> Composed:
    one = _Composing(chosen, channel, fields, able, reader)
    if one.goes_by_template(open_window):
        return _composed(one.template())
    if channel is Channel.WHATSAPP and not open_window:
        raise ContentError(_CLOSED)
    if chosen.said("text") is None:
        raise ContentError(_no_text(chosen, channel))
    if channel is Channel.EMAIL:
        return _composed(one.email())
    text = one.text()
    return one.sms(text) if channel is Channel.SMS else _composed(text)


def _no_text(chosen: Variant, channel: Channel) -> str:
    if chosen.here("template"):
        return "its provider sends no templates there, and there is no text"
    return f"this message says nothing for {channel}"


_CLOSED = (
    "WhatsApp takes a text only within 24 hours of the person's own, else a template"
)


@dataclass(frozen=True, slots=True)
class _Composing:
    """One message on its way to one person."""

    chosen: Variant
    channel: Channel
    fields: Mapping[str, str]
    able: Able
    reader: Reader

    def goes_by_template(self, open_window: bool) -> bool:
        if not self.chosen.here("template") or not self.able.templates:
            return False
        answers = open_window and self.able.text and self.chosen.said("text")
        return not answers

    def template(self) -> Template:
        language = self.chosen.here("language") or ""
        header = self.chosen.here("header") or []
        return Template(
            template=self.chosen.here("template"),
            language=language,
            header=tuple(self._parameter(one, language) for one in header),
            media=self._media(self.chosen.here("media"), language),
            body=tuple(
                self._parameter(one, language) for one in self.chosen.here("body") or []
            ),
            buttons=tuple(
                one and self._button_parameter(one, language)
                for one in self.chosen.here("buttons") or []
            ),
        )

    def text(self) -> Text:
        """A text with as much around it as the channel shows."""
        said = self._render(self.chosen.said("text"), self._language())
        buttons = [self._button(one) for one in self._around("buttons") or []]
        media = self._media(self._around("media"), self._language())
        whole = Text(text=said, media=media, buttons=tuple(buttons))
        return degraded(
            whole,
            self.able,
            self._language(),
            links=self.chosen.said("unshown") != "nothing",
            bare=self._is_bare(),
        )

    def email(self) -> Email:
        """A mail; its HTML only where that is in the language of its text."""
        subject, html = self.chosen.said("subject"), self.chosen.said("html")
        if subject is None:
            raise ContentError("this message has no subject for email")
        if self.chosen.rank("html") > self.chosen.rank("text"):
            html = None
        return Email(
            subject=" ".join(self._render(subject, self._language()).split()),
            text=self.text().text,
            html=self._render(html, self._language(), html=True) if html else "",
        )

    def sms(self, text: Text) -> Composed:
        """An SMS and its parts. Raises ContentError if they are too many."""
        if text.media:
            return _composed(text)  # an MMS has none
        if self.chosen.here("plain_punctuation"):
            text = within(replace(text, text=shortest(text.text)), self.able)
        parts = parts_of(text.text)
        most = self.chosen.here("max_parts") or MAX_PARTS
        if parts.count > most:
            problem = f"it would take {parts.count} SMS, and max_parts is {most}"
            raise ContentError(problem)
        why = unusual(text.text)
        return replace(_composed(text), parts=parts, unusual=why)

    # --- Its pieces

    def _language(self) -> str:
        """What its text is in: as told, else what the person reads."""
        return self.chosen.language("text") or self.reader.locale

    def _render(self, text: str, language: str, *, html: bool = False) -> str:
        return render(text, self.fields, self.reader, language=language, html=html)

    def _around(self, key: str) -> Any:
        """What belongs to the text. Where there is a template, the channel's is the template's."""
        if self.chosen.here("template"):
            return self.chosen.anywhere(key)
        return self.chosen.said(key)

    def _is_bare(self) -> bool:
        """A picture would turn an SMS into an MMS, so that one is asked for by name."""
        if self.channel is Channel.SMS:
            return self.chosen.here("media") is None
        return self.channel is Channel.EMAIL

    def _media(self, stored: Stored | None, language: str) -> Media | None:
        if not stored:
            return None
        url, name = (self._render(stored[key], language) for key in ("url", "name"))
        return Media(kind=MediaKind(stored["kind"]), url=url, name=name)

    def _button(self, stored: Stored) -> Button:
        value, label = (
            self._render(stored[key], self._language()) for key in ("value", "text")
        )
        return Button(kind=ButtonKind(stored["kind"]), text=label, value=value)

    def _button_parameter(self, stored: Stored, language: str) -> ButtonParameter:
        value = self._render(stored["value"], language)
        return ButtonParameter(kind=ButtonKind(stored["kind"]), value=value)

    def _parameter(self, stored: Stored, language: str) -> Parameter:
        text = self._render(stored["text"], language)
        return Parameter(text=text, name=stored["name"])


def _composed(content: Content) -> Composed:
    return Composed(content=content, text=in_short(content))


def in_short(content: Content) -> str:
    """What a person got, for the timeline: the text, or the template and its values."""
    if isinstance(content, Text | Email):
        return content.text
    values = " · ".join(one.text for one in (*content.header, *content.body))
    return f"{content.template}: {values}" if values else content.template
