"""What a sender by a mail server is set up with."""

from connectors.config import HEADER_SAFE, setting
from core.errors import SetupError
from core.loopback import is_loopback_host
from core.message.mailbox import find_mailbox
from core.ports import Security
from core.values import dataclass

ADDRESS = r"^[!-?A-~]+@[^\s@]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sender: an address, and the server that takes its mail."""

    host: str = setting(
        label="Mail server",
        help="The name of the server that sends your mail, as smtp.example.com",
        pattern=r"^[0-9A-Za-z.:_-]+$",
    )
    port: int = setting(
        label="Port",
        help="587 with starttls, 465 with tls",
        default=587,
    )
    security: str = setting(
        label="Encryption",
        help="starttls, tls or, on this machine only, none",
        pattern=f"^({'|'.join(Security)})$",
        default=Security.STARTTLS.value,
    )
    user: str | None = setting(
        label="User",
        help="The login at the mail server, often the address itself",
        pattern=r"^[ -~]+$",
        default=None,
    )
    password: str | None = setting(
        label="Password",
        help="Often one that the mail provider makes for apps",
        pattern=r"^[ -~]+$",
        secret=True,
        default=None,
    )
    from_address: str = setting(
        label="Sender address",
        help="The address that people see, as orders@example.com",
        pattern=ADDRESS,
    )
    from_name: str | None = setting(
        label="Sender name",
        help="The name that people see beside it",
        pattern=r"^[^\x00-\x1f\x7f]+$",
        default=None,
    )
    reply_to: str | None = setting(
        label="Reply address",
        help="Where answers go, if not to the sender address",
        pattern=ADDRESS,
        default=None,
    )
    bounce_address: str | None = setting(
        label="Bounce address",
        help="bounces@example.com gets the bounces of each mail at bounces+…@example.com",
        pattern=r"^[!-*,-?A-~]+@[^\s@]+$",
        default=None,
    )
    inbound_secret: tuple[str, ...] = setting(
        label="Secret for incoming mail",
        help="A long random word that your mail server shows with the bounces and answers "
        "it passes on; while you change it, both",
        pattern=HEADER_SAFE,
        secret=True,
        default=(),
    )

    def __post_init__(self) -> None:
        """Raises SetupError."""
        self._check_connection()
        for name in ("from_address", "reply_to", "bounce_address"):
            if (given := getattr(self, name)) and not find_mailbox(given):
                raise SetupError(name, f"{given!r} is not an email address")
        if self.bounce_address and not self.inbound_secret:
            problem = "bounces cannot be believed without inbound_secret"
            raise SetupError("bounce_address", problem, "Set both, or neither")

    def _check_connection(self) -> None:
        if not 0 < self.port < 65536:
            raise SetupError("port", "must be between 1 and 65535")
        if bool(self.user) != bool(self.password):
            raise SetupError("user", "user and password go together")
        if self.security == Security.NONE and not is_loopback_host(self.host):
            problem = "only a server on this machine may be spoken to in the clear"
            raise SetupError("security", problem, "Use starttls or tls")
