"""Email addresses as people and platforms write them, and as mail servers want them."""

import re

import idna

# What RFC 5321 calls a dot-string, and letters beyond ASCII (RFC 6531). Nothing in it can end
# a line, a header or an angle bracket. Quoted local parts exist in books only.
_LOCAL = r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\]]{1,64}"
_ADDRESS = re.compile(rf"({_LOCAL})@([^\s@]{{1,253}})")


def find_mailbox(text: str) -> str | None:
    """An address as it is kept and compared, in lower case; None if it is none.

    A domain beyond ASCII becomes what it is to machines (`xn--…`). Mail servers may tell
    upper from lower case before the @, but none that people use does.
    """
    found = _ADDRESS.fullmatch(text.strip().lower())
    if found is None or found[1][0] == "." or found[1][-1] == "." or ".." in found[1]:
        return None
    domain = _domain(found[2])
    return f"{found[1]}@{domain}" if domain else None


def _domain(text: str) -> str:
    """`""` if it is none that a mail could go to."""
    try:
        domain = idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return ""
    return domain if "." in domain.rstrip(".") else ""
