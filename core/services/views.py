"""What a screen or `everreach messages` shows of a cascade. Plain values, words included."""

from datetime import datetime

from core.message.money import Money
from core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TryView:
    """One attempt. Times are None until they happened.

    `asked`: its provider was asked what became of it. `parts` are those of an SMS, and
    `length` says so in words; None and `""` for what is none. `cost` says in words what it
    costs, `""` if it was not sent; `category` is what it is charged as, `price_source` one of
    `core.message.cost.Source`.
    """

    reference: str
    step: int
    channel: str
    sender: str
    provider: str
    provider_id: str | None
    status: str
    due_at: datetime
    sending_at: datetime | None
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    clicked_at: datetime | None
    replied_at: datetime | None
    asked: bool
    failed_at: datetime | None
    failure_code: str | None
    failure_detail: str | None
    text: str | None
    parts: int | None
    length: str
    cost: str
    estimate: Money | None
    price: Money | None
    price_source: str | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line of the timeline: when, what kind, and the plain sentence."""

    at: datetime
    because: str
    channel: str | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """What the person wrote, or the text on the button they pressed.

    `answer` is what it says about the occasion, `word` what it says about being written to,
    `carrier` what the carrier itself took it for; values of `Answer` and `StopWord`, or None.
    `event` is the one that the answer became, or `""`.
    """

    at: datetime
    channel: str
    text: str
    answer: str | None
    word: str | None
    carrier: str | None
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One cascade with everything that happened to it, in order.

    `cost` says in words what all its tries cost together, `""` if nothing was sent.
    `last_step_by` is when its last step begins at the latest, None once it has.
    """

    id: str
    account: str
    time_zone: str
    reminder: str
    reminder_version: int
    event: str
    event_id: int
    subject: str
    recipient_name: str
    recipient_phone: str | None
    status: str
    headline: str
    created_at: datetime
    deadline_at: datetime | None
    last_step_by: datetime | None
    expires_at: datetime | None
    finished_at: datetime | None
    cost: str
    tries: tuple[TryView, ...]
    timeline: tuple[LineView, ...]
    replies: tuple[ReplyView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """Something that the owner of an account should know, and how to mend it.

    `retry_at` is until when the sender is left alone; None, or past, if it is tried again with
    the next message.
    """

    account: str
    time_zone: str
    kind: str
    sender: str
    at: datetime
    retry_at: datetime | None
    sentence: str
    fix: str
