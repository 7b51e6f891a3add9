"""Templates: which there are, and asking for new ones.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
Lifetimes: https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/time-to-live
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlencode

import orjson

from connectors.channels.whatsapp_cloud.draft import components, parameter_format
from connectors.channels.whatsapp_cloud.settings import Settings
from connectors.payload import Json, parse
from core.errors import Malformed, SetupError
from core.message.approval import (
    KnownTemplate,
    TemplateCategory,
    TemplateDraft,
    TemplateNews,
    TemplatePage,
    TemplatesRefused,
    TemplateStatus,
)
from core.ports import HttpRequest, HttpResponse

MONTH = timedelta(days=30)
# For how long a message may be told to live, by its template's category.
LIVES = {
    TemplateCategory.UTILITY: (timedelta(seconds=30), timedelta(hours=12)),
    TemplateCategory.AUTHENTICATION: (timedelta(seconds=30), timedelta(minutes=15)),
    TemplateCategory.MARKETING: (timedelta(hours=12), MONTH),
}
# And for how long if nothing was said; every other category's live for a month.
_USUAL = {TemplateCategory.AUTHENTICATION: timedelta(minutes=10)}
_LONGEST = -1  # Meta's way to ask for a month

_FIELDS = "id,name,language,status,category,message_send_ttl_seconds"
_PAGE = 100

Found = TypeVar("Found")

_STATUSES = {
    "PENDING": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING,
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "FLAGGED": TemplateStatus.APPROVED,  # at risk, and sent for now
    "REJECTED": TemplateStatus.REJECTED,
    "LIMIT_EXCEEDED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED,
    "DISABLED": TemplateStatus.DISABLED,
    "ARCHIVED": TemplateStatus.GONE,
    "DELETED": TemplateStatus.GONE,
    "PENDING_DELETION": TemplateStatus.GONE,
}


class Desk:
    """A `core.ports.TemplateDesk`."""

    def ask(self, config: Settings, after: str) -> HttpRequest:
        """A page of the account's templates."""
        asked = {
            "fields": _FIELDS,
            "limit": _PAGE,
            **({"after": after} if after else {}),
        }
        url = f"{_address(config)}?{urlencode(asked, safe=',')}"
        return HttpRequest(method="GET", url=url, headers=config.headers)

    def answer(self, response: HttpResponse) -> TemplatePage | TemplatesRefused:
        """What that page holds."""
        return _read(response, _page)

    def propose(self, draft: TemplateDraft, config: Settings) -> HttpRequest:
        """Asks for a template. Raises ContentError for what Meta would refuse anyway."""
        asked = {
            "name": draft.name,
            "language": draft.language,
            "category": draft.category.upper(),
            "message_send_ttl_seconds": int(draft.lives.total_seconds()),
            **parameter_format(draft),
            "components": list(components(draft)),
        }
        return HttpRequest(
            method="POST",
            url=_address(config),
            headers={**config.headers, "Content-Type": "application/json"},
            body=orjson.dumps(asked),
        )

    def proposed(
        self, response: HttpResponse, draft: TemplateDraft
    ) -> KnownTemplate | TemplatesRefused:
        """What Meta made of it. It may put it into another category than was asked for."""

        def read(answer: Json) -> KnownTemplate:
            given = answer["category"].text_or_empty().lower() or str(draft.category)
            return KnownTemplate(
                provider_id=answer["id"].text(),
                name=draft.name,
                language=draft.language,
                category=given,
                status=_status(answer["status"]),
                lives=draft.lives if given == draft.category else _usual(given),
            )

        return _read(response, read)

    def lives(self, category: TemplateCategory, window: timedelta) -> timedelta:
        """The lifetime that is nearest to a window, as far as Meta allows."""
        shortest, longest = LIVES[category]
        return max(shortest, min(window, longest))


def news(value: Json, at: Json) -> Iterator[TemplateNews]:
    """What became of a template; nothing if it can be sent as before."""
    status = _STATUSES.get(value["event"].text())
    if status is None:
        return
    yield TemplateNews(
        provider_id=str(value["message_template_id"].integer()),
        name=value["message_template_name"].text(),
        language=value["message_template_language"].text(),
        status=status,
        category=value["message_template_category"].text_or_empty().lower(),
        reason=_reason(value),
        at=at.unix_time() if at.present else None,
    )


def _reason(value: Json) -> str:
    told = (
        value["rejection_info"]["reason"].text_or_empty(),
        value["other_info"]["description"].text_or_empty(),
        value["reason"].text_or_empty(),
    )
    return next((one for one in told if one and one != "NONE"), "")


def _address(config: Settings) -> str:
    if not config.business_account_id:
        problem, fix = "is missing", "Templates belong to the business account: name it"
        raise SetupError("business_account_id", problem, fix)
    return config.url(f"{config.business_account_id}/message_templates")


def _read(
    response: HttpResponse, read: Callable[[Json], Found]
) -> Found | TemplatesRefused:
    try:
        answer = parse(response.body)
        if answer["error"].present:
            return TemplatesRefused(detail=_words(answer["error"]))
        return read(answer)
    except Malformed as error:
        return TemplatesRefused(detail=f"HTTP {response.status}, and {error}")


def _words(error: Json) -> str:
    told = ("error_user_msg", "error_user_title", "message")
    words = (error[name].text_or_empty() for name in told)
    return next(filter(None, words), "no reason given")


def _page(answer: Json) -> TemplatePage:
    paging = answer["paging"]
    more = paging["next"].present
    return TemplatePage(
        templates=tuple(_template(one) for one in answer["data"].each()),
        after=paging["cursors"]["after"].text_or_empty() if more else "",
    )


def _template(one: Json) -> KnownTemplate:
    category = one["category"].text_or_empty().lower()
    return KnownTemplate(
        provider_id=one["id"].text(),
        name=one["name"].text(),
        language=one["language"].text(),
        category=category,
        status=_status(one["status"]),
        lives=_lives(one["message_send_ttl_seconds"], category),
    )


def _status(status: Json) -> TemplateStatus:
    return _STATUSES.get(status.text(), TemplateStatus.OTHER)


def _lives(seconds: Json, category: str) -> timedelta:
    if not seconds.present:
        return _usual(category)
    given = seconds.integer()
    if given == _LONGEST:
        return MONTH
    if not 0 < given <= MONTH.total_seconds():
        raise seconds.wrong("a number of seconds up to 30 days")
    return timedelta(seconds=given)


def _usual(category: str) -> timedelta:
    return next((span for kind, span in _USUAL.items() if kind == category), MONTH)
