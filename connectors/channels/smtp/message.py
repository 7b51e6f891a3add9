"""A mail as RFC 5322 has it. The same message gives the same bytes, always.

It is not signed: DKIM is the business of the server that it is handed to.
"""

from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from connectors.channels.smtp.settings import Settings
from core.errors import ContentError
from core.message.content import Email
from core.message.mailbox import find_mailbox
from core.ports import MailRequest, Outgoing, Security

MAX_CHARACTERS = 100_000
MAX_SUBJECT = 250
MARK = "everreach."  # begins our Message-IDs, so that answers to others' are not taken


def request(message: Outgoing, config: Settings) -> MailRequest:
    """A mail and its envelope. Raises ContentError."""
    recipient = find_mailbox(message.to)
    if recipient is None:
        raise ContentError("the address is not an email address")
    return MailRequest(
        host=config.host,
        port=config.port,
        security=Security(config.security),
        user=config.user or "",
        password=config.password or "",
        sender=_return_path(message.reference, config),
        recipient=recipient,
        message=_listed(message) + _mail(message, recipient, config),
    )


def sender_address(config: Settings) -> str:
    """The address that people see."""
    return find_mailbox(config.from_address) or config.from_address


def _return_path(reference: str, config: Settings) -> str:
    """Where bounces go: to an address that says which mail came back, if there is one.

    https://cr.yp.to/proto/verp.txt
    """
    if not config.bounce_address:
        return sender_address(config)
    local, _, domain = (find_mailbox(config.bounce_address) or "").partition("@")
    return f"{local}+{reference}@{domain}"


def _listed(message: Outgoing) -> bytes:
    """The opt-out that mail programs show a button for (RFC 8058).

    Written by hand: the library would fold a long address, and not every reader unfolds it.
    """
    if not message.unsubscribe_url:
        return b""
    return (
        f"List-Unsubscribe: <{message.unsubscribe_url}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode("ascii")


def _mail(message: Outgoing, recipient: str, config: Settings) -> bytes:
    if not isinstance(message.content, Email):
        raise ContentError("content is not an email")
    mail = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    for name, value in _headers(message, recipient, config):
        mail[name] = value
    _write(mail, message.content, message.reference)
    return mail.as_bytes()


def _headers(
    message: Outgoing, recipient: str, config: Settings
) -> Iterator[tuple[str, object]]:
    assert isinstance(message.content, Email)
    address = sender_address(config)
    yield "From", _address(address, config.from_name or "")
    yield "To", _address(recipient)
    if config.reply_to:
        yield "Reply-To", _address(find_mailbox(config.reply_to) or config.reply_to)
    yield "Subject", _subject(message.content.subject)
    yield "Date", message.now
    yield "Message-ID", f"<{MARK}{message.reference}@{address.partition('@')[2]}>"
    yield "Auto-Submitted", "auto-generated"  # RFC 3834: no holiday notices, please


def _address(address: str, name: str = "") -> Address:
    return Address(name, *address.split("@"))


def _subject(text: str) -> str:
    """One line, whatever a field brought in."""
    subject = " ".join(_clean(text).split())
    if not subject:
        raise ContentError("subject is empty")
    if len(subject) > MAX_SUBJECT:
        raise ContentError(f"subject is longer than {MAX_SUBJECT} characters")
    return subject


def _write(mail: EmailMessage, content: Email, reference: str) -> None:
    if not content.text.strip():
        raise ContentError("text is empty")
    if max(len(content.text), len(content.html)) > MAX_CHARACTERS:
        raise ContentError(f"text is longer than {MAX_CHARACTERS} characters")
    mail.set_content(_clean(content.text))
    if content.html:
        mail.add_alternative(_clean(content.html), subtype="html")
        mail.set_boundary(f"=_{reference}")  # else the library would draw lots


def _clean(text: str) -> str:
    """Without what cannot be written in a mail."""
    kept = (one for one in text if one >= " " or one in "\t\n\r")
    return "".join(kept).encode(errors="replace").decode()
