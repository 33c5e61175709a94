"""Scenario files gone wrong: parts of the shipped ones, mutated, with the line that was changed.

A part is written over the scenario that it comes from, so that a file stays small. Values are
mutated before they are written, so that the line of each is known; text is mutated after.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import strategies as st

from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

Path = tuple[str | int, ...]
MOST_LEAVES = 60


@dataclass(frozen=True)
class Mutation:
    """A file gone wrong: its text, what was done, and the line of a single changed value."""

    text: str
    done: str
    line: int | None = None
    changed: Path = ()


class Raw(str):
    """Text of a value as it stands in the file, not to be quoted."""

    __slots__ = ()


SCALARS: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 15, 10**30, -(10**18), 0.0, 0.5, 1.5, -0.5, 1e-12, 1e-9, 1e12, 99999.5),
    *map(Raw, (".nan", ".inf", "-.inf", "1e400", "-1e400", "1e-400", "0x1F", "1_000", "12 L")),
    *map(Raw, ("null", "~", "true", "yes", "2022-02-30", "2022-08-12T10:00:00", "0001-01-01")),
    *("", " ", "x", "solved", "none", "null", "1.5", "=1+2", "a.b", "a[0]", "a<b>", "a@b", "a: b"),
    *("x" * 81, "x" * 5_000, "\u202ex", "\x1b[31m", "é", "漢字", "👩\u200d🔬", "[", "}", "#", "%"),
    True,
    None,
    date(2022, 8, 12),
    date(1850, 1, 1),
)
CONTAINERS: tuple[Any, ...] = ([], {}, [1], [None], [[1.0]], {"x": 1}, {"kind": "x"}, [1] * 300)
KEYS = ("x", "", " ", "kind", "name", "extends", "0", "a.b", "a[0]", "<<", "é", "x" * 300, "\u202e")
TEXTS = (
    *("\t", "[", "]", "{", "}", ":", "- ", "? ", "# ", "'", '"', "&a ", "*a ", "!!str ", "|", ">"),
    *(
        "\n---\n",
        "\n...\n",
        "%YAML 1.1\n",
        "\x00",
        "\x07",
        "\ufeff",
        "\u2028",
        "\r",
        "\\",
        "@",
        "`",
    ),
    *("<<: *a", "? " * 400, "[" * 400, "- " * 400, "&a [*a]", "!!python/object:os.system x"),
)


def plain(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)}: {plain(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(plain, value))}]"
    return json.dumps(value, ensure_ascii=True)


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def written(value: Any, indent: int = 0, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Lines of a value in block style, each with the path of what begins on it."""
    space = "  " * indent
    if isinstance(value, dict) and value and indent < 6:
        for key, item in value.items():
            here = (*path, key)
            if isinstance(item, dict | list) and item and indent < 5:
                yield f"{space}{_key(key)}:", here
                yield from written(item, indent + 1, here)
            else:
                yield f"{space}{_key(key)}: {plain(item)}", here
    elif isinstance(value, list) and value and indent < 6:
        for number, item in enumerate(value):
            yield f"{space}- {plain(item)}", (*path, number)
    else:
        yield f"{space}{plain(value)}", path


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of the single values."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    else:
        yield path


def parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of all that a file may write over its parent by itself: no item of a list."""
    if path and 0 < sum(1 for _ in leaves(value)) <= MOST_LEAVES:
        yield path
    # A mapping by name means those that it names, and no others.
    if isinstance(value, dict) and path[-1:] not in (("per_session",), ("mortality_targets",)):
        for key, item in value.items():
            yield from parts(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    """Value at a path."""
    for step in path:
        value = value[step]
    return value


def _shipped() -> dict[str, dict[str, Any]]:
    whole = {}
    for name in shipped_names():
        whole[name] = load_scenario(name).scenario.model_dump()
    return whole


SHIPPED = _shipped()
PARTS = [(name, path) for name, whole in SHIPPED.items() for path in parts(whole)]


def _over(name: str, path: Path, value: Any) -> dict[str, Any]:
    """Return what a file holds that writes a part over a shipped scenario."""
    whole: Any = copy.deepcopy(value)
    for step in reversed(path):
        whole = {step: whole}
    head: dict[str, Any] = {"extends": name}
    return head | whole


def _file(tree: dict[str, Any], done: str, changed: Path | None = None) -> Mutation:
    lines = list(written(tree))
    text = "\n".join(line for line, _ in lines) + "\n"
    found = [
        number
        for number, (_, here) in enumerate(lines, start=1)
        if changed is not None and here == changed[: len(here)]
    ]
    return Mutation(text, done, found[-1] if found else None, changed or ())


def _replaced(draw: Callable[..., Any], tree: dict[str, Any], path: Path, values: Any) -> Mutation:
    inside = list(leaves(at(tree, path), path))
    chosen = draw(st.sampled_from(inside))
    new = draw(st.sampled_from(values))
    at(tree, chosen[:-1])[chosen[-1]] = new
    single = chosen if not isinstance(new, list | dict) else None
    return _file(tree, f"{chosen} = {new!r}"[:200], single)


def _rearranged(draw: Callable[..., Any], tree: dict[str, Any], path: Path) -> Mutation:
    """Delete, rename, add, nest, or repeat."""
    chosen = draw(st.sampled_from(list(leaves(at(tree, path), path))))
    steps = draw(st.integers(min(len(path), len(chosen)), len(chosen)))
    chosen = chosen[:steps]
    parent, last = at(tree, chosen[:-1]), chosen[-1]
    how = draw(st.sampled_from(("delete", "rename", "add", "list", "mapping", "repeat", "grow")))
    if how == "delete":
        del parent[last]
    elif how == "list":
        parent[last] = [parent[last]]
    elif how == "mapping":
        parent[last] = {draw(st.sampled_from(KEYS)): parent[last]}
    elif isinstance(parent, list):
        times = 150 if how == "grow" else 1
        parent.extend(copy.deepcopy(parent[last]) for _ in range(times))
    elif how in ("rename", "repeat", "grow"):
        new = draw(st.sampled_from((*KEYS, f"{last}s", str(last)[:-1], str(last).upper())))
        parent[new] = parent.pop(last) if how == "rename" else parent[last]
    else:
        parent[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(SCALARS))
    return _file(tree, f"{how} {chosen}")


def _spoilt(draw: Callable[..., Any], text: str) -> Mutation:
    """Put characters into a text, take some out, or write a line twice."""
    how = draw(st.sampled_from(("insert", "cut", "twice", "truncate", "windows")))
    place = draw(st.integers(0, len(text) - 1))
    if how == "insert":
        text = text[:place] + draw(st.sampled_from(TEXTS)) + text[place:]
    elif how == "cut":
        text = text[:place] + text[place + draw(st.integers(1, 5)) :]
    elif how == "twice":
        lines = text.splitlines()
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(lines)))
        text = "\n".join(lines)
    elif how == "truncate":
        text = text[:place]
    else:
        text = text.replace("\n", "\r\n")
    return Mutation(text, how)


@st.composite
def mutated_scenarios(draw: Callable[..., Any]) -> Mutation:
    """A part of a shipped scenario over that scenario, changed in one place."""
    name, path = draw(st.sampled_from(PARTS))
    tree = _over(name, path, at(SHIPPED[name], path))
    kind = draw(st.sampled_from(("value", "value", "value", "container", "order", "text", "both")))
    if kind == "value":
        return _replaced(draw, tree, path, SCALARS)
    if kind == "container":
        return _replaced(draw, tree, path, CONTAINERS)
    if kind == "order":
        return _rearranged(draw, tree, path)
    if kind == "both":
        return _spoilt(draw, _replaced(draw, tree, path, SCALARS).text)
    return _spoilt(draw, _file(tree, "").text)
