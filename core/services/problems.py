"""Why the API does not do what it is asked, as RFC 9457 has it."""

from dataclasses import dataclass


@dataclass(eq=False)  # as an exception must be hashable
class Problem(Exception):
    """A request that cannot be met. `field` is what is wrong in it, `fix` what would help."""

    status: int
    title: str
    detail: str
    field: str = ""
    fix: str = ""


def invalid(field: str, detail: str, fix: str) -> Problem:
    """A field that cannot be used."""
    return Problem(422, "This cannot be used", detail, field, fix)


def unknown(detail: str, fix: str = "") -> Problem:
    """Something that is not there, or not this account's."""
    return Problem(404, "Not found", detail, fix=fix)


def refused(detail: str, fix: str) -> Problem:
    """Something that may not be done as things stand."""
    return Problem(409, "This cannot be sent now", detail, fix=fix)
