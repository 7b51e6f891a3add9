"""What happened to each message, in words: for `everreach messages` and the screens."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from core.bootstrap import Everreach
from core.cascade.explain import (
    Translate,
    accepted_sentence,
    reply_sentence,
    sentence,
    text_sentence,
)
from core.cascade.latest import last_step_by
from core.cascade.model import Attempt, Fate
from core.cascade.replies import Answer
from core.cascade.status import Marks, Until
from core.occasions import BY_HAND, answer_event
from core.services.amounts import Cost, total
from core.services.headlines import (
    MOVED,
    STARTED,
    WRITTEN_BY_HAND,
    headline_of,
    status_of,
)
from core.services.lengths import length_of
from core.services.views import LineView, MessageView, ReplyView, TryView
from core.store import history, prices, records
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
    translate: Translate = str,
) -> list[MessageView]:
    """Messages, newest first; `before` is the id of the last one on the previous page."""
    with app.store.read() as tx:
        stored = history.messages(
            tx, subject=subject, account=account, before=before, limit=limit
        )
    return [_view(one, translate) for one in stored]


def get_message(
    app: Everreach,
    message_id: str,
    translate: Translate = str,
    *,
    account: str | None = None,
) -> MessageView | None:
    """One message, or None. With `account`, only if it is that account's."""
    with app.store.read() as tx:
        stored = history.message(tx, message_id, account)
    return _view(stored, translate) if stored else None


def next_deadline(app: Everreach) -> datetime | None:
    """When the next window of any message runs out."""
    with app.store.read() as tx:
        return history.next_deadline(tx)


def _view(stored: Stored, translate: Translate) -> MessageView:
    row = stored.row
    recipient = records.to_recipient(row["recipient"])
    tries = tuple(_try(one, translate) for one in stored.attempts)
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
        status=status_of(stored, tries),
        headline=headline_of(stored, tries, translate),
        created_at=row["created_at"],
        deadline_at=row["deadline_at"],
        last_step_by=last_step_by(to_cascade(row, stored.attempts)),
        expires_at=row["expires_at"],
        finished_at=row["finished_at"],
        cost=total([it for one in stored.attempts for it in _costs(one)], translate),
        tries=tries,
        timeline=tuple(_timeline(stored, translate)),
        replies=tuple(_reply(one, row["event"]) for one in stored.replies),
    )


def _reply(row: records.Row, event: str) -> ReplyView:
    answer = row["answer"]
    return ReplyView(
        at=row["at"],
        channel=row["channel"],
        text=row["text"] or row["button"],
        answer=answer,
        word=row["word"],
        carrier=row["carrier"],
        event=answer_event(event, Answer(answer)) if answer else "",
    )


def _try(row: records.Row, translate: Translate) -> TryView:
    said = row["content"] or {}
    attempt = records.to_attempt(row)
    failure = attempt.marks.failure
    costs, price = _costs(row), prices.price_of(row)
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
        clicked_at=row["clicked_at"],
        replied_at=row["replied_at"],
        asked=row["asked"] is not None,
        failed_at=row["failed_at"],
        failure_code=failure.code if failure else None,
        failure_detail=failure.detail if failure else None,
        text=said.get("text"),
        parts=row["parts"],
        length=length_of(row["parts"], said.get("unusual", ""), translate),
        cost=total(costs, translate),
        estimate=prices.money_of(row, "estimate"),
        price=price.money if price else None,
        price_source=price.source if price else None,
        category=row["category"],
    )


def _costs(row: records.Row) -> list[Cost]:
    """What a try costs; nothing at all if it was never sent."""
    if row["state"] in ("queued", "called_off"):
        return []
    estimate = prices.money_of(row, "estimate")
    return [Cost(price=prices.price_of(row), estimate=estimate)]


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
    # It arrived in time; what ran out was the wait for what had to come of it.
    return attempt.until in (Until.READ, Until.CLICKED, Until.REPLIED)


def _timeline(stored: Stored, translate: Translate) -> Iterator[LineView]:
    row = stored.row
    zone = ZoneInfo(row["time_zone"])
    yield LineView(
        at=row["created_at"],
        because="started",
        channel=None,
        sentence=_beginning(row, translate),
    )
    noted = [
        (note["noted_at"], _note_line(note, zone, translate)) for note in stored.notes
    ]
    written = [
        (one["received_at"], _reply_line(one, translate)) for one in stored.replies
    ]
    tried = [
        (line.at, line)
        for one in stored.attempts
        for line in _try_lines(one, translate)
    ]
    # What a reply or an acceptance led to stands after it.
    for _, line in sorted([*written, *tried, *noted], key=itemgetter(0)):
        yield line


def _note_line(note: records.Row, zone: ZoneInfo, translate: Translate) -> LineView:
    return LineView(
        at=note["noted_at"],
        because=note["because"],
        channel=note["facts"].get("channel"),
        sentence=sentence(note["because"], note["facts"], zone, translate),
    )


def _beginning(row: records.Row, translate: Translate) -> str:
    if row["event"] == BY_HAND:
        return translate(WRITTEN_BY_HAND)
    told = translate(MOVED if row["round"] else STARTED)
    return told.format(event=row["event"], reminder=row["reminder_key"])


def _try_lines(row: records.Row, translate: Translate) -> Iterator[LineView]:
    """What an attempt itself tells. The rest is noted."""
    if (row["content"] or {}).get("wrote_at"):
        yield _text_line(row, translate)
    if row["accepted_at"]:
        yield _accepted_line(row, translate)


def _text_line(row: records.Row, translate: Translate) -> LineView:
    ago = row["sending_at"] - datetime.fromisoformat(row["content"]["wrote_at"])
    told = text_sentence(max(ago, timedelta()), translate)
    return LineView(
        at=row["sending_at"], because="as_text", channel=row["channel"], sentence=told
    )


def _accepted_line(row: records.Row, translate: Translate) -> LineView:
    return LineView(
        # By a receipt's clock, which may tell whole seconds, it was before it was sent.
        at=max(row["accepted_at"], row["sending_at"]),
        because="accepted",
        channel=row["channel"],
        sentence=accepted_sentence(row["channel"], translate),
    )


def _reply_line(row: records.Row, translate: Translate) -> LineView:
    told = reply_sentence(
        row["channel"],
        row["text"] or row["button"],
        answer=row["answer"],
        word=row["word"],
        carrier=row["carrier"],
        translate=translate,
    )
    return LineView(
        at=row["at"], because="wrote", channel=row["channel"], sentence=told
    )
