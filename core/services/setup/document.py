"""From text to plain values: YAML by the rules of its version 1.2.

Version 1.1, which PyYAML speaks, takes the key `on` for true and Norway for false. So PyYAML
only finds the structure here, and what a plain word stands for is decided below.
"""

import re
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from core.errors import SetupError, SetupErrors
from core.store.as_json import UNSTORABLE

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_KINDS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}
_SYNTAX = (ScannerError, ParserError, ComposerError)
_QUOTES = "Put text with special characters in quotes, and indent with spaces"
# The parser repeats names of its own symbols, `'<scalar>'` or `':'`, but also what it read.
_REPEATED = re.compile(r" (['\"])(?!<)[^'\"]{2,}\1")


def parse(text: str) -> Any:
    """What a YAML text says, in dicts with text keys, lists and scalars.

    Raises SetupErrors naming line and column.
    """
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        return None if root is None else _value(root, ())
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error) from None
    except yaml.YAMLError:
        raise _refused("the file", "it holds a character that YAML forbids") from None
    except RecursionError:
        raise _refused("the file", "it is nested too deeply") from None


def _value(node: yaml.Node, above: tuple[yaml.Node, ...]) -> Any:
    if node.tag not in _KINDS:
        raise _at(node, "tags (words that begin with !) mean nothing here")
    if node in above:
        raise _at(node, "this refers to itself")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, (*above, node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*above, node)) for item in node.value]
    text = _text(node)
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return _scalar(text) if is_plain else text


def _mapping(node: yaml.MappingNode, above: tuple[yaml.Node, ...]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value in node.value:
        key = _text(key_node)
        if key in mapping:
            raise _at(key_node, f"the key {key} is there twice")
        mapping[key] = _value(value, above)
    return mapping


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _at(node, "a key must be text")
    text: str = node.value
    if UNSTORABLE.search(text):
        raise _at(node, "this holds a character that cannot be stored")
    return text


def _scalar(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _DECIMAL.fullmatch(word) else word


def _at(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _unreadable(error: yaml.MarkedYAMLError) -> SetupErrors:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
    told = ", ".join(filter(None, (error.context, error.problem)))
    # It may have been a secret that was meant to be in quotes.
    problem = _REPEATED.sub("", told)
    return _refused(where, problem, _QUOTES if isinstance(error, _SYNTAX) else "")


def _refused(where: str, problem: str, fix: str = "") -> SetupErrors:
    return SetupErrors([SetupError(where, problem, fix)])
