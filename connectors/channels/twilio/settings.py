"""What a sender at Twilio is set up with, and how its requests begin."""

import base64
from dataclasses import dataclass

from connectors.config import BASE_URL, USER_AGENT, setting
from core.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sender: a number, a name or a Messaging Service."""

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
        label="Sender number or name",
        help="A number of yours as +447700900100, a short code, or a name of up to 11 letters",
        pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11})$",
        key="from",
        default=None,
    )
    messaging_service_sid: str | None = setting(
        label="Messaging Service SID",
        help="Starts with MG; instead of a sender number",
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
        """Raises SetupError unless there is one sender and only one."""
        if bool(self.from_) == bool(self.messaging_service_sid):
            problem = "exactly one of from and messaging_service_sid is needed"
            raise SetupError("from", problem)


def messages_url(config: Settings) -> str:
    """Where the account's messages are, without `.json`."""
    return f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages"


def headers(config: Settings) -> dict[str, str]:
    """Our login, and who we are."""
    login = f"{config.account_sid}:{config.auth_token[0]}".encode()
    return {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "User-Agent": USER_AGENT,
    }
