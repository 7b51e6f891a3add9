"""What is known of the templates that a set-up file names."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.message.approval import KnownTemplate, TemplateStatus
from core.store.templates import Held


class Templates:
    """The templates of an account, by sender, name and language."""

    def __init__(self, held: Sequence[Held] = ()) -> None:
        self._seen = {one.sender for one in held}
        self._known = {
            (one.sender, one.template.name, one.template.language): one.template
            for one in held
        }

    def lives(self, sender: str, content: Any) -> timedelta | None:
        """For how long a message of this content is tried there; None if that is not known."""
        found = self._find(sender, content)
        return found.lives if found else None

    def doubt(self, sender: str, content: Any) -> str:
        """Why this content cannot be sent there now; `""` if nothing is known against it."""
        if not _is_template(content) or sender not in self._seen:
            return ""
        name = f"the template {content['template']} in {content['language']}"
        found = self._find(sender, content)
        if found is None:
            return f"{sender} has no {name.removeprefix('the ')}"
        if found.status is TemplateStatus.APPROVED:
            return ""
        return f"{name} cannot be sent by {sender} now: it is {found.status}"

    def _find(self, sender: str, content: Any) -> KnownTemplate | None:
        if not _is_template(content):
            return None
        return self._known.get((sender, content["template"], content["language"]))


def _is_template(content: Any) -> bool:
    return isinstance(content, Mapping) and {"template", "language"} <= content.keys()
