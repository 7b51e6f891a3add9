"""Between the engine's values and the columns that hold them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter

from core.cascade.model import Attempt, Channel, Fate, Recipient, Sender, Step
from core.cascade.status import MARKS, Failure, FailureClass, Marks, Scope, Until, times
from core.message import variants

Row = Mapping[Any, Any]  # SQLAlchemy's rows take columns as keys too

Values = dict[str, BindParameter[Any]]


def to_steps(definition: Row) -> tuple[Step, ...]:
    """The steps of a stored reminder."""
    if getattr(definition, "__hash__", None):  # it is the same for thousands
        return _kept_steps(definition)
    return tuple(_steps(definition))


@lru_cache(maxsize=1024)
def _kept_steps(definition: Any) -> tuple[Step, ...]:
    return tuple(_steps(definition))


def _steps(definition: Row) -> Iterator[Step]:
    for step in definition["steps"]:
        yield Step(
            channel=Channel(step["channel"]),
            senders=tuple(Sender(key=key) for key in step["senders"]),
            until=Until(step["until"]),
            wait=timedelta(seconds=step["wait"]),
        )


def template_of(definition: Row, channel: str, locale: str) -> str:
    """The template that a reader of `locale` gets, which can break by itself, or `""`."""
    return variants.template_of(definition["content"], channel, locale)


def overrides(sender: Row) -> dict[str, FailureClass]:
    """What a sender's account wants codes to mean, where it is not the usual."""
    return {code: FailureClass(kind) for code, kind in sender["failures"].items()}


def to_recipient(stored: Row) -> Recipient:
    """A stored recipient."""
    return Recipient(**stored)


def to_attempt(row: Row) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        step=row["step"],
        channel=Channel(row["channel"]),
        sender=row["sender_key"],
        until=Until(row["until"]),
        due_at=row["due_at"],
        departed=row["state"] not in ("queued", "called_off"),
        named=row["provider_id"] is not None,
        asked=row["asked"] is not None,
        as_text=bool(row["as_text"]),
        marks=to_marks(row),
        fate=Fate(row["fate"]) if row["fate"] else None,
    )


def to_marks(row: Row) -> Marks:
    """What is known about an attempt, from its row."""
    known = {name: at for name in MARKS if (at := row[name])}
    return Marks(**known, failure=to_failure(row["failure"])) if known else _UNMARKED


_UNMARKED = Marks()


def attempt_columns(attempt: Attempt) -> dict[str, Any]:
    """The columns of an attempt that a decision can change."""
    return {
        **dict(zip(MARKS, times(attempt.marks), strict=True)),
        "failure": failure_json(attempt.marks.failure),
        "fate": attempt.fate,
    }


def changed_columns(before: Attempt, after: Attempt) -> dict[str, Any]:
    """Those that a decision has changed."""
    was, now = attempt_columns(before), attempt_columns(after)
    return {name: value for name, value in now.items() if value != was[name]}


def failure_json(failure: Failure | None) -> dict[str, Any] | None:
    """A failure as JSON."""
    if failure is None:
        return None
    spans = {"retry_after": failure.retry_after, "remember": failure.remember}
    return {**asdict(failure), **{name: _seconds(span) for name, span in spans.items()}}


def to_failure(stored: Row | None) -> Failure | None:
    """A failure from JSON."""
    if stored is None:
        return None
    return Failure(
        kind=FailureClass(stored["kind"]),
        code=stored["code"],
        detail=stored["detail"],
        retry_after=_span(stored["retry_after"]),
        remember=_span(stored["remember"]),
        scope=Scope(stored["scope"]) if stored["scope"] else None,
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
