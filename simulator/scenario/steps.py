"""Steps down the tree of a scenario: to what is written there, or to where it would stand.

Two trees have the same steps: what the files write, and that with the defaults filled in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulator.declarations.keys import Step
from simulator.scenario.merging import KINDS, NAMED_LISTS
from simulator.scenario.yaml_reader import Node

WHOLES = list, tuple, Mapping, type(None)  # what a key of several values can have


def list_of_names(steps: Sequence[Step]) -> str | None:
    """Key of an item's name, where steps lead to an item of a list whose items have names."""
    return NAMED_LISTS.get(tuple(map(str, steps[:-1]))) if steps else None


def written_at(node: Node, whole: Node, steps: Sequence[Step]) -> Node:
    """Return what is written at the end of steps; of a default, what says what it is."""
    for step in steps:
        whole = whole.value[step]
        node = node.value[step] if _has(node, step) else _what_it_is(whole)
    return node


def resolved(node: Node, steps: Iterable[Step]) -> list[Step]:
    """Return steps with the place of an item instead of its name; those that lead nowhere stay."""
    found: list[Step] = []
    here: Node | None = node
    for written in steps:
        step = _place(here, written) if here is not None and isinstance(written, str) else written
        held = None if here is None else here.value
        if isinstance(held, dict) and isinstance(step, str):
            here = held.get(step)
        elif isinstance(held, list) and isinstance(step, int) and step < len(held):
            here = held[step]
        else:
            here = None
        found.append(step)
    return found


def _place(node: Node, word: str) -> Step:
    """Place of the item of a list that has a name; the word where there is none."""
    for number, item in enumerate(node.value if isinstance(node.value, list) else ()):
        named = item.value if isinstance(item.value, dict) else {}
        # A factor is called by its variable; a criterion, which has one too, by its label.
        keys = [key for key in ("name", "label") if key in named] or ["variable"]
        if any(key in named and named[key].value == word for key in keys):
            return number
    return word


def replaced(node: Node, whole: Node, steps: tuple[Step, ...], leaf: Node) -> Node:
    """Return a tree with another leaf; the old one stays as it is.

    `whole` is the same tree with the defaults, which lead on where nothing is written; of a part
    that is a default the rest stays unwritten, since it may follow from other keys.
    """
    if not steps:
        return leaf
    step, *rest = steps
    below = whole.value[step]
    there = node.value[step] if _has(node, step) else _what_it_is(below)
    value: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    value[step] = replaced(there, below, tuple(rest), leaf)
    return replace(node, value=value)


def _what_it_is(node: Node) -> Node:
    """Return a default without what its schema would fill in again."""
    if not isinstance(node.value, dict):
        return node
    return replace(node, value={k: v for k, v in node.value.items() if k in KINDS})


def _has(node: Node, step: Step) -> bool:
    if isinstance(node.value, dict):
        return step in node.value
    return isinstance(step, int) and step < len(node.value)
