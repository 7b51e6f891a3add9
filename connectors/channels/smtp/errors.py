"""What the codes of mail servers mean to a cascade.

The codes with dots are those of RFC 3463 and its registry, in answers and in bounces alike:
https://www.iana.org/assignments/smtp-enhanced-status-codes
The others are those of RFC 5321, for servers that say no more.
"""

import re

from connectors.failures import Meaning, Table, absent, failure, table
from core.cascade.status import Failure, FailureClass

_NEXT, _RETRY = FailureClass.NEXT, FailureClass.RETRY
_TEMPLATE, _HALT = FailureClass.TEMPLATE, FailureClass.HALT

FAILURES: Table = table(
    (
        absent(days=30),
        "there is no such mailbox",
        ("5.1.1", "5.1.3", "5.1.6", "5.2.1"),
    ),
    (absent(days=30), "the domain takes no mail", ("5.1.2", "5.1.10", "5.4.4")),
    (absent(days=2), "the mailbox is full", ("5.2.2", "4.2.2", "552")),
    (_NEXT, "the mailbox does not take it", ("5.2.0", "5.1.0", "550", "551", "553")),
    (_NEXT, "no server could be reached in time", ("5.4.1", "5.4.7", "4.4.1", "4.4.7")),
    (_NEXT, "the address or its server is not for such letters", ("5.6.7",)),
    (_TEMPLATE, "it was taken for spam, or is not allowed", ("5.7.0", "5.7.1", "554")),
    (_TEMPLATE, "it is too long", ("5.2.3", "5.3.4")),
    (_HALT, "the login is wrong or missing", ("530", "534", "535", "538")),
    (_HALT, "the login is wrong or missing", ("5.7.8", "5.7.9", "5.7.13")),
    (_HALT, "the sender address is refused", ("5.1.7", "5.1.8")),
    (
        _HALT,
        "the sender's domain proves nothing (SPF, DKIM, DMARC, reverse DNS)",
        ("5.7.20", "5.7.22", "5.7.23", "5.7.25", "5.7.26", "5.7.27"),
    ),
)

# Where the table has no row: what the second number is about (RFC 3463, 3).
_SUBJECTS = {
    "1": _NEXT,  # the address
    "2": _NEXT,  # the mailbox
    "4": _NEXT,  # the way there
    "6": _TEMPLATE,  # the content
    "7": _TEMPLATE,  # policy
}
_LOGIN = ("530", "534", "535", "538")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def answered(code: int, text: str) -> Failure:
    """Why a server did not take a mail."""
    status = enhanced(text)
    if code < 500:
        return Failure(kind=_RETRY, code=status or str(code), detail=detail(text))
    if not status or str(code) in _LOGIN:
        return failure(FAILURES, str(code), text)
    return bounced(status, text)


def bounced(status: str, text: str) -> Failure:
    """Why a mail did not arrive that a server had taken."""
    means = FAILURES.get(status) or Meaning(
        _SUBJECTS.get(status.split(".")[1], FailureClass.UNKNOWN)
    )
    return failure({status: means}, status, detail(text))


def enhanced(text: str) -> str:
    """The code with dots in a server's words, `""` if there is none."""
    found = _ENHANCED.search(text)
    return found[1] if found else ""


def detail(text: str) -> str:
    """A server's words in one line."""
    return " ".join(text.replace("\0", "").split())
