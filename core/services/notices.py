"""What the owner of an account should know, in words: for the screens and the commands.

`ENGLISH` is everything that a `translate` can be given here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.bootstrap import Everreach
from core.cascade.explain import Translate, mask_numbers
from core.cascade.sentences import NO_REASON
from core.message.approval import TemplateStatus
from core.services.lessons import SENDER_BROKEN, TEMPLATE_REFUSED
from core.services.templates import STOPPED
from core.services.views import NoticeView
from core.store import breakers, notices, records
from core.store.breakers import Breaker

SENTENCES: Mapping[str, str] = {
    SENDER_BROKEN: "{company} no longer works with the sender {sender}: {detail} (code {code}).",
    TEMPLATE_REFUSED: "{company} no longer takes the template {template} of the sender {sender}: {detail} (code {code}).",
    STOPPED[
        TemplateStatus.PAUSED
    ]: "{company} has paused the template {template} of the sender {sender}: {detail}.",
    STOPPED[
        TemplateStatus.REJECTED
    ]: "{company} has rejected the template {template} of the sender {sender}: {detail}.",
    STOPPED[
        TemplateStatus.DISABLED
    ]: "{company} has disabled the template {template} of the sender {sender}: {detail}.",
}
PAUSED = "{sentence} Nothing is sent that way until {at}; messages go by the next sender or channel."
TRIED_NEXT = "{sentence} The next message tries it; if it fails, it goes by the next sender or channel."
LOOK_AT_TEMPLATE = "Look at the template at {company}, mend it or use another one. Once {company} approves it, this goes by itself."
FIXES: Mapping[str, str] = {
    SENDER_BROKEN: "Look at the account, the number and the login at {company}. If they changed, change them in the set-up file too and apply it. Once a message is taken, this goes by itself.",
    TEMPLATE_REFUSED: "Look at the template at {company}: is it approved, and does it expect what the set-up file fills in? Once a message is taken, this goes by itself.",
    **dict.fromkeys(STOPPED.values(), LOOK_AT_TEMPLATE),
}
ENGLISH = tuple(
    dict.fromkeys((*SENTENCES.values(), PAUSED, TRIED_NEXT, *FIXES.values(), NO_REASON))
)

Broken = Mapping[tuple[int, str, str], Breaker]


def list_notices(
    app: Everreach, *, account: str | None = None, translate: Translate = str
) -> list[NoticeView]:
    """What is still to be mended, newest first; of one account, or of all."""
    with app.store.read() as tx:
        rows = notices.unresolved(tx, account)
        broken = breakers.breakers_of(tx, {row["account_id"] for row in rows})
    companies = {
        name: channel.company for name, channel in app.registry.channels.items()
    }
    now = app.clock.now()
    return [
        _view(row, broken, companies[row["provider"]], now, translate) for row in rows
    ]


def _view(
    row: records.Row, broken: Broken, company: str, now: datetime, translate: Translate
) -> NoticeView:
    key = (row["account_id"], row["sender_key"], row["facts"]["template"])
    breaker = broken.get(key)
    retry_at = breaker.retry_at if breaker else None
    words = _words(row, company, translate)
    told = translate(SENTENCES[row["kind"]]).format_map(words)
    closed = retry_at is not None and retry_at > now
    if retry_at:
        words["at"] = (
            f"{retry_at.astimezone(ZoneInfo(row['time_zone'])):%Y-%m-%d %H:%M}"
        )
    if breaker or row["kind"] not in STOPPED.values():
        ending = translate(PAUSED if closed else TRIED_NEXT)
        told = ending.format_map(words | {"sentence": told})
    return NoticeView(
        account=row["account_key"],
        time_zone=row["time_zone"],
        kind=row["kind"],
        sender=row["sender_key"],
        at=row["at"],
        retry_at=retry_at,
        sentence=told,
        fix=translate(FIXES[row["kind"]]).format_map(words),
    )


def _words(row: records.Row, company: str, translate: Translate) -> dict[str, Any]:
    facts = row["facts"]
    detail = mask_numbers(str(facts["detail"]).rstrip(". "))
    return {
        "company": company,
        "sender": row["sender_key"],
        "template": facts["template"],
        "code": facts["code"],
        "detail": detail or translate(NO_REASON),
    }
