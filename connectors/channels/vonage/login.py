"""How our requests say who we are: by an application's token, or by key and secret.

https://developer.vonage.com/en/getting-started/concepts/authentication
"""

import base64
from datetime import datetime, timedelta

import jwt

from connectors.channels.vonage.keys import private_key
from connectors.channels.vonage.settings import Settings
from connectors.config import USER_AGENT

_LIFE = timedelta(minutes=15)
_SLOW = timedelta(minutes=1)  # how far Vonage's clock may be behind ours


def headers(config: Settings, now: datetime, token_id: str) -> dict[str, str]:
    """Our login and who asks. `token_id` is to be another one for every request."""
    return {
        "Authorization": _authorization(config, now, token_id),
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }


def _authorization(config: Settings, now: datetime, token_id: str) -> str:
    if not config.private_key:
        pair = f"{config.api_key}:{config.api_secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    claims = {
        "application_id": config.application_id,
        "iat": int((now - _SLOW).timestamp()),
        "exp": int((now + _LIFE).timestamp()),
        "jti": token_id,
    }
    token = jwt.encode(claims, private_key(config.private_key), algorithm="RS256")
    return f"Bearer {token}"
