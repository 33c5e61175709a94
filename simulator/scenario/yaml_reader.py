"""The text of a file as a tree whose every node knows its line and the comment that covers it.

The tree is made from the parser's events rather than by the library, since a key's line, the
comment beside it, a key given twice and an alias are all lost once a document is built.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from simulator.declarations.keys import below, key_path
from simulator.inputs import note
from simulator.scenario.errors import Problem, ScenarioError

MOST_BYTES = 1_000_000
MOST_LEVELS = 20  # the schema has eight
LEAST_NUMBER, GREATEST_NUMBER = 1e-12, 1e12  # beyond these a number is a slip, whatever its unit
YEARS = range(1900, 2201)

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as the parser counts lines
_COMMENT = re.compile(r"[^#]*?\s#(.*)")
REFUSED = object()  # stands for a value that is wrong as YAML; fits no type of the schema
_REMEDY_ALIAS = "write the value out, or put what is shared into a scenario to extend"


@dataclass(slots=True)
class Node:
    """A value of a file: where its key stands, where it ends, and the comment that covers it.

    What the schema filled in stands where the mapping that lacks it does.
    """

    value: Any  # dict of nodes, list of nodes, a scalar, or REFUSED
    file: str
    line: int
    last_line: int | None  # None: it is laid out in lines of its own, so no comment ends it
    comment: str = ""
    is_default: bool = False


def walk(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Key path and node of a tree's nodes, each before those it holds, as the file has them."""
    found: list[tuple[str, Node]] = []
    _gather(node, path, found)
    return iter(found)


def _gather(node: Node, path: str, found: list[tuple[str, Node]]) -> None:
    found.append((path, node))
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            _gather(child, below(path, key), found)
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            _gather(child, below(path, index), found)


