"""Decisions about cascades and what they command, written down many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from types import MappingProxyType
from typing import Any, assert_never

from sqlalchemy import Connection, update

from core.cascade.commands import Ask, Because, CallOff, Command, Note, Send
from core.cascade.model import Cascade
from core.store import records
from core.store.attempts import LET_GO
from core.store.cascades import reference
from core.store.many import among, insert_each, update_each
from core.store.tables import attempts, cascades, notes
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One cascade before and after a decision, and what is to be done."""

    account_id: int
    before: Cascade
    after: Cascade
    commands: Sequence[Command]


# The provider's id of each attempt that has been exchanged with it, by reference, if it has one.
Exchanged = Mapping[str, str | None]
NOTHING: Exchanged = MappingProxyType({})
Senders = Mapping[tuple[int, str], records.Row]  # by account and key, with their `id`
NO_SENDERS: Senders = MappingProxyType({})


def save(
    tx: Connection,
    decided: Sequence[Decided],
    now: datetime,
    *,
    senders: Senders = NO_SENDERS,
    exchanged: Exchanged = NOTHING,
) -> None:
    """Write decisions down and carry out their commands. Nothing is read.

    `senders` are those that are to send; `exchanged` are attempts that a worker had in hand, and
    is done with.
    """
    _update_cascades(tx, decided, now)
    _update_attempts(tx, decided, exchanged)
    commanded = _Commanded(senders, now)
    for one in decided:
        commanded.add(one)
    insert_each(tx, attempts, commanded.sent)
    if commanded.called_off:
        tx.execute(_CALLED_OFF, {"references": commanded.called_off})
    if commanded.asked:
        tx.execute(_TO_ASK, {"references": commanded.asked})
    insert_each(tx, notes, commanded.noted)


_OURS = update(attempts).where(among(attempts.c.reference, "references"))
# Only what is still queued: what a worker has in hand will be sent.
_CALLED_OFF = _OURS.where(attempts.c.state == "queued").values(state="called_off")
_TO_ASK = _OURS.values(asked="due")


def _update_cascades(tx: Connection, decided: Sequence[Decided], now: datetime) -> None:
    rows = [
        {
            "key": one.after.id,
            "next_step": one.after.next_step,
            "deadline_at": one.after.deadline_at,
            "outcome": one.after.outcome,
            "finished_at": now if one.after.finished else None,
        }
        for one in decided
        if _state(one.before) != _state(one.after)
    ]
    update_each(tx, cascades.c.id, rows)


def _state(cascade: Cascade) -> tuple[Any, ...]:
    return cascade.next_step, cascade.deadline_at, cascade.outcome


def _update_attempts(
    tx: Connection, decided: Sequence[Decided], exchanged: Exchanged
) -> None:
    rows = []
    for one in decided:
        tried = zip(one.before.attempts, one.after.attempts, strict=False)
        for number, (before, after) in enumerate(tried):
            key = reference(one.after.id, number)
            changed = records.changed_columns(before, after)
            if key in exchanged:
                changed |= {**LET_GO, "provider_id": exchanged[key]}
            if changed:
                rows.append({"key": key, **changed})
    update_each(tx, attempts.c.reference, rows)


@dataclass(slots=True)
class _Commanded:
    """What decisions command: rows of new attempts and of notes, and names of attempts."""

    senders: Senders
    now: datetime
    sent: list[records.Row] = field(default_factory=list)
    called_off: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    noted: list[records.Row] = field(default_factory=list)

    def add(self, one: Decided) -> None:
        """Every command of a decision. Why an attempt is made is told before it is sent."""
        why: dict[Any, records.Row] = {}
        for command in one.commands:
            match command:
                case Note() if command.because in _WHY:
                    why[command.facts["attempt"]] = self._told(command)
                case Note():
                    told = self._told(command)
                    self.noted.append({"cascade_id": one.after.id, **told})
                case Send():
                    new = _new_attempt(one, command, self.senders)
                    self.sent.append({**new, **why[command.attempt]})
                case CallOff():
                    self.called_off.append(reference(one.after.id, command.attempt))
                case Ask():
                    self.asked.append(reference(one.after.id, command.attempt))
                case _:
                    assert_never(command)

    def _told(self, note: Note) -> records.Row:
        facts = dict(note.facts)
        return {"noted_at": self.now, "because": note.because, "facts": facts}


# Every attempt has one such note. It is kept in the attempt's own row.
_WHY = (Because.TRYING, Because.RETRYING)


def _new_attempt(one: Decided, send: Send, senders: Senders) -> dict[str, Any]:
    attempt = one.after.attempts[send.attempt]
    return {
        "reference": reference(one.after.id, send.attempt),
        "account_id": one.account_id,
        "cascade_id": one.after.id,
        "number": send.attempt,
        "step": attempt.step,
        "sender_id": senders[one.account_id, attempt.sender]["id"],
        "channel": attempt.channel,
        "until": attempt.until,
        "state": "queued",
        "due_at": send.due_at,
        "fate": attempt.fate,  # it may have been called off since; more cannot be known
    }
