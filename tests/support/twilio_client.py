"""Twilio's own library, speaking to loopback instead of Twilio."""

from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

_TWILIO = "https://api.twilio.com"


class _Loopback(TwilioHttpClient):
    def __init__(self, url: str) -> None:
        super().__init__(pool_connections=False, timeout=5)
        self._url = url

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Response:
        assert url.startswith(_TWILIO)
        return super().request(method, self._url + url[len(_TWILIO) :], *args, **more)


def twilio_client(url: str, account_sid: str, auth_token: str) -> Client:
    """A client of what answers at `url` as Twilio would."""
    return Client(account_sid, auth_token, http_client=_Loopback(url))
