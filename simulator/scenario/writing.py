"""A scenario file written as by hand: a value a line, and its unit and source behind it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.results.flow import yaml_value

_STEP = "  "


class Line(NamedTuple):
    """A value on one line, in flow style, and the comment that ends the line.

    The comment is the source of the value: a kind (registry, published, derived, assumption), then
    words (see `docs/decisions/0005-sources-beside-values.md`).
    """

    value: Any
    comment: str = ""


class Items(NamedTuple):
    """The items of a list, a line each, and the comment that is the source of all of them."""

    values: list[Any]
    comment: str = ""


OF_ALL = ""  # the key of the comment that is the source of a whole mapping
# By key: a line, items, or a mapping of the same; one without any is left out.
Block = Mapping[str, Any]


def written(block: Block, heading: str) -> str:
    """Return the text of a file: its heading as comments, then a paragraph for each part."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    for key, held in block.items():
        if isinstance(held, Line):
            lines += _lines(key, held, "")
        elif not _is_empty(held):
            lines += ["", *_lines(key, held, "")]
    return "\n".join([*lines, ""])


def _is_empty(held: Any) -> bool:
    return not held if isinstance(held, Mapping) else isinstance(held, Items) and not held.values


def _lines(key: str, held: Any, indent: str) -> Iterator[str]:
    name = f"{indent}{yaml_value(key)}:"
    if isinstance(held, Line):
        yield _ended(f"{name} {yaml_value(held.value)}", held.comment)
    elif isinstance(held, Items):
        yield _ended(name, held.comment)
        for value in held.values:
            yield f"{indent}{_STEP}- {yaml_value(value)}"
    else:
        yield _ended(name, held.get(OF_ALL, ""))
        for inner, value in held.items():
            if inner != OF_ALL and not _is_empty(value):
                yield from _lines(inner, value, indent + _STEP)


def _ended(line: str, comment: str) -> str:
    return f"{line}  # {comment}" if comment else line
