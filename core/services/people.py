"""What a person agreed to and refused: noting it, and reading it back in words."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from core.bootstrap import Everreach
from core.cascade.consent import Consent, Purpose, Refused, Suppression, why_not
from core.cascade.model import Channel
from core.cascade.sentences import CHANNELS
from core.cascade.status import Scope
from core.errors import SetupError
from core.message.phone import NoPhone, find_phone
from core.store import people, records
from core.store.people import Person
from core.values import dataclass

OPT_OUT = "the link in an email"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidView:
    """One thing that a person said, or that was said for them."""

    at: datetime
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person to an account, and all they said, oldest first."""

    phone: str
    time_zone: str
    said: tuple[SaidView, ...]


def note_consent(
    app: Everreach,
    account: str,
    phone: str,
    *,
    channel: Channel | None,
    purpose: Purpose,
    given: bool,
    source: str,
) -> PersonView:
    """Note a yes or no, on every channel if `channel` is None. Raises SetupError."""
    if not source.strip():
        raise SetupError(
            "--source", "is empty", "Say how you know, as: form at the desk"
        )
    consent = Consent(
        channel=channel,
        purpose=purpose,
        given=given,
        source=source.strip(),
        at=app.clock.now(),
    )
    with app.store.write() as tx:
        row, number = _person(tx, account, phone)
        people.add_consent(tx, (row["id"], number), consent)
        return _view(tx, row, number)


def opt_out(tx: Connection, person: Person, purpose: Purpose, at: datetime) -> None:
    """Note that an email's link for opting out was used. Once is enough.

    It ends marketing by email, and the purpose of that email.
    """
    agreed = people.consents_of(tx, [person]).get(person, [])
    stopped = people.suppressions_of(tx, [person]).get(person, [])
    known = why_not(purpose, Channel.EMAIL, "", agreed, stopped)
    if known and known.why is not Refused.NO_CONSENT:
        return
    scope = Scope.CHANNEL_MARKETING
    stop = Suppression(channel=Channel.EMAIL, scope=scope, source=OPT_OUT, at=at)
    people.suppress(tx, person, stop)
    if purpose is not Purpose.MARKETING:
        no = Consent(
            channel=Channel.EMAIL, purpose=purpose, given=False, source=OPT_OUT, at=at
        )
        people.add_consent(tx, person, no)


def what_they_said(app: Everreach, account: str, phone: str) -> PersonView:
    """Everything a person said to an account. Raises SetupError."""
    with app.store.read() as tx:
        return _view(tx, *_person(tx, account, phone))


def _person(tx: Connection, account: str, phone: str) -> tuple[records.Row, str]:
    row = people.account(tx, account)
    if row is None:
        raise SetupError("--account", f"there is no account {account}")
    number = find_phone([phone], [row["country"]])
    if isinstance(number, NoPhone):
        fix = "Write it with its country code, as +447700900100"
        raise SetupError("PHONE", number.reason, fix)
    return row, number


def _view(tx: Connection, row: records.Row, number: str) -> PersonView:
    person = (row["id"], number)
    said = [
        *map(_consent_line, people.consents_of(tx, [person]).get(person, [])),
        *map(_stop_line, people.suppressions_of(tx, [person]).get(person, [])),
    ]
    said.sort(key=lambda line: line.at)
    return PersonView(phone=number, time_zone=row["time_zone"], said=tuple(said))


def _consent_line(one: Consent) -> SaidView:
    verb = "Agreed to" if one.given else "Withdrew consent to"
    sentence = f"{verb} {one.purpose} messages {_where(one.channel)}: {one.source}."
    return SaidView(at=one.at, sentence=sentence)


def _stop_line(one: Suppression) -> SaidView:
    verb = "Takes again" if one.lifted else "Wants no more"
    what = _WHAT[one.scope].format(sender=one.sender or "any sender")
    sentence = f"{verb} {what} {_where(one.channel)}: {', '.join(_evidence(one))}."
    return SaidView(at=one.at, sentence=sentence)


_WHAT = {
    Scope.SENDER: "messages from {sender}",
    Scope.CHANNEL_MARKETING: "marketing messages",
    Scope.EVERYWHERE: "messages but codes",
}


def _evidence(one: Suppression) -> Iterator[str]:
    yield one.source
    if one.words:
        yield f"“{one.words}”"


def _where(channel: Channel | None) -> str:
    return f"by {CHANNELS[channel]}" if channel else "on every channel"
