"""Fill in what a message says. Jinja2's sandbox, and of its syntax only what a sentence needs:
fields, a few filters and conditions. No loops, no calls, nothing without bound.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import ContentError
from core.message.filters import CURRENCY, FILTERS, READER
from core.message.reader import Reader

LONGEST = 100_000  # characters, of a text as of what comes of it
DEEPEST = 40  # conditions within conditions, filters after filters

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
_OF_JINJA = ("default", "upper", "lower", "title", "capitalize", "trim", "truncate")
_FILTERS = (*_OF_JINJA, *FILTERS)
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


def _worded(value: Any) -> Any:
    """Stops what is no word, such as the `None` of `default(none)`."""
    if value is None or isinstance(value, bool):
        raise ContentError(f"{value} is nothing to say")
    return value


def _past_missing(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter, but what is missing stays so: a default may follow."""
    place = int(hasattr(filter_, "jinja_pass_arg"))

    @wraps(filter_)
    def passing(*given: Any, **named: Any) -> Any:
        value = given[place]
        return value if isinstance(value, _Missing) else filter_(*given, **named)

    return passing


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=_Missing, autoescape=html, finalize=_worded
    )
    filters = {name: made.filters[name] for name in _OF_JINJA} | dict(FILTERS)
    made.filters = {
        name: each if name == "default" else _past_missing(each)
        for name, each in filters.items()
    }
    made.tests = {name: made.tests[name] for name in _TESTS}
    return made


_PLAIN, _HTML = _environment(html=False), _environment(html=True)


def fields_used(text: str) -> dict[str, bool]:
    """Every dotted field that a text uses, and whether it can do without it.

    Raises ContentError for syntax that messages do not have, and for what is beyond bounds.
    """
    tree = _parsed(text)
    _check_below(tree, DEEPEST)
    found: dict[str, bool] = {}
    for name, spare in _fields(tree, spare=False):
        found[name] = spare and found.get(name, True)
    return found


def _parsed(text: str) -> nodes.Template:
    if len(text) > LONGEST:
        raise ContentError(f"a text has at most {LONGEST} characters")
    try:
        return _PLAIN.parse(text)
    except TemplateSyntaxError as error:
        raise ContentError(f"{error.message} (line {error.lineno})") from error
    except RecursionError:
        raise ContentError(_TOO_DEEP) from None


_TOO_DEEP = "it is nested too deeply"


def _check_below(node: nodes.Node, depth: int) -> None:
    if not depth:
        raise ContentError(_TOO_DEEP)
    for child in node.iter_child_nodes():
        _check(child)
        _check_below(child, depth - 1)


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
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise ContentError("an if in a field needs an else")


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


def render(
    text: str,
    fields: Mapping[str, str],
    reader: Reader | None = None,
    *,
    language: str = "",
    html: bool = False,
) -> str:
    """The text with its fields filled in; those of `html` cannot hold any of their own.

    `fields` are by dotted name, `language` is the text's, if that is known. Raises
    ContentError naming a field that is missing.
    """
    if not html and (said := _plainly(text, fields)):
        return said
    reader = (reader or Reader()).reading(language)
    template, names = _compiled(text, html)
    groups = {group: _Group(group) for group in names}
    for name, value in fields.items():
        group, _, field = name.partition(".")
        if group in groups and value.strip():
            groups[group][field] = value
    about = {READER: reader, CURRENCY: _currency(fields) or reader.currency}
    return _bounded(template.generate({**groups, **about}))


def _currency(fields: Mapping[str, str]) -> str:
    """What the amounts of an event are in, where it says so."""
    told = (value for name, value in fields.items() if name.endswith(".currency"))
    return next(told, "")


def _bounded(pieces: Iterator[str]) -> str:
    said, length = [], 0
    for piece in pieces:
        length += len(piece)
        _check_length(length)
        said.append(piece)
    return "".join(said)


def _check_length(length: int) -> None:
    if length > LONGEST:
        raise ContentError(f"it would have more than {LONGEST} characters")


@lru_cache(maxsize=1024)
def _compiled(text: str, html: bool) -> tuple[Template, frozenset[str]]:
    """A text ready to fill in, and the names that its fields stand below."""
    names = frozenset(name.partition(".")[0] for name in fields_used(text))
    return (_HTML if html else _PLAIN).from_string(text), names


def _plainly(text: str, fields: Mapping[str, str]) -> str:
    """A text that does no more than name fields that are known; `""` if it is another.

    Most texts are, and Jinja takes ten times as long.
    """
    pattern, wanted = _pattern(text)
    values = tuple(fields.get(name, "") for name in wanted)
    if pattern is None or not all(map(str.strip, values)):
        return ""
    said = pattern % values
    _check_length(len(said))
    return said


@lru_cache(maxsize=1024)
def _pattern(text: str) -> tuple[str | None, tuple[str, ...]]:
    """A text as a pattern, and the fields that go into it. None if it does more than that."""
    fields_used(text)
    pattern, names = "", []
    for part in _PLAIN.parse(text).body:
        for node in part.nodes if isinstance(part, nodes.Output) else [part]:
            if isinstance(node, nodes.TemplateData):
                pattern += node.data.replace("%", "%%")
            elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
                pattern += "%s"
                names.append(f"{node.node.name}.{node.attr}")
            else:
                return None, ()
    return pattern, tuple(names)
