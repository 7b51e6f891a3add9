"""Mail that came back: a bounce, or what a person wrote.

Bounces are delivery status notifications (RFC 3464). Everything that a machine wrote besides
them (holiday notices, lists, bounces in words of their own) tells nothing.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr

from connectors.channels.smtp.errors import bounced, detail, enhanced
from connectors.channels.smtp.message import MARK
from connectors.channels.smtp.quoting import own_words, words_of
from connectors.payload import storable
from core.cascade.model import Channel
from core.cascade.status import Status
from core.errors import Malformed
from core.message.mailbox import find_mailbox
from core.ports import Receipt, Reply, Told

_OUR_ID = re.compile(rf"<{re.escape(MARK)}([0-9A-Za-z._-]{{1,64}})@[^<>\s]+>")
_RETURN_PATH = re.compile(r"\+([0-9A-Za-z._-]{1,64})@")
# Who got it: servers disagree about the name of this header.
_ADDRESSED = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
# What a bounce says became of the mail, as far as it is news.
_ACTIONS = {"failed": Status.FAILED, "delivered": Status.DELIVERED}

Mail = Message
MAX_TEXT = 20_000


def told(body: bytes) -> list[Told]:
    """What a mail tells. Raises Malformed."""
    mail = message_from_bytes(body)
    if not line(mail, "From"):
        raise Malformed("this is not a mail: it has no From")
    if mail.get_content_type() == "multipart/report":
        return list(_receipts(mail))
    if _is_automatic(mail):
        return []
    reply = _reply(mail)
    return [reply] if reply else []


def line(mail: Mail, name: str) -> str:
    """All of a header's values in one line, `""` if it is not there."""
    return detail(" ".join(str(value) for value in mail.get_all(name, [])))


# --- Bounces ---


def _receipts(mail: Mail) -> Iterator[Receipt]:
    reference = _returned(mail)
    for part in mail.walk():
        if reference and part.get_content_type() == "message/delivery-status":
            for about in _recipients(part):
                if receipt := _receipt(about, reference):
                    yield receipt


def _returned(mail: Mail) -> str | None:
    """Our reference of the mail that came back."""
    for name in _ADDRESSED:
        if found := _RETURN_PATH.search(line(mail, name)):
            return found[1]
    for part in mail.walk():
        if found := _OUR_ID.search(_returned_id(part)):
            return found[1]
    return None


def _returned_id(part: Mail) -> str:
    """The Message-ID in a mail that was sent back, whole or only its headers."""
    if part.get_content_type() == "text/rfc822-headers":
        part = message_from_bytes(_payload(part))
    return line(part, "Message-ID")


def _recipients(part: Mail) -> Iterator[Mail]:
    """What is said of each recipient; the first block is about the mail as a whole."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, Message) and line(block, "Action"):
            yield block


def _receipt(about: Mail, reference: str) -> Receipt | None:
    status = _ACTIONS.get(line(about, "Action").lower())
    if status is None:
        return None
    code = enhanced(line(about, "Status")) or "5.0.0"
    words = line(about, "Diagnostic-Code").partition(";")[2]
    return Receipt(
        status=status,
        at=None,
        reference=reference,
        provider_id=None,
        failure=bounced(code, words) if status is Status.FAILED else None,
    )


# --- What people write ---


def _is_automatic(mail: Mail) -> bool:
    """Whether a machine wrote it (RFC 3834, and what came before it)."""
    said = line(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    older = line(mail, "Precedence").lower()
    return (
        said not in ("", "no")
        or older in ("bulk", "junk", "list", "auto_reply")
        or any(name in mail for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or line(mail, "Return-Path") == "<>"
    )


def _reply(mail: Mail) -> Reply | None:
    """None if it does not answer one of our mails."""
    sender = find_mailbox(parseaddr(line(mail, "From"))[1])
    thread = f"{line(mail, 'In-Reply-To')} {line(mail, 'References')}"
    answered = _OUR_ID.search(thread)
    if sender is None or answered is None:
        return None
    return Reply(
        channel=Channel.EMAIL,
        sender=sender,
        provider_id=line(mail, "Message-ID")[:250] or f"{answered[1]} {sender}",
        text=own_words(_text(mail)),
        answers=answered[1],
    )


def _text(mail: Mail) -> str:
    """Its first plain text; of one in HTML alone, the words."""
    parts = [part for part in mail.walk() if not part.is_multipart()]
    for kind, read in (("text/plain", str), ("text/html", words_of)):
        for part in parts:
            if part.get_content_type() == kind and not part.get_filename():
                return storable(read(_decoded(part)[:MAX_TEXT]))
    return ""


def _decoded(part: Mail) -> str:
    try:
        return _payload(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a character set that nobody knows
        return _payload(part).decode("latin-1")


def _payload(part: Mail) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""
