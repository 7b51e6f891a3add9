"""What the owner of a WhatsApp number gives us."""

from connectors.config import BASE_URL, HEADER_SAFE, USER_AGENT, setting
from core.values import dataclass

_DIGITS = r"^[0-9]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One business phone number. The URL of its receipts is set in the Meta app."""

    phone_number_id: str = setting(
        label="Phone number ID",
        help="The long number under WhatsApp > API Setup in your Meta app",
        pattern=_DIGITS,
    )
    access_token: str = setting(
        label="Access token",
        help="A system user's permanent token that may send WhatsApp messages",
        secret=True,
        pattern=HEADER_SAFE,
    )
    app_secret: tuple[str, ...] = setting(
        label="App secret",
        help="Under App settings > Basic in your Meta app; several while you change it",
        secret=True,
    )
    verify_token: str = setting(
        label="Verify token",
        help="A random word of your own; type the same one when you set the webhook",
        secret=True,
    )
    business_account_id: str | None = setting(
        label="WhatsApp Business Account ID",
        help="Below the phone number ID under WhatsApp > API Setup; to list and create templates",
        pattern=_DIGITS,
        default=None,
    )
    api_version: str = setting(
        label="API version",
        help="The Graph API version to speak, such as v25.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        default="v25.0",
    )
    base_url: str = setting(
        label="API address",
        help="Only for tests: where the Graph API is, without a slash at the end",
        pattern=BASE_URL,
        default="https://graph.facebook.com",
    )

    def url(self, path: str) -> str:
        """The address of something in the Graph API."""
        return f"{self.base_url}/{self.api_version}/{path}"

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, and that they may."""
        return {
            "Authorization": f"Bearer {self.access_token}",
            "User-Agent": USER_AGENT,
        }
