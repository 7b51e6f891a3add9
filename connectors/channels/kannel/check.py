"""Trying a Kannel's user name and password.

Its status page stands on another port and takes its password in the address. But `sendsms` looks
at the login first: with nobody to send to, what it complains of tells whether that was good.
"""

from datetime import datetime

from connectors.channels.kannel.settings import Settings, headers, sendsms_url
from core.ports import Checked, HttpRequest, HttpResponse, Response


class Check:
    """A message without a text for nobody, which Kannel refuses."""

    def ask(self, config: Settings, now: datetime) -> HttpRequest:
        """The request that tries them."""
        return HttpRequest(
            method="POST", url=sendsms_url(config), headers=headers(config)
        )

    def answer(self, response: Response, config: Settings) -> Checked:
        """Whether it got as far as missing the receiver."""
        assert isinstance(response, HttpResponse)
        if response.status == 400 and b"receiver" in response.body.lower():
            says = f"Kannel knows {config.username}"
            return Checked(works=True, says=says)
        if response.status == 403:
            says = "Kannel refuses this user name, this password or the address we call from"
            return Checked(works=False, says=says)
        says = f"HTTP {response.status} is not how a Kannel answers"
        return Checked(works=False, says=says)
