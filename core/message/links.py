"""Short links: what stands in a message instead of a long address, and who follows it."""

import hmac
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from core.errors import ContentError
from core.values import dataclass

PATH = "/l/"
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # none alike
_LENGTH = 11  # 64 bits: nobody finds one by trying


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortener:
    """Short addresses for one attempt.

    `base` is our own address, `key` what makes codes impossible to guess, `reference` the
    attempt. The same address gets the same code, so composing twice makes no second link.
    `made` holds, by code, every address that has been shortened.
    """

    base: str
    key: bytes = field(repr=False)
    reference: str
    made: dict[str, str] = field(default_factory=dict)

    def shorten(self, url: str) -> str:
        """Our address that leads to `url`. Raises ContentError if it is no web address."""
        return f"{self.base}{PATH}{self.code(url)}"

    def code(self, url: str) -> str:
        """Only the end of that address, for a template that has its beginning."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ContentError(f"{url} is not a web address, so it has no short link")
        digest = hmac.digest(self.key, f"{self.reference}\n{url}".encode(), "sha256")
        number, code = int.from_bytes(digest), ""
        for _ in range(_LENGTH):
            number, letter = divmod(number, len(_LETTERS))
            code += _LETTERS[letter]
        self.made[code] = url
        return code


def sample() -> Shortener:
    """For a message that is only looked at: its links lead nowhere, but are as long."""
    return Shortener(base="https://everreach.example", key=b"", reference="")


def why_nobody(method: str, headers: Mapping[str, str]) -> str:
    """Why whoever follows a link is not a person; `""` if it may well be one.

    `headers` are by lower-case name. Apps fetch a link to show what is behind it, mail
    servers to see whether it is dangerous, browsers before it is clicked.
    """
    if method != "GET":
        return "only asked whether it is there"
    asked_for = {headers.get(name, "").lower() for name in _PURPOSES}
    if any(word in purpose for purpose in asked_for for word in _AHEAD):
        return "fetched ahead"
    agent = headers.get("user-agent", "").lower()
    if not agent.startswith("mozilla/"):
        return "not a browser"
    return next((f"a machine: {word}" for word in _MACHINES if word in agent), "")


# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Purpose
_PURPOSES = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_AHEAD = ("prefetch", "prerender", "preview")
# In the User-Agent of those that call themselves Mozilla too. Chat apps (WhatsApp/2.x,
# facebookexternalhit/1.1, TelegramBot, Viber) do so rarely, but some do.
_MACHINES = (
    "bot",
    "crawl",
    "spider",
    "preview",
    "whatsapp",
    "viber",
    "facebookexternalhit",
    "slack",
    "skype",
    "headless",
    "scan",
    "safelinks",
    "barracuda",
    "mimecast",
    "proofpoint",
    "urldefense",
    "google-read-aloud",
    "googleimageproxy",
    "yahoomailproxy",
    "python",
    "curl",
    "wget",
    "http-client",
)
