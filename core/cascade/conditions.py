"""What a step may ask of a case before it is used: `only_if` in the set-up file.

`{"country": ["IT", "DE"], "order.total": {"at_least": 50}}`: the person's country is one of
these, and the field is a number of at least that. All of it must hold.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from core.cascade.model import Bar, Obstacle

COUNTRY = "country"
AT_LEAST, AT_MOST = "at_least", "at_most"


def unmet(
    only_if: Mapping[str, Any], country: str, fields: Mapping[str, str]
) -> Bar | None:
    """The first condition that does not hold, as evidence. An unknown field meets none."""
    for name, wanted in only_if.items():
        known = country if name == COUNTRY else fields.get(name, "")
        if not _holds(wanted, known):
            facts = (("condition", f"{name} {in_signs(wanted)}"), ("known", known))
            return Bar(obstacle=Obstacle.CONDITION, facts=facts)
    return None


def _holds(wanted: Sequence[str] | Mapping[str, float], known: str) -> bool:
    if not isinstance(wanted, Mapping):
        return known in wanted
    number = _number(known)
    if number is None:
        return False
    low, high = wanted.get(AT_LEAST), wanted.get(AT_MOST)
    above = low is None or number >= Decimal(str(low))
    return above and (high is None or number <= Decimal(str(high)))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def in_signs(wanted: Sequence[str] | Mapping[str, float]) -> str:
    """A condition as it is read in any language: `IT | DE`, `≥ 50`, `≥ 50 & ≤ 100`."""
    if not isinstance(wanted, Mapping):
        return " | ".join(wanted)
    signs = {AT_LEAST: "≥", AT_MOST: "≤"}
    return " & ".join(f"{signs[name]} {number}" for name, number in wanted.items())
