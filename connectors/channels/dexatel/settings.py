"""What a sender at Dexatel is set up with, and how its requests begin."""

from connectors.config import BASE_URL, HEADER_SAFE, USER_AGENT, setting
from core.ports import HttpRequest
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sender on one channel: at Dexatel no sender is shared by two."""

    api_key: str = setting(
        label="API key",
        help="In the Dexatel dashboard under Settings > API keys",
        pattern=HEADER_SAFE,
        secret=True,
    )
    webhook_secret: tuple[str, ...] = setting(
        label="Webhook secret",
        help="The secret that you gave the webhooks delivery and message; several while it changes",
        secret=True,
    )
    from_: str = setting(
        label="Sender",
        help="The name or number of one of your senders, as the dashboard lists it under Senders",
        pattern=r"^[0-9A-Za-z][0-9A-Za-z &+._-]{0,38}[0-9A-Za-z]$",
        key="from",
    )
    currency: str | None = setting(
        label="Currency",
        help="The currency of your account there, such as EUR: Dexatel tells prices without it",
        pattern=r"^[A-Z]{3}$",
        default=None,
    )
    base_url: str = setting(
        label="API address",
        help="Only for tests: where the Dexatel API is, without a slash at the end",
        pattern=BASE_URL,
        default="https://api.dexatel.com",
    )


def get(path: str, config: Settings) -> HttpRequest:
    """A request that reads what is at a path."""
    url = f"{config.base_url}/v1/{path}"
    return HttpRequest(method="GET", url=url, headers=headers(config))


def headers(config: Settings) -> dict[str, str]:
    """Our key, and who we are."""
    return {"X-Dexatel-Key": config.api_key, "User-Agent": USER_AGENT}
