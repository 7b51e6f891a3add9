"""Fill in what a message says. Jinja2's sandbox, and of its syntax only what a sentence needs:
fields, a few filters and conditions. No loops, no calls, nothing without bound.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import ContentError

_SYNTAX = (
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.CondExpr,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_FILTERS = ("default", "upper", "lower", "title", "capitalize", "trim", "truncate")
_TESTS = ("defined",)


class _Group:
    """The fields below one name. Has no attribute that a field could be taken for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._fields: dict[str, str] = {}

    def __getitem__(self, field: str) -> str:
        return self._fields[field]

    def __setitem__(self, field: str, value: str) -> None:
        self._fields[field] = value


class _Missing(StrictUndefined):
    """A field that we do not have. Says its whole name when it is printed."""

    def _fail_with_undefined_error(self, *_: Any, **__: Any) -> NoReturn:
        group = getattr(self._undefined_obj, "_name", "")
        name = ".".join(filter(None, (group, str(self._undefined_name))))
        raise ContentError(
            f"{name} is not known; give it a default: {{{{ {name} | default('…') }}}}"
        )

    __str__ = __iter__ = __len__ = __bool__ = _fail_with_undefined_error


_environment = ImmutableSandboxedEnvironment(undefined=_Missing, autoescape=False)
_environment.filters = {name: _environment.filters[name] for name in _FILTERS}
_environment.tests = {name: _environment.tests[name] for name in _TESTS}


def fields_used(text: str) -> dict[str, bool]:
    """Every dotted field that a text uses, and whether it can do without it.

    Raises ContentError for syntax that messages do not have.
    """
    try:
        tree = _environment.parse(text)
    except TemplateSyntaxError as error:
        raise ContentError(f"{error.message} (line {error.lineno})") from error
    for node in _children(tree):
        _check(node)
    found: dict[str, bool] = {}
    for name, spare in _fields(tree, spare=False):
        found[name] = spare and found.get(name, True)
    return found


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    for child in node.iter_child_nodes():
        yield child
        yield from _children(child)


def _check(node: nodes.Node) -> None:
    if not isinstance(node, _SYNTAX):
        word = type(node).__name__.lower()
        raise ContentError(f"{word} is not something that a message can use")
    if isinstance(node, nodes.Getattr) and not isinstance(node.node, nodes.Name):
        raise ContentError("a field has two parts, such as order.name")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        allowed = ", ".join(_FILTERS)
        raise ContentError(f"the filter {node.name} is not known; there are: {allowed}")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise ContentError(f"the test {node.name} is not known; there is: defined")


def _fields(node: nodes.Node, *, spare: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        yield f"{node.node.name}.{node.attr}", spare
        return
    if isinstance(node, nodes.Name):
        yield node.name, spare
    is_spare = isinstance(node, nodes.Test) or (
        isinstance(node, nodes.Filter) and node.name == "default"
    )
    for child in node.iter_child_nodes():
        yield from _fields(child, spare=spare or is_spare)


def render(text: str, fields: Mapping[str, str]) -> str:
    """The text with its fields filled in.

    `fields` are by dotted name. Raises ContentError naming a field that is missing.
    """
    pattern, wanted = _plain(text)
    values = tuple(map(fields.get, wanted))
    if pattern is not None and all(values):
        return pattern % values
    template, names = _compiled(text)
    groups = {group: _Group(group) for group in names}
    for name, value in fields.items():
        group, _, field = name.partition(".")
        if group in groups and value:
            groups[group][field] = value
    return template.render(groups)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> tuple[Template, frozenset[str]]:
    """A text ready to fill in, and the names that its fields stand below."""
    names = frozenset(name.partition(".")[0] for name in fields_used(text))
    return _environment.from_string(text), names


@lru_cache(maxsize=1024)
def _plain(text: str) -> tuple[str | None, tuple[str, ...]]:
    """A text that does no more than name fields, as a pattern, and these fields.

    Most texts are, and Jinja takes ten times as long. There is no pattern for the others.
    """
    fields_used(text)
    pattern, names = "", []
    for part in _environment.parse(text).body:
        for node in part.nodes if isinstance(part, nodes.Output) else [part]:
            if isinstance(node, nodes.TemplateData):
                pattern += node.data.replace("%", "%%")
            elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
                pattern += "%s"
                names.append(f"{node.node.name}.{node.attr}")
            else:
                return None, ()
    return pattern, tuple(names)