def read_text(path: Path, name: str) -> str:
    """Return a file's text; raise ScenarioError, under the file's name, where it has none."""

    def refused(rule: str, remedy: str, line: int = 0) -> ScenarioError:
        return ScenarioError(Problem(name, line, "", "", rule, remedy))

    try:
        if path.is_dir():
            raise refused("is a folder", "name a file in it")
        if not path.is_file():
            raise refused("is not a regular file", "give a YAML file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        note(path, content)
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}", "check its permissions") from None
    if len(content) > MOST_BYTES:
        raise refused("is larger than 1 MB", "a scenario takes a few kB: is it the right file?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_LINE_BREAK.findall(content[: error.start].decode("utf-8-sig"))) + 1
        raise refused("is not UTF-8 text", "save it as UTF-8", line) from None
    if "\0" in text:
        line = len(_LINE_BREAK.findall(text[: text.index("\0")])) + 1
        raise refused("is a binary file, not text", "give a YAML file", line)
    return text


class Reader:
    """Builds the nodes of one file from the parser's events, noting what no scenario may hold."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._text, self._file, self._line = text, file, 1
        yaml = YAML(typ="safe", pure=True)
        self._parsed, self._resolver = yaml.parse(text), yaml.resolver
        self._ends: dict[int, int] = {}  # last column that is not comment, by line

    def root(self) -> Node:
        """Return the file's one mapping; raise ScenarioError where there is none to go on with."""
        root: Node | None = None
        while (event := self._next()) is not None:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    line = event.start_mark.line + 1
                    rule = "a second document begins here"
                    raise self._fatal(rule, "keep one scenario a file", line)
                if event.version or event.tags:
                    self._note((), 1, "a YAML directive", "remove the line that begins with %")
            elif isinstance(event, NodeEvent):
                root = self._node(event, event.start_mark.line + 1, ())
        if root is None or root.value is None:
            raise self._fatal("the file is empty", "begin with extends: and a shipped scenario", 1)
        if not isinstance(root.value, dict):
            rule = "a scenario must be a mapping of keys to values"
            raise self._fatal(rule, "begin with a key, as name: my-trial", root.line)
        _cover(root, self._comments())
        return root

    def _next(self) -> Any:
        """Return the parser's next event, None after the last."""
        try:
            event = next(self._parsed, None)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else self._line
            said = error.problem or error.context or "syntax error"
            if r"'\t'" in said:
                raise self._fatal(f"not valid YAML: {said}", "indent with spaces", line) from None
            raise self._fatal(f"not valid YAML: {said}", _started(error), line) from None
        except RecursionError:  # the parser calls itself for a key within a key
            raise self._too_deep(self._line) from None
        except (YAMLError, ValueError, OverflowError):
            # Characters that no text may have: written as they are, or as escapes past Unicode.
            rule, remedy = "not valid YAML: a character that is not allowed", "remove it"
            raise self._fatal(rule, remedy, self._line_of_control()) from None
        if event is not None:
            self._line = event.end_mark.line + 1
            self._mark(event)
        return event

    def _line_of_control(self) -> int:
        for number, line in enumerate(_LINE_BREAK.split(self._text), start=1):
            if re.search("[^\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", line):
                return number
        return self._line

    def _mark(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        style = getattr(event, "style", None)
        if start.line != end.line and style in ("'", '"'):
            self._ends[start.line + 1] = len(self._text)  # what looks like a comment is quoted
        self._ends[end.line + 1] = max(end.column, self._ends.get(end.line + 1, 0))

    def _comments(self) -> dict[int, str]:
        lines = _LINE_BREAK.split(self._text)
        rests = {n: lines[n - 1][end:] for n, end in self._ends.items() if end}
        found = {number: _COMMENT.match(rest) for number, rest in rests.items()}
        return {number: match[1].strip() for number, match in found.items() if match}

    def _fatal(self, rule: str, remedy: str, line: int) -> ScenarioError:
        return ScenarioError(*self.problems, Problem(self._file, line, "", "", rule, remedy))

    def _too_deep(self, line: int) -> ScenarioError:
        rule = f"nested deeper than {MOST_LEVELS} levels"
        return self._fatal(rule, "check the brackets and the question marks", line)

    def _note(
        self, path: tuple[str | int, ...], line: int, rule: str, remedy: str, value: str = ""
    ) -> None:
        self.problems.append(Problem(self._file, line, key_path(path), value, rule, remedy))

    def _node(self, event: Any, line: int, path: tuple[str | int, ...]) -> Node:
        if len(path) > MOST_LEVELS:
            raise self._too_deep(line)
        if isinstance(event, AliasEvent):
            self._note(path, line, f"the alias *{event.anchor} is not allowed", _REMEDY_ALIAS)
            return Node(REFUSED, self._file, line, event.end_mark.line + 1)
        if event.anchor is not None:
            self._note(path, line, f"the anchor &{event.anchor} is not allowed", _REMEDY_ALIAS)
        if isinstance(event, MappingStartEvent):
            node = self._mapping(event, line, path)
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(event, line, path)
        else:
            node = self._scalar(event, line, path)
        if event.tag is not None:
            self._note(path, line, f"the tag {event.tag} is not allowed", "leave it out")
            node.value = REFUSED
        return node

    def _sequence(self, start: Any, line: int, path: tuple[str | int, ...]) -> Node:
        items: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, event.start_mark.line + 1, (*path, len(items))))
        return Node(items, self._file, line, event.end_mark.line + 1 if start.flow_style else None)

    def _mapping(self, start: Any, line: int, path: tuple[str | int, ...]) -> Node:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key_line = event.start_mark.line + 1
            key = self._key(event, key_line, path)
            value = self._node(self._next(), key_line, path if key is None else (*path, key))
            if key is None:
                continue
            if key in entries:
                rule = f"given twice, first on line {entries[key].line}"
                self._note((*path, key), key_line, rule, "keep one of the two")
            entries.setdefault(key, value)
        last_line = event.end_mark.line + 1 if start.flow_style else None
        return Node(entries, self._file, line, last_line)

    def _key(self, event: Any, line: int, path: tuple[str | int, ...]) -> str | None:
        """Return a mapping's key, None for one that no scenario can have."""
        if isinstance(event, ScalarEvent) and event.tag is None and event.anchor is None:
            tag = str(self._resolver.resolve(ScalarNode, event.value, event.implicit))
            if tag.endswith(":merge"):
                self._note(path, line, "the merge key << is not allowed", _REMEDY_ALIAS)
                return None
            if tag.endswith(":str") and _is_text(event.value):
                return str(event.value)
            self._note(path, line, f"the key {event.value[:60]} is not text", "put it in quotes")
            return None
        self._node(event, line, path)
        if not isinstance(event, AliasEvent) and not isinstance(event, ScalarEvent):
            self._note(path, line, "a key is a list or a mapping", "keys must be words")
        return None

    def _scalar(self, event: Any, line: int, path: tuple[str | int, ...]) -> Node:
        text = event.value
        tag = str(self._resolver.resolve(ScalarNode, text, event.implicit)).rpartition(":")[2]
        value: object = text
        rule = remedy = ""
        if tag == "null":
            value = None
        elif tag == "bool":
            value = text.lower() == "true"
        elif tag in ("int", "float"):
            value, rule, remedy = _number(text, tag)
        elif tag == "timestamp":
            value, rule, remedy = _day(text)
        elif not _is_text(text):
            rule, remedy = "has characters that are not text", "remove half of a surrogate pair"
        if rule:
            self._note(path, line, rule, remedy, text if len(text) <= 60 else f"{text[:57]}...")
            value = REFUSED
        # A block of text ends below its last line; a comment can only stand beside its key.
        last_line = None if event.style in ("|", ">") else event.end_mark.line + 1
        return Node(value, self._file, line, last_line if text else line)


