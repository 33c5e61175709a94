"""What is wrong with a scenario's ranges, which name keys of the very scenario.

A range is held to the values of its own file and those that it extends. Where a file that extends
it, or a command, has changed a value or removed its key, the range may no longer fit; it then says
nothing of this scenario, and is left out where ranges are used (`ranges_of`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from simulator.declarations.keys import Step, key_path, steps_of
from simulator.declarations.parts import Part
from simulator.scenario.errors import nearest
from simulator.scenario.messages import Finding, findings
from simulator.scenario.ranges import Number, Range
from simulator.scenario.schema import Scenario
from simulator.scenario.steps import resolved
from simulator.scenario.yaml_reader import Node, walk

_INSIDE = "widen the range, or correct the value"


class RangeOf(NamedTuple):
    """A range of a scenario, its keys as paths, and the scenario's own values.

    Attributes
    ----------
    why_not
        Why it says nothing of this scenario; empty where it does.
    """

    name: str
    keys: tuple[str, ...]
    own: tuple[Any, ...]
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    why_not: str = ""


def ranges_of(scenario: Scenario, root: Node) -> list[RangeOf]:
    """Return the ranges of a scenario, those that do not fit it with the reason.

    Parameters
    ----------
    root
        The scenario as a tree of nodes, with its defaults.
    """
    found = []
    for one in scenario.ranges or []:
        paths = [_steps(root, key) for key in one.keys]
        own = tuple(_value(root, path) for path in paths)
        reasons = (
            _why_not(path, value, *ends)
            for path, value, *ends in zip(paths, own, *one.ends, strict=True)
        )
        keys = tuple(map(key_path, paths))
        found.append(RangeOf(one.name, keys, own, *one.ends, next(filter(None, reasons), "")))
    return found


def range_findings(
    scenario: Scenario, nodes: Mapping[str, Node], files: Sequence[str]
) -> Iterator[Finding]:
    """Yield what is wrong with ranges: a key, its own value outside, a limit that it cannot have.

    Parameters
    ----------
    nodes
        By key path, defaults included.
    files
        The file, then the one that it extends, and so on.
    """
    names = [one.name for one in scenario.ranges or []]
    for index, one in enumerate(scenario.ranges or []):
        place = f"ranges[{index}]"
        if one.name in names[:index]:
            yield Finding(f"{place}.name", "this name is given twice", "rename one", True)
        wrong = list(_of_keys(one, place, nodes, files))
        yield from wrong or _of_limits(one, place, scenario, nodes, files)


def _of_keys(
    one: Range, place: str, nodes: Mapping[str, Node], files: Sequence[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the keys of a range, unless what was laid over its file is why."""
    for number, (key, low, high) in enumerate(zip(one.keys, *one.ends, strict=True)):
        steps = _steps(nodes[""], key)
        where = f"{place}.keys[{number}]"
        if _is_laid_over(_nearest_node(nodes, steps), nodes[where], files):
            continue
        value = _value(nodes[""], steps)
        why = _why_not(steps, value, low, high)
        if why and value is None:
            near = nearest(key_path(steps), [path for path, node in nodes.items() if _plain(node)])
            remedy = f"did you mean {near}?" if near else "trialsim scenarios NAME lists the keys"
            yield Finding(where, why, remedy, cross_check=True)
        elif why:
            yield Finding(where, why, _INSIDE, cross_check=True)


def _is_laid_over(value: Node, said: Node, files: Sequence[str]) -> bool:
    """Whether a value, or what holds it, comes from a file or a command above that of a range."""
    return value.file not in files or files.index(value.file) < files.index(said.file)


def _of_limits(
    one: Range, place: str, scenario: Scenario, nodes: Mapping[str, Node], files: Sequence[str]
) -> Iterator[Finding]:
    """Yield limits that a key, or the part that it belongs to, cannot have."""
    root = nodes[""]
    for end, values in zip(("low", "high"), one.ends, strict=True):
        held: dict[tuple[Step, ...], list[tuple[int, tuple[Step, ...]]]] = {}
        for number, key in enumerate(one.keys):
            steps = _steps(root, key)
            if not isinstance(_value(root, steps), int | float):
                return
            depth = _depth_of_part(scenario, steps)
            held.setdefault(steps[:depth], []).append((number, steps[depth:]))
        for part_steps, moved in held.items():
            said, beneath = nodes[f"{place}.{end}"], dict(walk(_at_node(root, part_steps), ""))
            if any(_is_laid_over(node, said, files) for node in beneath.values()):
                continue
            part = _at(scenario, part_steps)
            plain = part.model_dump()
            for number, below in moved:
                _put(plain, below, values[number])
            try:
                type(part).model_validate(plain)
            except ValidationError as error:
                found = findings(error.errors(include_url=False), type(part))[0]
                keys = ", ".join(f"{one.keys[n]} = {values[n]:g}" for n, _ in moved)
                rule = f"cannot be: with {keys}, {found.key or one.keys[moved[0][0]]} {found.rule}"
                yield Finding(f"{place}.{end}", rule, found.remedy, cross_check=True)


def _why_not(steps: Sequence[Step], value: Any, low: Number, high: Number) -> str:
    """Say why limits do not fit a value; nothing if they do."""
    key = key_path(steps)
    if value is None:
        return f"{key} is not a key of this scenario, or has no value"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{key} does not hold a number"
    least, most = min(low, high), max(low, high)
    if not least <= value <= most:
        return f"the scenario's own {key} = {value:g} is outside {least:g} to {most:g}"
    return ""


def _steps(root: Node, key: str) -> tuple[Step, ...]:
    return tuple(resolved(root, steps_of(key) or (key,)))


def _value(root: Node, steps: Sequence[Step]) -> Any:
    """Value at the end of steps; None where there is none."""
    node = root
    for step in steps:
        held = node.value
        inside = isinstance(held, dict) and step in held
        if isinstance(held, list) and isinstance(step, int) and step < len(held):
            inside = True
        if not inside:
            return None
        node = held[step]
    return node.value


def _nearest_node(nodes: Mapping[str, Node], steps: tuple[Step, ...]) -> Node:
    """Node at the end of steps, or the last one on the way there."""
    while key_path(steps) not in nodes:
        steps = steps[:-1]
    return nodes[key_path(steps)]


def _at_node(root: Node, steps: Sequence[Step]) -> Node:
    node = root
    for step in steps:
        node = node.value[step]
    return node


def _plain(node: Node) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _depth_of_part(scenario: Scenario, steps: Sequence[Step]) -> int:
    """How many of the steps lead to the innermost part of the schema that holds the key."""
    depth, here = 0, scenario
    for number, step in enumerate(steps[:-1], start=1):
        here = _at(here, (step,))
        if isinstance(here, Part):
            depth = number
    return depth


def _at(part: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        part = getattr(part, str(step)) if isinstance(part, Part) else part[step]
    return part


def _put(plain: Any, steps: Sequence[Step], value: Number) -> None:
    *parents, last = steps
    for step in parents:
        plain = plain[step]
    plain[last] = value
