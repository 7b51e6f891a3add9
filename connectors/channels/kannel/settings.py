"""What a Kannel is set up with, and how its requests begin."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from connectors.config import BASE_URL, HEADER_SAFE, USER_AGENT, setting
from core.errors import SetupError
from core.values import dataclass

# Long enough that nobody guesses it, and the same in an address as outside.
_WORD = r"^[0-9A-Za-z_-]{16,}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One `sendsms-user` of a gateway of your own."""

    base_url: str = setting(
        label="Address",
        help="Where Kannel's smsbox is reached, without /cgi-bin/sendsms; https, or http on this machine",
        pattern=BASE_URL,
    )
    username: str = setting(
        label="User name",
        help="The username of a group sendsms-user in kannel.conf",
        pattern=HEADER_SAFE,
    )
    password: str = setting(
        label="Password",
        help="The password of that group",
        pattern=HEADER_SAFE,
        secret=True,
    )
    callback_secret: tuple[str, ...] = setting(
        label="Callback secret",
        help="Make one up, of 16 letters and digits at least: it marks the addresses that Kannel reports to",
        pattern=_WORD,
        secret=True,
    )
    reply_token: tuple[str, ...] = setting(
        label="Reply token",
        help="Make up another one: kannel.conf gives it with every reply; without it none is taken",
        pattern=_WORD,
        secret=True,
        default=(),
    )
    from_: str | None = setting(
        label="Sender number or name",
        help="A number such as +447700900100, a short code or a name of up to 11 letters, if Kannel sets none",
        pattern=r"^(\+?[0-9]{3,15}|(?=.*[A-Za-z])[0-9A-Za-z &+_.-]{1,11})$",
        key="from",
        default=None,
    )
    smsc: str | None = setting(
        label="SMSC",
        help="The smsc-id of the connection to send by, if Kannel is not to choose",
        pattern=HEADER_SAFE,
        default=None,
    )
    max_messages: int = setting(
        label="Most parts",
        help="What max-messages says in the group sendsms-user: Kannel cuts off what is longer",
        default=1,
    )

    def __post_init__(self) -> None:
        """Raises SetupError if the password would travel in the clear."""
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not _is_here(address.hostname or ""):
            problem = "http sends the password in the clear to another machine"
            raise SetupError("base_url", problem, "Put https before Kannel")
        if self.max_messages < 1:
            raise SetupError("max_messages", "must be 1 or more")


def headers(config: Settings) -> dict[str, str]:
    """Our login, and who we are. Never in the address, which logs keep."""
    return {
        "X-Kannel-Username": config.username,
        "X-Kannel-Password": config.password,
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": USER_AGENT,
    }


def sendsms_url(config: Settings) -> str:
    """Where it takes messages."""
    return f"{config.base_url}/cgi-bin/sendsms"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
