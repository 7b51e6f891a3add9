"""What Meta reports of a message.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from collections.abc import Iterator

from connectors.channels.whatsapp_cloud.errors import FAILURES
from connectors.failures import failure
from connectors.payload import Json
from core.cascade.status import Failure, Status
from core.ports import HttpResponse, Receipt


def receipts(status: Json) -> Iterator[Receipt]:
    """A status as a receipt; nothing if it is one that we do not know.

    Whom it was for is not read: since 2026 it may be missing, and the message is enough.
    """
    kind = _STATUSES.get(status["status"].text())
    if kind is None:
        return
    errors = list(status["errors"].each()) if kind is Status.FAILED else []
    yield Receipt(
        status=kind,
        at=status["timestamp"].unix_time(),
        reference=status["biz_opaque_callback_data"].text_or_empty() or None,
        provider_id=status["id"].text(),
        failure=_reason(errors) if kind is Status.FAILED else None,
        category=_category(status["pricing"]),
    )


def refusal(error: Json, response: HttpResponse | None = None) -> Failure:
    """What an error means, in an answer or in a status."""
    wordings = (error["error_data"]["details"], error["message"], error["title"])
    detail = next(filter(None, (each.text_or_empty() for each in wordings)), "")
    return failure(FAILURES, str(error["code"].integer()), detail, response)


_STATUSES = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}


def _reason(errors: list[Json]) -> Failure:
    return refusal(errors[0]) if errors else failure(FAILURES, "", "no reason given")


def _category(pricing: Json) -> str:
    """What the message is charged as. Before July 2025 only `billable` said if at all."""
    kind = pricing["type"].text_or_empty()
    if kind not in ("", "regular") or pricing["billable"].value is False:
        return "free"
    return pricing["category"].text_or_empty()
