"""What a sender at Twilio is set up with, and how its requests begin."""

import base64
from dataclasses import replace

from connectors.channels.twilio.capabilities import CAPABILITIES
from connectors.config import BASE_URL, USER_AGENT, setting
from core.cascade.model import Channel
from core.errors import SetupError
from core.ports import Capabilities
from core.values import dataclass

PREFIXES = {Channel.SMS: "", Channel.WHATSAPP: "whatsapp:", Channel.RCS: "rcs:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One account's senders: for each channel one of its own, or a Messaging Service."""

    account_sid: str = setting(
        label="Account SID",
        help="Starts with AC; on the front page of the Twilio console",
        pattern=r"^AC[0-9A-Za-z]+$",
    )
    auth_token: tuple[str, ...] = setting(
        label="Auth token",
        help="Below the account SID; while you change it, the one to send with comes first",
        secret=True,
    )
    from_: str | None = setting(
        label="SMS number or name",
        help="A number of yours as +447700900100, a short code, or a name of up to 11 letters",
        pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11})$",
        key="from",
        default=None,
    )
    mms: str = setting(
        label="MMS",
        help="yes if the console lists MMS among what your number can do: in the US and Canada",
        pattern=r"^(yes|no)$",
        default="no",
    )
    whatsapp_from: str | None = setting(
        label="WhatsApp number",
        help="Under Messaging > Senders > WhatsApp senders, as +447700900100",
        pattern=r"^\+[1-9][0-9]{6,14}$",
        default=None,
    )
    rcs_from: str | None = setting(
        label="RCS sender",
        help="The agent's ID under Messaging > Senders > RCS, without rcs: before it",
        pattern=r"^[0-9A-Za-z_.-]+$",
        default=None,
    )
    messaging_service_sid: str | None = setting(
        label="Messaging Service SID",
        help="Starts with MG; for the channels that have no sender above",
        pattern=r"^MG[0-9A-Za-z]+$",
        default=None,
    )
    base_url: str = setting(
        label="API address",
        help="Only for tests: where the Twilio API is, without a slash at the end",
        pattern=BASE_URL,
        default="https://api.twilio.com",
    )

    def __post_init__(self) -> None:
        """Raises SetupError unless there is a sender, and one only for SMS."""
        if self.from_ and self.messaging_service_sid:
            problem = "only one of from and messaging_service_sid can send SMS"
            raise SetupError("from", problem, "Leave one of them out")
        if not any(self.sender(channel) for channel in CAPABILITIES):
            problem = "one of from, whatsapp_from, rcs_from and messaging_service_sid is needed"
            raise SetupError("from", problem)

    def sender(self, channel: Channel) -> tuple[str, str] | None:
        """The form field that names who sends on a channel, and its value."""
        own = {
            Channel.SMS: self.from_,
            Channel.WHATSAPP: self.whatsapp_from,
            Channel.RCS: self.rcs_from,
        }.get(channel)
        if own:
            return "From", PREFIXES[channel] + own
        if self.messaging_service_sid:
            return "MessagingServiceSid", self.messaging_service_sid
        return None

    def able(self, channel: Channel) -> Capabilities | None:
        """What these senders can do on a channel; None if none of them is on it."""
        if channel not in CAPABILITIES or not self.sender(channel):
            return None
        able = CAPABILITIES[channel]
        if channel is Channel.SMS and self.mms == "no":
            return replace(able, media=frozenset())
        return able


def account_url(config: Settings) -> str:
    """Where the account is, without `.json`."""
    return f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}"


def messages_url(config: Settings) -> str:
    """Where the account's messages are, without `.json`."""
    return f"{account_url(config)}/Messages"


def headers(config: Settings) -> dict[str, str]:
    """Our login, and who we are."""
    login = f"{config.account_sid}:{config.auth_token[0]}".encode()
    return {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "User-Agent": USER_AGENT,
    }
