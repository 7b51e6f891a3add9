"""A connector's settings, said once: the set-up file, the forms and the docs read them here.

A connector declares a frozen dataclass whose fields are made by `setting`:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        shop: str = setting(label="Shop", help="…", pattern=r"^[a-z-]+$")
        client_secret: tuple[str, ...] = setting(label="Client secret", help="…", secret=True)

A field is `str`, `int`, `str | None` or `tuple[str, ...]`. The last takes one string or a list
of strings; it is for secrets that are being rotated, of which several are valid at once.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, get_type_hints

from core import __version__
from core.errors import SetupError
from core.values import dataclass

USER_AGENT = f"everreach/{__version__}"
BASE_URL = r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$"
HEADER_SAFE = r"^[!-~]+$"

T = TypeVar("T")


def setting(
    *,
    label: str,
    help: str,
    secret: bool = False,
    pattern: str | None = None,
    lines: bool = False,
    key: str | None = None,
    default: Any = MISSING,
) -> Any:
    """A field of a connector's Config.

    `label` names it to people, `help` is one sentence that says where to find it, `pattern` is
    a regular expression for the whole value, `lines` is for what has several, such as a key in
    a file, so that a line break at its end is meant, `key` is its name in a set-up file where that
    differs from the field's. A secret never shows in a repr or an error.
    """
    about = {"label": label, "help": help, "secret": secret, "pattern": pattern}
    about["lines"] = lines
    return field(default=default, repr=not secret, metadata={**about, "key": key})


def load(config: type[T], values: Mapping[str, Any], path: str) -> T:
    """An instance of `config` from what a set-up file says at `path`. Raises SetupError.

    A Config may check several settings against each other in `__post_init__`, raising
    SetupError with the key as its path.
    """
    if not isinstance(values, Mapping):
        raise SetupError(path, f"must be a list of settings, not {_kind(values)}")
    known = {entry.key: entry for entry in _settings(config)}
    _refuse_unknown(values, known, path)
    found = {}
    for key, entry in known.items():
        if key in values:
            found[entry.name] = entry.read(values[key], f"{path}.{key}")
        elif entry.required:
            raise SetupError(f"{path}.{key}", "is missing", entry.help)
    try:
        return config(**found)
    except SetupError as error:
        where = f"{path}.{error.path}"
        raise SetupError(where, error.problem, error.fix) from None


def schema(config: type[Any]) -> dict[str, Any]:
    """What `load` takes, as a JSON Schema (draft 2020-12) to embed in a larger one."""
    entries = list(_settings(config))
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {entry.key: entry.schema() for entry in entries},
        "required": [entry.key for entry in entries if entry.required],
    }


def secrets(config: type[Any]) -> frozenset[str]:
    """The settings that must never be shown, by their names in a set-up file."""
    return frozenset(entry.key for entry in _settings(config) if entry.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    name: str
    key: str
    type: Any
    label: str
    help: str
    secret: bool
    pattern: str | None
    lines: bool
    default: Any

    @property
    def required(self) -> bool:
        return self.default is MISSING

    def read(self, value: Any, where: str) -> Any:
        return _READERS[self.type](self, value, where)

    def schema(self) -> dict[str, Any]:
        about: dict[str, Any] = {"title": self.label, "description": self.help}
        if self.secret:
            about["writeOnly"] = True
        elif not self.required and self.default is not None:
            about["default"] = self.default
        return {**about, **_SCHEMAS[self.type](self._text_schema())}

    def _text_schema(self) -> dict[str, Any]:
        pattern = {"pattern": self.pattern} if self.pattern else {}
        return {"type": "string", "minLength": 1, **pattern}


def _settings(config: type[Any]) -> Iterator[_Setting]:
    types = get_type_hints(config)
    for each in fields(config):
        yield _described(each, types[each.name])


def _described(each: Field[Any], kind: Any) -> _Setting:
    about = dict(each.metadata)
    key = about.pop("key") or each.name
    return _Setting(name=each.name, key=key, type=kind, default=each.default, **about)


def _refuse_unknown(
    values: Mapping[str, Any], known: Mapping[str, _Setting], path: str
) -> None:
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            fix = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}"
            raise SetupError(f"{path}.{key}", "is not a setting", fix)


def _text(entry: _Setting, value: Any, where: str) -> str:
    if not isinstance(value, str):
        fix = "Put it in quotes" if _is_number(value) else entry.help
        raise SetupError(where, f"must be text, not {_kind(value)}", fix)
    if not value:
        raise SetupError(where, "is empty", entry.help)
    if value != value.strip() and not entry.lines:
        raise SetupError(where, "starts or ends with a space or a line break")
    if entry.pattern and not re.fullmatch(entry.pattern, value):
        shown = "this" if entry.secret else repr(value)
        problem = f"{shown} does not look like a {entry.label}"
        raise SetupError(where, problem, entry.help)
    return value


def _optional_text(entry: _Setting, value: Any, where: str) -> str | None:
    return None if value is None else _text(entry, value, where)


def _texts(entry: _Setting, value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (_text(entry, value, where),)
    if not value:
        raise SetupError(where, "is an empty list", entry.help)
    return tuple(_text(entry, v, f"{where}[{i}]") for i, v in enumerate(value))


def _integer(entry: _Setting, value: Any, where: str) -> int:
    # What a variable of the environment stands for is always text.
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        problem = f"must be a whole number, not {_kind(value)}"
        raise SetupError(where, problem, entry.help)
    return value


def _list_or_one(text: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}


_READERS: Mapping[Any, Callable[[_Setting, Any, str], Any]] = {
    str: _text,
    int: _integer,
    str | None: _optional_text,
    tuple[str, ...]: _texts,
}
_SCHEMAS: Mapping[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    str: lambda text: text,
    int: lambda _: {"type": ["integer", "string"], "pattern": "^[0-9]{1,18}$"},
    str | None: lambda text: {**text, "type": ["string", "null"]},
    tuple[str, ...]: _list_or_one,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a group of settings"
