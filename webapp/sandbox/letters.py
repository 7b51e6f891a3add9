"""Mails in the sandbox: what a mail program shows of one, and how one comes back.

https://www.rfc-editor.org/rfc/rfc3464
"""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from webapp.sandbox.cast import MAIL_DOMAIN, MAIL_USER
from webapp.sandbox.phones import Sent

SERVER = f"mx.{MAIL_DOMAIN}"


def shown(mail: EmailMessage, queued: str) -> Sent:
    """A mail as a phone shows it, by its Message-ID. `queued` is the server's name for it."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    who = mail["From"].addresses[0] if mail["From"] else None
    return Sent(
        id=str(mail["Message-ID"] or f"<{queued}@{SERVER}>"),
        provider="smtp",
        channel="email",
        text=str(text.get_content()).strip() if text else "",
        from_name=(who.display_name or who.addr_spec) if who else "",
        subject=str(mail["Subject"] or ""),
        html=str(html.get_content()).strip() if html else "",
    )


def answer(address: str, text: str, answers: str, now: datetime) -> bytes:
    """What somebody writes back to a mail, whose Message-ID is `answers`."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = address, MAIL_USER
    mail["Subject"] = "Re: your order"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(text)
    return mail.as_bytes()


def bounce(
    sender: str,
    address: str,
    queued: str,
    mail: EmailMessage,
    now: datetime,
    status: str = "5.1.1",
) -> bytes:
    """What Postfix sends back for a mailbox that does not exist, or another `status`."""
    said = f"550 {status} <{address}>: Recipient address rejected: User unknown"
    headers = {
        "Return-Path": "<>",
        "From": f"Mail Delivery System <MAILER-DAEMON@{SERVER}>",
        "To": sender,
        "Subject": "Undelivered Mail Returned to Sender",
        "Date": format_datetime(now),
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Message-ID": f"<{queued}@{SERVER}>",
    }
    mark = f"{queued}/{SERVER}"
    parts = (
        f"Content-Type: text/plain\n\nYour mail to <{address}> came back.\n\n    {said}",
        "Content-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; {SERVER}\nArrival-Date: {format_datetime(now)}\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}",
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {mail['Message-ID']}",
    )
    kind = f'multipart/report; report-type=delivery-status; boundary="{mark}"'
    top = "\n".join(f"{name}: {value}" for name, value in headers.items())
    body = "".join(f"--{mark}\n{part}\n\n" for part in parts)
    whole = f"{top}\nContent-Type: {kind}\n\n{body}--{mark}--\n"
    return whole.replace("\n", "\r\n").encode()
