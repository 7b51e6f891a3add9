"""Templates that a provider must approve: what is known of one, and how one is asked for."""

from datetime import datetime, timedelta
from enum import StrEnum

from core.message.content import Button, Parameter
from core.values import dataclass


class TemplateStatus(StrEnum):
    """What a provider thinks of a template."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    GONE = "gone"  # deleted, or put away to be
    OTHER = "other"  # nothing that we know, so nothing to rely on


class TemplateCategory(StrEnum):
    """What a template is for, which decides its price and how long it may live."""

    UTILITY = "utility"
    MARKETING = "marketing"
    AUTHENTICATION = "authentication"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTemplate:
    """A template as its provider has it. `provider_id` is what it is called there.

    `category` is the provider's own word in small letters. A message made from it is dropped
    if it cannot be delivered for as long as `lives`; None where that is not known.
    """

    provider_id: str
    name: str
    language: str
    category: str
    status: TemplateStatus
    lives: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePage:
    """Some of a sender's templates. `after` asks for those that follow; `""` at the end."""

    templates: tuple[KnownTemplate, ...]
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatesRefused:
    """The provider does not list, or does not take, and says why."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDraft:
    """A template to be approved.

    `body` has its variables as `{{1}}` or `{{first_name}}`, and `examples` a value for each;
    `header` may have one, with `header_example`. A reply button has no value, a link's address
    may end in `{{1}}`, a code is an example of one.
    """

    name: str
    language: str
    category: TemplateCategory
    lives: timedelta
    body: str = ""
    examples: tuple[Parameter, ...] = ()
    header: str = ""
    header_example: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateNews:
    """A provider told, by itself, what has become of a template.

    `category` is `""` where it does not say, `reason` in its own words.
    """

    provider_id: str
    name: str
    language: str
    status: TemplateStatus
    category: str = ""
    reason: str = ""
    at: datetime | None = None
