"""What an apply changed, in words. Secrets are named, never shown."""

from collections.abc import Iterator, Mapping
from typing import Any

from core import durations

_LONGEST_SHOWN = 40
_COLUMNS = {"time_zone": "timezone", "event": "on"}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """One phrase for everything that is not the same, by columns."""
    for column in new:
        if column == "secrets":
            yield from _changed_secrets(old[column], new[column])
        elif column == "definition":
            yield from _reminder(old[column], new[column])
        elif column == "limits":
            yield from _compare(
                "limits", *map(_limits_as_written, (old[column], new[column]))
            )
        elif column in {"config", "content"}:
            yield from _compare("", old[column], new[column])
        else:
            name = _COLUMNS.get(column, column)
            yield from _compare(name, old[column], new[column])


def _changed_secrets(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield f"{name} changed"


def _reminder(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from _compare("", _as_written(old), _as_written(new))
    if old["message"] == new["message"] and old["content"] != new["content"]:
        yield f"the message {new['message']} changed"


def _limits_as_written(limits: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: "none" if it is None else it for name, it in limits.items()}
    if limits.get("per_person"):
        written["per_person"] = durations.to_text(limits["per_person"])
    return written


def _as_written(definition: Mapping[str, Any]) -> dict[str, Any]:
    steps = [_step_as_written(step) for step in definition["steps"]]
    kept = {name: definition[name] for name in definition if name != "content"}
    if "expires" in kept:
        kept["expires"] = durations.to_text(kept["expires"])
    return {**kept, "steps": steps}


def _step_as_written(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: step[name] for name in step if name != "senders"}
    senders = ", ".join(step["senders"])
    return {**kept, "sender": senders, "wait": durations.to_text(step["wait"])}


def _compare(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_groups(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        named = [
            {f"[{i}]": item for i, item in enumerate(items)} for items in (old, new)
        ]
        yield from _compare_groups(path, *named)
    elif old != new:
        short = len(f"{old}{new}") <= _LONGEST_SHOWN * 2
        yield f"{path} {old} → {new}" if short else f"{path} changed"


def _compare_groups(
    path: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[str]:
    for name in {**old, **new}:
        where = path + name if name.startswith("[") else f"{path}.{name}".lstrip(".")
        if name not in old:
            yield f"{where} added"
        elif name not in new:
            yield f"{where} removed"
        else:
            yield from _compare(where, old[name], new[name])
