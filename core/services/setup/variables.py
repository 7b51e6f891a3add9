"""`${NAME}` in a connection's or sender's config: what the environment says."""

import re
from collections.abc import Mapping
from typing import Any

from core.services.setup.findings import Findings, Place

# `$${` is how to write the two characters `${`.
_VARIABLE = re.compile(r"\$(\$\{|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{)")


class Variables:
    """Fills variables in, and remembers where: what came from there is not shown."""

    def __init__(self, env: Mapping[str, str], findings: Findings) -> None:
        """`findings` is told of variables that are not set."""
        self._env = env
        self._findings = findings
        self.filled: set[Place] = set()

    def fill_configs(self, document: Any) -> None:
        """Fill in the configs of a document whose shape is not known yet."""
        for section in ("connections", "senders"):
            entries = document.get(section) if isinstance(document, dict) else None
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                if isinstance(entry, dict) and "config" in entry:
                    place = (section, index, "config")
                    entry["config"] = self._fill(entry["config"], place)

    def _fill(self, value: Any, place: Place) -> Any:
        match value:
            case dict():
                return {k: self._fill(v, (*place, k)) for k, v in value.items()}
            case list():
                return [self._fill(v, (*place, i)) for i, v in enumerate(value)]
            case str() if _VARIABLE.search(value):
                self.filled.add(place)
                return _VARIABLE.sub(lambda found: self._text(found, place), value)
            case _:
                return value

    def _text(self, found: re.Match[str], place: Place) -> str:
        name = found[2]
        if found[1] == "${":
            return "${"
        if name is None:
            fix = "Write ${NAME} for a variable, or $${ for these two characters"
            self._findings.problem(place, "${ does not name a variable", fix)
        elif not self._env.get(name):
            problem = f"the environment variable {name} is not set"
            self._findings.problem(
                place, problem, f"Set {name} where you apply this file"
            )
        return self._env.get(name or "") or found[0]
