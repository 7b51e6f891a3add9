"""The shapes that cross walls: requests as values, what a connector takes and gives, the clock.

Everything here is pure. A connector translates between these and one platform's or provider's
wire format; `core.wire` performs the requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl, urlsplit

from core.cascade.consent import Purpose
from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import Failure, Scope, Status, Until
from core.message.approval import (
    KnownTemplate,
    TemplateCategory,
    TemplateDraft,
    TemplateNews,
    TemplatePage,
    TemplatesRefused,
)
from core.message.content import ButtonKind, Content, MediaKind
from core.message.money import Money
from core.values import dataclass


class Clock(Protocol):
    """The time. In the sandbox the first runs faster than the second."""

    def now(self) -> datetime:
        """The time that windows, receipts and timelines speak of; aware, UTC."""
        ...

    def wall(self) -> datetime:
        """Real time, for leases and heartbeats between processes; aware, UTC."""
        ...


# --- HTTP ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request to make. Headers may hold secrets, so they are not in the repr."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """No answer came. `reached` is False only if the request certainly never left us."""

    reached: bool
    detail: str


# --- Other ways out -------------------------------------------------------------------------


class Security(StrEnum):
    """How a connection to a mail server is encrypted."""

    TLS = "tls"  # from its first byte
    STARTTLS = "starttls"  # before anything is said on it
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequest:
    """A mail to hand to a server, or with an empty `message` only a login to try.

    `sender` and `recipient` are those of the envelope; `message` is the mail as RFC 5322 has
    it. Nothing is logged in where `user` is empty.
    """

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    recipient: str = ""
    message: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailResponse:
    """The server's last word: a code of RFC 5321 and its text.

    `code` is from 200 to 299 if the whole request was carried out.
    """

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintRequest:
    """A text for whoever looks at the terminal."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """It stands on the terminal."""


Request = HttpRequest | MailRequest | PrintRequest
Response = HttpResponse | MailResponse | Printed
Answer = Response | NoResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRequest:
    """A request that came in. `url` is the public one, with its query; names lower case.

    All that may prove who sent it is kept out of the repr.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    @property
    def query(self) -> Mapping[str, str]:
        """The URL's parameters, the first of each name."""
        return dict(
            reversed(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        )


# --- Channels: providers that send ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """For how long a provider can be told to try: from `shortest` to `longest`.

    `sure` if a message is really gone then; else somebody further on may still deliver it.
    """

    shortest: timedelta
    longest: timedelta
    sure: bool


class Pricing(StrEnum):
    """How a provider tells what a message cost."""

    NEVER = "never"
    RECEIPT = "receipt"  # with a delivery report
    QUERY = "query"  # only when it is asked what became of the message


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """For how long after a person's own words texts may be sent to them, else templates only.

    It opens for the number that they wrote to; `number` is the setting that names that.
    """

    lasts: timedelta
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do on one channel. A test holds connectors to it.

    `text` is the number of characters that a text may have, 0 if only templates are sent;
    `buttons` says which kinds a text may have, and `most_buttons` how many. `expiry` is None
    where it cannot be told when to give up, `window` where texts may be sent at any time.
    """

    reports: frozenset[Until]
    text: int = 0
    templates: bool = False
    media: frozenset[MediaKind] = frozenset()
    buttons: frozenset[ButtonKind] = frozenset()
    most_buttons: int = 0
    expiry: Expiry | None = None
    pricing: Pricing = Pricing.NEVER
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to send. `reference` is ours and comes back in receipts.

    `to` is an E.164 number or, on email, an address. `unsubscribe_url` takes a one-click
    opt-out (RFC 8058), `""` where there is none. `now` is real time, for logins that are signed
    with it; the sandbox's clock is none of a provider's business.
    """

    reference: str
    channel: Channel
    to: str
    content: Content
    callback_url: str
    window: timedelta
    now: datetime
    purpose: Purpose = Purpose.TRANSACTIONAL
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAccepted:
    """The provider took it and calls it `provider_id`, None where it gives it no name.

    `parts` are those of an SMS, where the provider counts them.
    """

    provider_id: str | None
    parts: int | None = None
    price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRejected:
    """The provider did not take it; nothing will be sent."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class SendUnclear:
    """It may or may not have been taken."""

    detail: str


SendResult = SendAccepted | SendRejected | SendUnclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider told us about one attempt. Names it by our reference, its id or both.

    `at` is None where the provider does not say when; `price` what the whole message costs,
    `parts` of how many SMS it consists and `category` what it is charged as (`utility`,
    `marketing` …, or `free`), where it says so.
    """

    status: Status
    at: datetime | None
    reference: str | None
    provider_id: str | None
    failure: Failure | None = None
    price: Money | None = None
    parts: int | None = None
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person wrote back, or the button they pressed (`button` is its payload).

    `sender` is their E.164 number or address, or where the provider hides that what it calls
    them; `alias` is what it calls them besides. `to` is the number of ours that they wrote to,
    as a sender's settings name it, where the provider says so. `provider_id` names the reply
    itself, `answers` the message of ours that it answers, by the provider's id or our
    reference, where the provider says so. `carrier` is what the
    provider or carrier itself made of it, whatever we make of it. `at` as in Receipt.
    """

    channel: Channel
    sender: str
    provider_id: str
    at: datetime | None = None
    text: str = ""
    button: str = ""
    answers: str | None = None
    carrier: StopWord | None = None
    to: str = ""
    alias: str = ""

    @property
    def hidden(self) -> bool:
        """Whether the provider hides number and address of whoever wrote this."""
        return not self.sender.startswith("+") and "@" not in self.sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's choice that a provider's own screen took: marketing there, or no more."""

    channel: Channel
    sender: str
    wanted: bool
    scope: Scope
    at: datetime | None = None


Told = Receipt | Reply | Preference | TemplateNews


class StatusQuery(Protocol):
    """How a provider is asked what became of a message."""

    def ask(self, provider_id: str, config: Any) -> HttpRequest:
        """The request that asks."""
        ...

    def answer(self, response: HttpResponse) -> Receipt | None:
        """What the answer says; None if nothing is to be learnt from it. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a live check found. `says` is one sentence for the owner of the sender.

    `numbers` are those, or the names, that these credentials may send from, where the
    provider tells.
    """

    works: bool
    says: str
    numbers: tuple[str, ...] = ()


class LiveCheck(Protocol):
    """How credentials are tried without sending anything or costing anything."""

    def ask(self, config: Any, now: datetime) -> Request:
        """The request that tries them. `now` is as in Outgoing."""
        ...

    def answer(self, response: Response, config: Any) -> Checked:
        """What its answer means. Never raises."""
        ...


class TemplateDesk(Protocol):
    """How a provider's templates are listed, and new ones asked for.

    What builds a request raises SetupError if a setting is missing for that.
    """

    def ask(self, config: Any, after: str) -> HttpRequest:
        """The request for a page of the templates; `after` is what the last page said."""
        ...

    def answer(self, response: HttpResponse) -> TemplatePage | TemplatesRefused:
        """What its answer holds. Never raises."""
        ...

    def propose(self, draft: TemplateDraft, config: Any) -> HttpRequest:
        """The request that asks for a template. Raises ContentError."""
        ...

    def proposed(
        self, response: HttpResponse, draft: TemplateDraft
    ) -> KnownTemplate | TemplatesRefused:
        """What its answer means. Never raises."""
        ...

    def lives(self, category: TemplateCategory, window: timedelta) -> timedelta:
        """The lifetime nearest to a window that a template of this category may have."""
        ...


class ChannelConnector(Protocol):
    """One provider: how it sends, answers, reports and signs.

    `company` is who stands behind it, as people know it. `capabilities` says what it can do,
    for every channel that it serves. `query` is None where a provider cannot be asked about a
    message, `check` where there is nothing to try, `templates` where there are none or they are not
    looked after from here, `tolerance` where what it sends us does not
    say when it was signed; else a request is believed for so long after that. `taken` is the
    HTTP status that tells the provider that we have what it told. `limits` are what it lets a sender do, where that is known and the
    account has not been told otherwise. `config` is an instance of `Config`, a frozen dataclass
    whose fields are made by `connectors.config.setting`.
    """

    name: str
    company: str
    Config: type[Any]
    capabilities: Mapping[Channel, Capabilities]
    query: StatusQuery | None
    check: LiveCheck | None
    templates: TemplateDesk | None
    tolerance: timedelta | None
    taken: int
    limits: Mapping[Channel, Limits]

    def build(self, message: Outgoing, config: Any) -> Request:
        """The request that sends the message. Raises ContentError if it cannot be said."""
        ...

    def read(self, response: Response) -> SendResult:
        """What the answer to that request means. Never raises."""
        ...

    def verify(self, request: InboundRequest, config: Any) -> None:
        """Raises BadSignature unless the provider sent this request."""
        ...

    def challenge(self, request: InboundRequest, config: Any) -> str | None:
        """The answer to a GET that asks whether the address is ours. Raises BadSignature.

        None if the GET asks nothing: it tells something, as others do by POST.
        """
        ...

    def told(self, request: InboundRequest) -> Sequence[Told]:
        """What a verified request tells, nothing if it is about something else.

        Raises Malformed.
        """
        ...

    def outlives(self, channel: Channel, window: timedelta) -> str:
        """Why a message may still arrive after its window; `""` if it dies with it.

        Half a sentence, such as `a template lives for 30 days unless it was made to expire`.
        """
        ...


@runtime_checkable
class Narrower(Protocol):
    """A Config with which a sender can do less than its provider."""

    def able(self, channel: Channel) -> Capabilities | None:
        """What this sender can do on a channel; None if it is not there."""
        ...


def able(
    connector: ChannelConnector, config: Any, channel: Channel
) -> Capabilities | None:
    """What one sender can do on a channel: all that its provider can, or what it says."""
    if hasattr(config, "able"):  # `isinstance` takes ten times as long with a protocol
        narrower: Narrower = config
        return narrower.able(channel)
    return connector.capabilities.get(channel)


# --- Platforms: systems that tell us what happened ------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person as a platform names them. `phones` are free text, best first.

    `countries` are ISO 3166 codes that say where those numbers may be from, best first.
    `time_zone` is the IANA name of where the person is.
    """

    phones: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One normalised fact out of a platform's event.

    `name` is one of `core.occasions.EVENTS`; `subject` names the occasion, the same for every
    event about it; `fields` are what a message may say, by dotted name. `contact` may lack
    everything if the platform did not repeat it. `at` is the moment that the occasion is about;
    aware, UTC. `time_zone` is the IANA name of where it takes place.
    """

    name: str
    subject: str
    contact: Contact
    fields: Mapping[str, str]
    at: datetime | None = None
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A proven event that means nothing to us, and why."""

    reason: str


class PlatformConnector(Protocol):
    """One platform: how it signs, names and words what happened."""

    name: str
    Config: type[Any]

    def verify(self, request: InboundRequest, config: Any) -> None:
        """Raises BadSignature unless the platform sent this request for this connection."""
        ...

    def topic(self, request: InboundRequest) -> str:
        """What the event is called there; `""` if it does not say."""
        ...

    def delivery_id(self, request: InboundRequest) -> str:
        """What stays the same when this delivery is repeated; `""` if there is nothing."""
        ...

    def translate(self, request: InboundRequest) -> Sequence[Happening] | Ignored:
        """What a verified request says. Raises Malformed."""
        ...


class Registry(Protocol):
    """The connectors that this installation has, by name."""

    channels: Mapping[str, ChannelConnector]
    platforms: Mapping[str, PlatformConnector]

    def load_config(
        self,
        connector: ChannelConnector | PlatformConnector,
        values: Mapping[str, Any],
        path: str,
    ) -> Any:
        """The connector's config from the values at `path`. Raises SetupError."""
        ...

    def config_schema(
        self, connector: ChannelConnector | PlatformConnector
    ) -> dict[str, Any]:
        """What `load_config` takes, as a JSON Schema."""
        ...

    def secret_names(
        self, connector: ChannelConnector | PlatformConnector
    ) -> frozenset[str]:
        """The settings that must never be shown."""
        ...
