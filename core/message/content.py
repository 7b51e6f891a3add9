"""What one message says on one channel, once its fields are filled in."""

from enum import StrEnum

from core.values import dataclass


class MediaKind(StrEnum):
    """What is attached."""

    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Something to show, by its public address. `name` is a document's file name."""

    kind: MediaKind
    url: str
    name: str = ""


class ButtonKind(StrEnum):
    """What a button does."""

    LINK = "link"  # opens an address
    REPLY = "reply"  # answers with its payload
    CODE = "code"  # copies a code


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button below a text. `value` is its address, its payload or its code."""

    kind: ButtonKind
    text: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value in a template: positional, or by `name` if the template names them."""

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonParameter:
    """The variable part of a template's button: of a link its end, else payload or code."""

    kind: ButtonKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the provider keeps, approved, with its parameters.

    `template` is its name or id as the provider calls it. The header holds either parameters
    or `media`. `buttons` are in the order of the template's; None where one has no variable
    part.
    """

    template: str
    language: str
    header: tuple[Parameter, ...] = ()
    media: Media | None = None
    body: tuple[Parameter, ...] = ()
    buttons: tuple[ButtonParameter | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of our own, with what the channel can show around it."""

    text: str
    media: Media | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An email. `html` says the same as `text`, or is empty."""

    subject: str
    text: str
    html: str = ""


Content = Template | Text | Email
