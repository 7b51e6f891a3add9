"""What the JSON Schema finds wrong, in words, and what is left without it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from core.durations import PATTERN as DURATION
from core.services.setup.findings import Findings, Place, choices, show

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "array": "a list",
    "object": "a group of settings",
    "number": "a number",
}
_NAMES = {"on": "event", "until": "status"}

# Where, what is wrong, and the fix.
_Wording = tuple[Place, str, str]
# A ValidationError. Its type says "or unset" of everything, which a found error never is.
_Error = Any


def find_misshapen(
    document: Any,
    schema: Mapping[str, Any],
    hidden: Collection[Place],
    findings: Findings,
) -> None:
    """Note everything that does not have the shape. Values at `hidden` are not shown."""
    for error in Draft202012Validator(schema).iter_errors(document):
        for place, problem, fix in _explain(error, hidden):
            findings.problem(place, problem, fix)


def without(document: Any, places: Collection[Place]) -> dict[str, Any]:
    """The document without what stands at some places; list items turn into None.

    Without all that is misshapen, whatever is there has the right shape, so that everything
    else can be checked too.
    """
    for place in filter(None, places):
        _remove(document, place)
    return document if isinstance(document, dict) and () not in places else {}


def _remove(value: Any, place: Place) -> None:
    *above, last = place
    for step in above:
        value = _inside(value, step)
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and isinstance(last, int):
        value[last] = None


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) else None


def _explain(error: _Error, hidden: Collection[Place]) -> Iterator[_Wording]:
    if error.validator == "anyOf":
        for inner in _intended(error):
            yield from _explain(inner, hidden)
    else:
        shown = _shown(error, hidden)
        yield from _WORDINGS.get(str(error.validator), _other)(error, shown)


def _intended(error: _Error) -> list[_Error]:
    """The complaints of the alternative that has the type of what was given."""
    branches: dict[Any, list[_Error]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for errors in branches.values():
        if not any(e.validator == "type" and not e.path for e in errors):
            return errors
    return next(iter(branches.values()))


def _shown(error: _Error, hidden: Collection[Place]) -> str:
    place = tuple(error.absolute_path)
    if _is_secret(error, place) or place in hidden:
        return _veiled(error.instance)
    return show(error.instance)


def _veiled(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "this text"
        case _:
            return show(value)


def _is_secret(error: _Error, place: Place) -> bool:
    # What stands where a whole config is asked may be anything.
    return _said(error, "writeOnly") is not None or place[2:] == ("config",)


def _said(error: _Error, word: str) -> Any:
    """What the schema says about the value, or about what the value is a part of."""
    current = error
    while current is not None:
        if word in current.schema:
            return current.schema[word]
        current = current.parent
    return None


def _type(error: _Error, shown: str) -> Iterator[_Wording]:
    place, about = tuple(error.absolute_path), _said(error, "description") or ""
    if error.instance is None:
        yield place, "is empty", about
        return
    kinds = error.validator_value
    kinds = [kinds] if isinstance(kinds, str) else kinds
    wanted = " or ".join(_TYPES[kind] for kind in kinds if kind in _TYPES)
    quotes = "string" in kinds and isinstance(error.instance, int | float)
    quotes = quotes and error.schema.get("pattern") != DURATION
    fix = "Put it in quotes" if quotes else about
    yield place, f"must be {wanted}, not {shown}", fix


def _required(error: _Error, _: str) -> Iterator[_Wording]:
    for name in error.validator_value:
        if name not in error.instance:
            about = error.schema["properties"].get(name, {}).get("description", "")
            yield (*error.absolute_path, name), "is missing", about


def _unknown_key(error: _Error, _: str) -> Iterator[_Wording]:
    known = error.schema["properties"]
    for name in error.instance:
        if name not in known:
            place = (*error.absolute_path, name)
            yield place, "is not a setting", choices(name, known)


def _enum(error: _Error, shown: str) -> Iterator[_Wording]:
    place = tuple(error.absolute_path)
    word = _word(place)
    kind = error.schema.get("title") or _NAMES.get(word, word)
    fix = choices(error.instance, error.validator_value)
    yield place, f"{shown} is not a known {kind}", fix


def _word(place: Place) -> str:
    """What to call the value at a place: one of `days` is a day."""
    *above, last = place
    return str(above[-1])[:-1] if isinstance(last, int) else str(last)


def _pattern(error: _Error, shown: str) -> Iterator[_Wording]:
    if not error.instance.strip():
        yield from _empty(error, shown)
        return
    title, about = _said(error, "title"), _said(error, "description") or ""
    problem = f"does not look like: {title}" if title else "cannot be used here"
    yield tuple(error.absolute_path), f"{shown} {problem}", about


def _empty(error: _Error, _: str) -> Iterator[_Wording]:
    yield tuple(error.absolute_path), "is empty", _said(error, "description") or ""


def _other(error: _Error, shown: str) -> Iterator[_Wording]:
    place = tuple(error.absolute_path)
    yield place, f"{shown} cannot be used here", _said(error, "description") or ""


_WORDINGS: Mapping[str, Callable[[_Error, str], Iterator[_Wording]]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown_key,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
}
