"""What one channel says, once its fields are filled in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value in a WhatsApp template: positional, or by `name` if the template names them."""

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppTemplate:
    """An approved WhatsApp template with its parameters.

    `buttons` are the variable parts of its URL buttons, in the order of the buttons; None
    where a button has no variable part.
    """

    template: str
    language: str
    header: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    buttons: tuple[str | None, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Plain text: an SMS."""

    text: str


Content = WhatsAppTemplate | Text
