"""What is known of the templates that a set-up file names."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from core.message.approval import TemplateStatus
from core.message.variants import variant
from core.services.setup.contents import content_of
from core.store.templates import Held


class Named(NamedTuple):
    """A template as a message names it."""

    name: str
    language: str


def templates_in(message: Mapping[str, Any], channel: str) -> list[Named]:
    """The templates that a message of a set-up file has for a channel, in all languages."""
    content = content_of(message)
    chosen = (
        variant(content, channel, locale)
        for locale in ("", *message.get("languages", ()))
    )
    named = {
        Named(one.here("template"), one.here("language") or "")
        for one in chosen
        if one.here("template")
    }
    return sorted(named)


class Templates:
    """The templates of an account, by sender, name and language."""

    def __init__(self, held: Sequence[Held] = ()) -> None:
        self._seen = {one.sender for one in held}
        self._known = {
            (one.sender, one.template.name, one.template.language): one.template
            for one in held
        }

    def lives(self, sender: str, template: Named) -> timedelta | None:
        """For how long a message from it is tried there; None if that is not known."""
        found = self._known.get((sender, *template))
        return found.lives if found else None

    def doubt(self, sender: str, template: Named) -> str:
        """Why it cannot be sent there now; `""` if nothing is known against it."""
        if sender not in self._seen:
            return ""
        name = f"template {template.name} in {template.language}"
        found = self._known.get((sender, *template))
        if found is None:
            return f"{sender} has no {name}"
        if found.status is TemplateStatus.APPROVED:
            return ""
        return f"the {name} cannot be sent by {sender} now: it is {found.status}"
