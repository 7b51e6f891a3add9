"""The shapes that cross walls: HTTP as values, what a connector takes and gives, the clock.

Everything here is pure. A connector translates between these and one platform's or provider's
wire format; `core.http` performs the requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from core.cascade.limits import Limits
from core.cascade.model import Channel
from core.cascade.replies import StopWord
from core.cascade.status import Failure, Scope, Status, Until
from core.message.content import Content


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


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRequest:
    """A request that came in. `url` is the public one, with its query; names lower case."""

    method: str
    url: str
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
class Outgoing:
    """A message to send. `reference` is ours and comes back in receipts."""

    reference: str
    to: str
    content: Content
    callback_url: str
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAccepted:
    """The provider took it and calls it `provider_id`."""

    provider_id: str


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

    `at` is None where the provider does not say when.
    """

    status: Status
    at: datetime | None
    reference: str | None
    provider_id: str | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person wrote back, or the button they pressed (`button` is its payload).

    `sender` is their E.164 number or address; `provider_id` names the reply itself, `answers`
    the message of ours that it answers where the provider says so. `carrier` is what the
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's choice that a provider's own screen took: marketing there, or no more."""

    channel: Channel
    sender: str
    wanted: bool
    scope: Scope
    at: datetime | None = None


Told = Receipt | Reply | Preference


class StatusQuery(Protocol):
    """How a provider is asked what became of a message."""

    def ask(self, provider_id: str, config: Any) -> HttpRequest:
        """The request that asks."""
        ...

    def answer(self, response: HttpResponse) -> Receipt | None:
        """What the answer says; None if nothing is to be learnt from it. Never raises."""
        ...


class ChannelConnector(Protocol):
    """One provider: how it sends, answers, reports and signs.

    `company` is who stands behind it, as people know it. `reports` says, for every channel that
    the provider serves, what it can tell us about a message. `query` is None where a provider
    cannot be asked about a message. `taken` is the HTTP status that tells the provider that we
    have what it told. `limits` are what it lets a sender do, where that is known and the
    account has not been told otherwise. `config` is an instance of `Config`, a frozen dataclass
    whose fields are made by `connectors.config.setting`.
    """

    name: str
    company: str
    Config: type[Any]
    reports: Mapping[Channel, frozenset[Until]]
    query: StatusQuery | None
    taken: int
    limits: Mapping[Channel, Limits]

    def build(self, message: Outgoing, config: Any) -> HttpRequest:
        """The request that sends the message. Raises ContentError if it cannot be said."""
        ...

    def read(self, response: HttpResponse) -> SendResult:
        """What the answer to that request means. Never raises."""
        ...

    def verify(self, request: InboundRequest, config: Any) -> None:
        """Raises BadSignature unless the provider sent this request."""
        ...

    def challenge(self, request: InboundRequest, config: Any) -> str:
        """The answer to a GET that proves the address is ours. Raises BadSignature."""
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
