"""What a sender at Vonage is set up with."""

from connectors.channels.vonage.capabilities import CAPABILITIES
from connectors.channels.vonage.keys import private_key
from connectors.config import BASE_URL, setting
from core.cascade.model import Channel
from core.errors import SetupError
from core.ports import Capabilities
from core.values import dataclass

_NUMBER = r"\+?[1-9][0-9]{6,14}"
_LOGINS = (("application_id", "private_key"), ("api_key", "api_secret"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One login, and who sends on each channel that it serves."""

    signature_secret: tuple[str, ...] = setting(
        label="Signature secret",
        help="Under API settings in the Vonage dashboard; several while you change it",
        secret=True,
    )
    application_id: str | None = setting(
        label="Application ID",
        help="Under Applications in the dashboard; goes with the private key",
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        default=None,
    )
    private_key: str | None = setting(
        label="Private key",
        help="The file private.key that came when the application was made, all of its text",
        secret=True,
        lines=True,
        default=None,
    )
    api_key: str | None = setting(
        label="API key",
        help="On the front page of the dashboard; instead of an application",
        pattern=r"^[0-9A-Za-z]+$",
        default=None,
    )
    api_secret: str | None = setting(
        label="API secret",
        help="Under API settings in the dashboard; goes with the API key",
        secret=True,
        default=None,
    )
    sms_from: str | None = setting(
        label="SMS sender",
        help="A number of yours as +447700900100, a short code, or a name of up to 11 letters",
        pattern=rf"^({_NUMBER}|[0-9]{{3,8}}|(?=.*[A-Za-z])[0-9A-Za-z &+_-]{{1,11}})$",
        default=None,
    )
    whatsapp_from: str | None = setting(
        label="WhatsApp number",
        help="Your WhatsApp Business number at Vonage, as +447700900100",
        pattern=rf"^{_NUMBER}$",
        default=None,
    )
    viber_from: str | None = setting(
        label="Viber sender",
        help="The Viber service ID or name that Vonage gave you",
        pattern=r"^.{1,50}$",
        default=None,
    )
    rcs_from: str | None = setting(
        label="RCS sender",
        help="The name of your RCS agent at Vonage",
        pattern=r"^.{1,50}$",
        default=None,
    )
    base_url: str = setting(
        label="API address",
        help="Where the Messages API is, such as https://api-eu.vonage.com for the EU only",
        pattern=BASE_URL,
        default="https://api.nexmo.com",
    )
    account_url: str = setting(
        label="Account API address",
        help="Only for tests: where the account's numbers are listed",
        pattern=BASE_URL,
        default="https://rest.nexmo.com",
    )

    def __post_init__(self) -> None:
        """Raises SetupError unless there is one whole login, and somebody to send as."""
        self._check_login()
        if self.private_key:
            private_key(self.private_key)
        if not any(self._senders.values()):
            fix = "Give sms_from, whatsapp_from, viber_from or rcs_from"
            raise SetupError("sms_from", "no channel has a sender", fix)

    def able(self, channel: Channel) -> Capabilities | None:
        """What this sender can do on a channel; None if nobody is set to send there."""
        is_set = self._senders.get(_KEYS.get(channel, ""))
        return CAPABILITIES[channel] if is_set else None

    def sender(self, channel: Channel) -> str:
        """Who sends there, as Vonage spells it. Raises SetupError if nobody does."""
        key = _KEYS[channel]
        if sender := self._senders[key]:
            return sender.removeprefix("+")
        raise SetupError(key, "is missing", f"Set it to send by {channel} here")

    @property
    def _senders(self) -> dict[str, str | None]:
        return {key: getattr(self, key) for key in _KEYS.values()}

    def _check_login(self) -> None:
        begun = [pair for pair in _LOGINS if any(getattr(self, key) for key in pair)]
        if len(begun) != 1:
            problem = "there are two logins" if begun else "there is no login"
            either = " or ".join(" and ".join(pair) for pair in _LOGINS)
            raise SetupError(_LOGINS[0][0], problem, f"Give either {either}")
        for key, other in (begun[0], begun[0][::-1]):
            if not getattr(self, key):
                raise SetupError(key, "is missing", f"It goes with {other}")


_KEYS = {
    Channel.SMS: "sms_from",
    Channel.WHATSAPP: "whatsapp_from",
    Channel.VIBER: "viber_from",
    Channel.RCS: "rcs_from",
}