def _started(error: MarkedYAMLError) -> str:
    """Where the construct that went wrong began: often there is what has to be corrected."""
    mark = error.context_mark
    if error.context is None or mark is None:
        return "check the indentation and the colons"
    return f"{error.context}, begun on line {mark.line + 1}"


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _number(text: str, tag: str) -> tuple[object, str, str]:
    """Return the number that a text means, or why it is none."""
    digits = text.replace("_", "")
    number: float
    try:
        if tag == "float":
            number = float(digits)
        else:
            number = int(digits, 0 if digits.lstrip("+-")[1:2].isalpha() else 10)
    except ValueError:  # .inf and .nan; or an integer too long to be read
        number = math.inf
    if tag == "float" and not math.isfinite(number):
        return None, "must be a finite number", "give a number, or null where null is allowed"
    if not (number == 0 or LEAST_NUMBER <= abs(number) <= GREATEST_NUMBER):
        size = "large" if abs(number) > 1 else "small"
        return None, f"is too {size} for anything in a scenario", "check the exponent and the unit"
    return number, "", ""


def _day(text: str) -> tuple[object, str, str]:
    """Return the date that a text means, or why it is none."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None, "must be a date without a time", f"write {text[:10]}"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "is not a date", "write year-month-day, as 2022-08-12"
    if day.year not in YEARS:
        rule = f"must be a date in the years {YEARS.start} to {YEARS.stop - 1}"
        return None, rule, "correct the year"
    return day, "", ""


def _cover(root: Node, comments: dict[int, str]) -> None:
    """Give each node the comment that covers it: its own, or that of the nearest that encloses it.

    A comment belongs to what ends on its line; where nothing does, to the key that opens there.
    """
    nodes = [node for _, node in walk(root, "")]
    ended = {node.last_line for node in nodes}
    # The innermost key that opens on a line comes last, as a list's item before the item's key.
    opened = {node.line: node for node in nodes if node.last_line != node.line}

    def cover(node: Node, enclosing: str) -> None:
        own = comments.get(node.last_line, "") if node.last_line else ""
        if not own and node.line not in ended and opened.get(node.line) is node:
            own = comments.get(node.line, "")
        node.comment = own or enclosing
        children = node.value.values() if isinstance(node.value, dict) else node.value
        for child in children if isinstance(node.value, dict | list) else ():
            cover(child, node.comment)

    cover(root, "")
