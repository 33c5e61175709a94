"""A YAML file as a tree whose every node knows its file, its line and the comment beside it."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.tokens import CommentToken

from simulator.scenario.errors import Problem, ScenarioError

LARGEST_BYTES = 1_000_000
DEEPEST = 30

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Node:
    """A value of a file: a mapping, a list or a scalar, and where it stands.

    `source` is the comment beside it or, failing that, beside the nearest key around it.
    """

    value: "dict[str, Node] | list[Node] | str | float | bool | date | None"
    file: str
    line: int
    source: str


def shown(path: Path) -> str:
    """Path as a user would write it: relative to the working folder if it lies within."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read(path: Path) -> Node:
    """Read a file into a tree.

    Raises
    ------
    ScenarioError
        If it cannot be read, is not YAML, or is not a single mapping of plain values.
    """
    file = shown(path)

    def refuse(line: int, rule: str, remedy: str = "", key: str = "") -> ScenarioError:
        return ScenarioError(Problem(file, line, key, "", rule, remedy))

    text = _text(path, refuse)
    try:
        _check_events(text, refuse)
        data = YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        raise _duplicate(error, refuse) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        rule = f"is not valid YAML: {error.problem or error.context}"
        raise refuse(line, rule, "check indentation, colons and brackets") from None
    except (YAMLError, ValueError) as error:
        raise refuse(0, f"is not valid YAML: {str(error).splitlines()[0]}", "correct it") from None
    if not isinstance(data, CommentedMap):
        found = (
            "empty" if data is None else "a list" if isinstance(data, list) else "a single value"
        )
        raise refuse(1, f"must be a mapping of keys to values, and is {found}", "write key: value")
    return _Tree(file, _comments(data)).node(data, 1, "", ())


def _text(path: Path, refuse: Any) -> str:
    if path.is_dir():
        raise refuse(0, "is a folder, not a file", "name the scenario file in it")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise refuse(0, f"is over {LARGEST_BYTES:,} bytes", "a scenario is a few pages of text")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise refuse(0, "is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise refuse(0, f"cannot be read: {error.strerror}", "check its permissions") from None


def _check_events(text: str, refuse: Any) -> None:
    """Refuse what YAML allows and a scenario has no use for."""
    depth = documents = 0
    for event in YAML(typ="rt", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise refuse(line, "a second document begins", "a file holds one scenario")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise refuse(line, "anchors and aliases are not read", "write it out, or use extends")
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            raise refuse(line, f"the tag {tag} is not read", "remove it")
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise refuse(line, f"is nested over {DEEPEST} deep", "no scenario needs that")
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            depth -= 1


def _duplicate(error: DuplicateKeyError, refuse: Any) -> ScenarioError:
    line = error.problem_mark.line + 1
    name = str(error.problem).split('"')[1] if '"' in str(error.problem) else ""
    first = (
        f" (line {error.context_mark.line + 1} begins its mapping)" if error.context_mark else ""
    )
    return refuse(line, f"this key is given twice{first}", "remove one of the two", name)  # type: ignore[no-any-return]


def _comments(data: Any) -> dict[int, str]:
    """Comment at the end of each line that has one, lines from 0."""
    found: dict[int, str] = {}

    def visit(part: Any) -> None:
        if isinstance(part, CommentToken):
            found[part.start_mark.line] = part.value.splitlines()[0].lstrip("# ").strip()
        elif isinstance(part, list | tuple):
            for item in part:
                visit(item)

    def walk(part: Any) -> None:
        if isinstance(part, CommentedMap | CommentedSeq):
            visit(part.ca.comment)
            for entry in part.ca.items.values():
                visit(entry)
            for item in part.values() if isinstance(part, CommentedMap) else part:
                walk(item)

    walk(data)
    return found


class _Tree:
    """Builds the nodes of one file."""

    def __init__(self, file: str, comments: dict[int, str]) -> None:
        self.file, self.comments = file, comments

    def node(self, data: Any, line: int, source: str, key: Key) -> Node:
        if isinstance(data, CommentedMap):
            children: dict[str, Node] = {}
            for name, value in data.items():
                at = data.lc.key(name)[0]
                if not isinstance(name, str):
                    problem = Problem(
                        self.file, at + 1, str(name), "", "keys must be words", "put it in quotes"
                    )
                    raise ScenarioError(problem)
                beside = self.comments.get(at, source)
                children[name] = self.node(value, at + 1, beside, (*key, name))
            return Node(children, self.file, line, source)
        if isinstance(data, CommentedSeq):
            items = []
            for index, value in enumerate(data):
                at = data.lc.item(index)[0]
                beside = self.comments.get(at, source)
                items.append(self.node(value, at + 1, beside, (*key, index)))
            return Node(items, self.file, line, source)
        return Node(_plain(data), self.file, line, source)


def _plain(scalar: Any) -> Any:
    """Python's own type for ruamel.yaml's scalar."""
    for kind in (bool, int, float, str):
        if isinstance(scalar, kind):
            return kind(scalar)
    if isinstance(scalar, datetime):
        return scalar.isoformat()
    return scalar


def plain(node: Node) -> Any:
    """Values of a tree without their places."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def merged(parent: Node, child: Node) -> Node:
    """Lay a child over the parent it extends: mappings key by key, all else replaced.

    A mapping with another `kind` is another thing, and replaces its parent whole.
    """
    a, b = parent.value, child.value
    if not isinstance(a, dict) or not isinstance(b, dict):
        return child
    if "kind" in a and "kind" in b and a["kind"].value != b["kind"].value:
        return child
    both = {name: merged(a[name], b[name]) if name in a else b[name] for name in b}
    return Node(a | both, child.file, child.line, child.source)


def find(tree: Node, key: Key) -> tuple[Node, bool]:
    """Return the node at a key and True, or the nearest one around it and False."""
    node = tree
    for part in key:
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[str(part)]
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return node, False
    return node, True


def leaves(node: Node, key: str = "") -> list[tuple[str, Node]]:
    """Key, as a user writes it, and node of every scalar."""
    if isinstance(node.value, dict):
        parts = [(f"{key}.{name}" if key else name, child) for name, child in node.value.items()]
    elif isinstance(node.value, list):
        parts = [(f"{key}[{index}]", child) for index, child in enumerate(node.value)]
    else:
        return [(key, node)]
    return [leaf for name, child in parts for leaf in leaves(child, name)]
