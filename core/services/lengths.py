"""How long an SMS is, in one short line. `ENGLISH` is what a `translate` can be given here."""

from core.cascade.explain import Translate

ONE, MANY = "One SMS", "{count} SMS parts"
ONE_UNICODE = "One SMS, Unicode because of “{unusual}”"
MANY_UNICODE = "{count} SMS parts, Unicode because of “{unusual}”"
ENGLISH = (ONE, MANY, ONE_UNICODE, MANY_UNICODE)

_MOST_SHOWN = 8


def length_of(parts: int | None, unusual: str, translate: Translate = str) -> str:
    """Such as “2 SMS parts, Unicode because of “ş””; `""` for what is no SMS."""
    if parts is None:
        return ""
    shown = unusual[:_MOST_SHOWN] + "…" * (len(unusual) > _MOST_SHOWN)
    one, many = (ONE_UNICODE, MANY_UNICODE) if unusual else (ONE, MANY)
    told = translate(one if parts == 1 else many)
    return told.format(count=parts, unusual=shown)
