import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.message.mailbox import find_mailbox


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Anna.Lind+shop@Example.COM ", "anna.lind+shop@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@faß.example", "anna@xn--fa-hia.example"),
        ("åsa@example.com", "åsa@example.com"),
    ],
)
def test_one_mailbox_has_one_spelling(written, kept):
    assert find_mailbox(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "anna@example",
        "anna@@example.com",
        "anna lind@example.com",
        ".anna@example.com",
        "anna..lind@example.com",
        "anna@example..com",
        "anna@exa_mple.com>",
        "<anna@example.com>",
        "a@example.com,b@example.com",
        "anna@example.com\r\nBcc: b@example.com",
        "anna@exam\0ple.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_what_is_no_mailbox_is_none(written):
    assert find_mailbox(written) is None


@given(st.text() | st.emails())
def test_what_is_kept_stays_as_it_is(written):
    kept = find_mailbox(written)

    assert kept is None or find_mailbox(kept) == kept
