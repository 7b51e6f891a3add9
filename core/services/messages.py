"""What happened to each message, in words: for `everreach messages` and the screens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from core.bootstrap import Everreach
from core.cascade.explain import CHANNELS, in_words, sentence
from core.cascade.latest import last_step_by
from core.cascade.model import Attempt, Fate, Outcome
from core.cascade.status import Marks, Until
from core.services.views import LineView, MessageView, TryView
from core.store import history, records
from core.store.cascades import to_cascade
from core.store.history import Stored

PAGE = 25


def list_messages(
    app: Everreach,
    *,
    subject: str | None = None,
    account: str | None = None,
    before: str | None = None,
    limit: int | None = PAGE,
) -> list[MessageView]:
    """Messages, newest first; `before` is the id of the last one on the previous page."""
    with app.store.read() as tx:
        stored = history.messages(
            tx, subject=subject, account=account, before=before, limit=limit
        )
    return [_view(one) for one in stored]


def get_message(app: Everreach, message_id: str) -> MessageView | None:
    """One message, or None."""
    with app.store.read() as tx:
        stored = history.message(tx, message_id)
    return _view(stored) if stored else None


def next_deadline(app: Everreach) -> datetime | None:
    """When the next window of any message runs out."""
    with app.store.read() as tx:
        return history.next_deadline(tx)


def _view(stored: Stored) -> MessageView:
    row = stored.row
    recipient = records.to_recipient(row["recipient"])
    tries = tuple(_try(one) for one in stored.attempts)
    return MessageView(
        id=row["id"],
        account=row["account_key"],
        time_zone=row["time_zone"],
        reminder=row["reminder_key"],
        reminder_version=row["version"],
        event=row["event"],
        event_id=row["event_id"],
        subject=row["subject"],
        recipient_name=f"{recipient.first_name} {recipient.last_name}".strip(),
        recipient_phone=recipient.phone,
        status=_status(row["outcome"], tries),
        headline=_headline(row["outcome"], tries),
        created_at=row["created_at"],
        deadline_at=row["deadline_at"],
        last_step_by=last_step_by(to_cascade(row, stored.attempts)),
        expires_at=row["expires_at"],
        finished_at=row["finished_at"],
        tries=tries,
        timeline=tuple(_timeline(stored)),
    )


def _try(row: records.Row) -> TryView:
    attempt = records.to_attempt(row)
    failure = attempt.marks.failure
    return TryView(
        reference=row["reference"],
        step=row["step"],
        channel=row["channel"],
        sender=row["sender_key"],
        provider=row["provider"],
        provider_id=row["provider_id"],
        status=_try_status(row["state"], attempt),
        due_at=row["due_at"],
        sending_at=row["sending_at"],
        accepted_at=row["accepted_at"],
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        failed_at=row["failed_at"],
        failure_code=failure.code if failure else None,
        failure_detail=failure.detail if failure else None,
        text=(row["content"] or {}).get("text"),
    )


def _try_status(state: str, attempt: Attempt) -> str:
    if attempt.marks.arrived:
        late = attempt.fate in (Fate.FAILED, Fate.TIMED_OUT) and not _was_unread(
            attempt
        )
        return "delivered_late" if late else attempt.marks.status
    if state == "called_off":
        return "called_off"
    if attempt.fate is Fate.TIMED_OUT:
        return "timed_out"
    return (
        state
        if attempt.marks == Marks() and state == "sending"
        else attempt.marks.status
    )


def _was_unread(attempt: Attempt) -> bool:
    # It arrived in time; what ran out was the wait for it to be read.
    return attempt.until is Until.READ


def _status(outcome: str | None, tries: Sequence[TryView]) -> str:
    if any(one.read_at for one in tries):
        return "read"
    if any(one.delivered_at for one in tries):
        return "delivered"
    match outcome:
        case Outcome.REACHED:
            return "reached"
        case Outcome.NOT_REACHED:
            return "not_delivered"
        case Outcome.SKIPPED:
            return "skipped"
        case Outcome.CANCELLED:
            return "cancelled"
        case _:
            return "waiting" if any(one.sending_at for one in tries) else "scheduled"


def _headline(outcome: str | None, tries: Sequence[TryView]) -> str:
    arrivals = [
        (at, one)
        for one in tries
        if (at := one.delivered_at or one.read_at) is not None
    ]
    if arrivals:
        return _arrived(*min(arrivals, key=itemgetter(0)), tries)
    if outcome == Outcome.CANCELLED:
        return "Cancelled before it got through"
    if outcome == Outcome.SKIPPED:
        return "Nothing was sent: no channel can reach this person"
    if outcome == Outcome.NOT_REACHED:
        return "Not delivered: every channel was tried"
    channel = CHANNELS[tries[-1].channel] if tries else ""
    if outcome == Outcome.REACHED:
        return f"Sent by {channel}"
    return f"Waiting for {channel}" if channel else "About to be sent"


def _arrived(at: datetime, first: TryView, tries: Sequence[TryView]) -> str:
    channel = CHANNELS[first.channel]
    began = tries[0].sending_at or tries[0].due_at
    # Providers tell whole seconds, so an arrival can seem to come before its sending.
    took = max(at - began, timedelta())
    return f"Delivered by {channel}, {in_words(took)} after the first try"


def _timeline(stored: Stored) -> list[LineView]:
    row = stored.row
    zone = ZoneInfo(row["time_zone"])
    began = LineView(
        at=row["created_at"],
        because="started",
        channel=None,
        sentence=f"The event {row['event']} started the reminder {row['reminder_key']}.",
    )
    return [began] + [
        LineView(
            at=note["at"],
            because=note["because"],
            channel=note["facts"].get("channel"),
            sentence=sentence(note["because"], note["facts"], zone),
        )
        for note in stored.notes
    ]
