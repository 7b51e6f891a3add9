"""From a provider's error codes to what they mean for what happens next."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from connectors.payload import Json, parse
from core.cascade.status import Failure, FailureClass, Scope
from core.errors import Malformed
from core.ports import HttpResponse, Response, SendRejected, SendResult, SendUnclear
from core.values import dataclass

MAX_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means: its class, and how long or how far that holds. `what` says it."""

    kind: FailureClass
    remember: timedelta | None = None
    scope: Scope | None = None
    what: str = ""


Table = Mapping[str, Meaning]


def table(*rows: tuple[FailureClass | Meaning, str, Iterable[int | str]]) -> Table:
    """A look-up by code, from rows of (meaning, what these codes have in common, codes)."""
    return {
        str(code): replace(_meaning(means), what=what)
        for means, what, codes in rows
        for code in codes
    }


def _meaning(means: FailureClass | Meaning) -> Meaning:
    return Meaning(means) if isinstance(means, FailureClass) else means


def absent(days: int) -> Meaning:
    """This person is not on this channel, and is not tried there for so long."""
    return Meaning(FailureClass.NEXT, remember=timedelta(days=days))


def opted_out(scope: Scope) -> Meaning:
    """This person wants no more of this, as far as `scope` says."""
    return Meaning(FailureClass.SUPPRESS, scope=scope)


def failure(
    failures: Table, code: str, detail: str, response: HttpResponse | None = None
) -> Failure:
    """What a code means. `response` is the answer that had it, None for a receipt."""
    means = failures.get(code, Meaning(FailureClass.UNKNOWN))
    kind = means.kind
    if kind is FailureClass.UNKNOWN and response:
        kind = _BY_STATUS.get(response.status, kind)
    wait = _retry_after(response) if kind is FailureClass.RETRY and response else None
    return Failure(
        kind=kind,
        code=code,
        detail=detail[:MAX_DETAIL],
        retry_after=wait,
        remember=means.remember,
        scope=means.scope,
    )


def spoken(
    response: Response, said: Callable[[Json, HttpResponse], SendResult]
) -> SendResult:
    """What a JSON answer means: `said`, or where that finds no word in it, its HTTP status.

    `said` takes the answer's document and the answer, and may raise Malformed.
    """
    assert isinstance(response, HttpResponse)
    try:
        return said(parse(response.body), response)
    except Malformed:
        return unreadable(response)


def unreadable(response: HttpResponse) -> SendRejected | SendUnclear:
    """An answer without a word of the provider's in it: only its HTTP status speaks.

    A status from 300 to 499 says that the request was not carried out. 408 does not: something
    on the way lost patience, perhaps after passing it on.
    """
    status = response.status
    detail = f"HTTP {status} without a readable answer"
    if status == 408 or not 300 <= status < 500:
        return SendUnclear(detail=detail)
    return SendRejected(failure=failure({}, f"http_{status}", detail, response))


_BY_STATUS = {401: FailureClass.HALT, 429: FailureClass.RETRY}


def _retry_after(response: HttpResponse) -> timedelta | None:
    # Seconds only: a date would need a clock to become a wait.
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 6:
        return timedelta(seconds=int(value))
    return None
