"""Short links: what they look like, and who is taken for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ContentError
from core.message.links import Shortener, why_nobody

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


def shortener(key: bytes = b"key", reference: str = "c.0") -> Shortener:
    return Shortener(base="https://ever.example", key=key, reference=reference)


def test_an_address_gets_one_code_for_one_attempt_and_another_for_the_next() -> None:
    one, again, other = shortener(), shortener(), shortener(reference="c.1")
    url = "https://track.example/RR1?x=1"

    assert one.shorten(url) == again.shorten(url) != other.shorten(url)
    assert one.shorten(url) == f"https://ever.example/l/{one.code(url)}"
    assert one.made == {one.code(url): url}


@given(st.sets(st.text("abc", min_size=1), min_size=2), st.binary(min_size=1))
def test_codes_differ_and_cannot_be_told_without_the_key(
    paths: set[str], key: bytes
) -> None:
    one, other = shortener(key), shortener(key + b"!")
    urls = [f"https://track.example/{path}" for path in paths]

    assert len({one.code(url) for url in urls}) == len(urls)
    assert not {one.code(url) for url in urls} & {other.code(url) for url in urls}


@pytest.mark.parametrize(
    "url", ["", "track.example", "javascript:alert(1)", "ftp://a.example", "https://"]
)
def test_what_is_no_web_address_gets_no_link(url: str) -> None:
    with pytest.raises(ContentError, match="not a web address"):
        shortener().shorten(url)


def test_a_browser_is_a_person() -> None:
    assert why_nobody("GET", {"user-agent": PHONE}) == ""


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {"user-agent": PHONE}),
        ("GET", {}),
        ("GET", {"user-agent": "WhatsApp/2.23.20.0"}),
        ("GET", {"user-agent": "facebookexternalhit/1.1"}),
        ("GET", {"user-agent": "TelegramBot (like TwitterBot)"}),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}),
        ("GET", {"user-agent": f"{PHONE} HeadlessChrome/130.0"}),
        ("GET", {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}),
        ("GET", {"user-agent": PHONE, "x-purpose": "preview"}),
        ("GET", {"user-agent": "curl/8.5.0"}),
    ],
)
def test_whoever_looks_ahead_is_not(method: str, headers: dict[str, str]) -> None:
    assert why_nobody(method, headers)
