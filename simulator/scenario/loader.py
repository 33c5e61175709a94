"""From the name or path of a scenario to a checked `Scenario`, with the place of every value."""

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from simulator.scenario.cross_checks import disagreements
from simulator.scenario.errors import (
    EXTENDS,
    Problem,
    RuleError,
    ScenarioError,
    nearest,
    shown,
)
from simulator.scenario.json_schema import json_schema as json_schema
from simulator.scenario.messages import Finding, findings
from simulator.scenario.schema import Scenario
from simulator.scenario.shipped import find_scenario, shipped_remedy
from simulator.scenario.yaml_reader import REFUSED, Node, Reader, read_text, walk

MOST_PROBLEMS = 200


class Location(NamedTuple):
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario and where it comes from.

    Attributes
    ----------
    scenario
        The scenario, checked.
    provenance
        Key path of each value to the comment at the end of its line, as "assumption"; without one
        of its own, that of the nearest enclosing key of the same file that has one; else empty. So
        what a file overrides loses the comment of what it extends.
    files
        The file, then the one it extends, and so on, as a user would write them.
    """

    scenario: Scenario
    provenance: dict[str, str]
    files: tuple[str, ...]
    _nodes: dict[str, Node] = field(repr=False)

    def location(self, key: str) -> Location:
        """Return where a key stands, or else the nearest key around it that is given."""
        node = _enclosing(self._nodes, key)
        return Location(node.file, node.line)

    def problem(self, key: str, rule: str, remedy: str = "") -> ScenarioError:
        """Return the error of a rule broken at a key, to be raised after loading."""
        return ScenarioError(_placed(self._nodes, key, rule, remedy))

    def located(self, error: RuleError) -> ScenarioError:
        """Return the error of a rule that was found broken only after loading, with its place."""
        return self.problem(error.key, error.rule, error.remedy)

    def key(self, written: str, origin: str) -> str:
        """Return the path of a single value's key, as it stands in `provenance`.

        Parameters
        ----------
        written
            The path; an item of a list may be called by its name, as arms[PE].plan.sessions.
        origin
            Where it was written, for the message.

        Raises
        ------
        ScenarioError
            If the scenario has no such key, or it holds more than one value.
        """
        path = _INDEX.sub(lambda found: self._index(written[: found.start()], found[1]), written)
        if path in self.provenance:
            return path
        if path in self._nodes and path:
            inside = next(key for key in self.provenance if key.startswith(path))
            problem = "holds several values", f"name one of them, as {inside}"
        else:
            last = path.rpartition(".")[2]
            same = [key for key in self.provenance if last and key.endswith(last)]
            near = nearest(path, same) or next(iter(same), "") or nearest(path, self.provenance)
            advice = f"did you mean {near}?" if near else "trialsim scenarios NAME lists them"
            problem = "is not a key of this scenario", advice
        raise ScenarioError(Problem(origin, 0, written[:100], "", *problem))

    def _index(self, parent: str, word: str) -> str:
        """Return the index of an item of a list, given by number or by name, in brackets."""
        node = self._nodes.get(_INDEX.sub(lambda f: self._index(parent[: f.start()], f[1]), parent))
        items = node.value if node is not None and isinstance(node.value, list) else []
        for number, item in enumerate(items):
            named = item.value if isinstance(item.value, dict) else {}
            if any(named[key].value == word for key in ("name", "label") if key in named):
                return f"[{number}]"
        return f"[{word}]"

    def changed(self, values: dict[str, Any], origin: str) -> "LoadedScenario":
        """Return the scenario with other values, checked anew as a whole.

        Parameters
        ----------
        values
            New value by key, as `key` gives it; a value loses the source of the old one.
        origin
            Where the values come from, as --vary: it stands in messages in place of the file.

        Raises
        ------
        ScenarioError
            If the scenario that this makes breaks a rule.
        """
        root = self._nodes[""]
        for key, value in values.items():
            steps = [int(i) if i else name for i, name in _STEP.findall(key)]
            root = _replaced(root, steps, _nodes_of(value, origin))
        return _checked(root, self.files, (*self.files, origin), [])

    def with_one_analysis(self, index: int) -> "LoadedScenario":
        """Return the scenario with one of its analyses alone, first, and with what that replays."""
        return self._with_parts([index], None)

    def with_one_family(self, index: int) -> "LoadedScenario":
        """Return the scenario with one family of its analyses that are judged together alone."""
        family = (self.scenario.multiplicity or [])[index]
        names = [analysis.name for analysis in self.scenario.analyses]
        return self._with_parts([names.index(name) for name in family.analyses], index)

    def _with_parts(self, chosen: list[int], family: int | None) -> "LoadedScenario":
        root, asked = self._nodes[""], self.scenario.analyses
        names = [analysis.name for analysis in asked]
        # A randomisation test stands on the analysis whose statistic it compares.
        below = [names.index(of) for i in chosen if (of := getattr(asked[i], "of", None)) in names]
        analyses, together = root.value["analyses"], root.value["multiplicity"]
        kept = [analyses.value[index] for index in dict.fromkeys([*chosen, *below])]
        judged = None if family is None else [together.value[family]]
        parts = {
            "analyses": replace(analyses, value=kept),
            "multiplicity": replace(together, value=judged),
        }
        return _checked(replace(root, value=root.value | parts), self.files, self.files, [])

    def values(self) -> list[tuple[str, Any, str]]:
        """Key, value and source of every value, in the order of the file."""
        return [
            (key, _values_of(self._nodes[key]), self.provenance[key]) for key in self.provenance
        ]


def load_scenario(name_or_path: str | Path) -> LoadedScenario:
    """Read and check a scenario and what it extends.

    Parameters
    ----------
    name_or_path
        Name of a shipped scenario or path of a file, with or without .yaml. A bare word that is
        both means the shipped one: `./name` means the file.

    Raises
    ------
    ScenarioError
        Something is wrong with the file or one that it extends; holds all problems found, those
        of single values before those between values.
    """
    chain, problems = _read_chain(name_or_path)
    root = chain[-1].root
    for child in reversed(chain[:-1]):
        root = _merged(child.root, root)
    files = tuple(file.name for file in chain)
    return _checked(root, files, files, problems)


def _checked(
    root: Node, files: tuple[str, ...], order: tuple[str, ...], problems: list[Problem]
) -> LoadedScenario:
    """Return the scenario of a tree of nodes; `order` has the names that a node's file may have."""
    nodes = dict(walk(root, ""))
    try:
        scenario = Scenario.model_validate(_values_of(root))
    except ValidationError as error:
        found = findings(error.errors(include_url=False), Scenario)
        problems += _problems(found, nodes, order)
    else:
        broken = disagreements(scenario)
        found = [Finding(rule.key, str(rule), rule.remedy, cross_check=True) for rule in broken]
        problems += _problems(found, nodes, order)
        if not problems:
            leaves = {key: node for key, node in nodes.items() if not _is_branch(node)}
            provenance = {key: node.comment for key, node in leaves.items()}
            return LoadedScenario(scenario, provenance, files, nodes)
    raise ScenarioError(*problems) from None


_INDEX = re.compile(r"\[([^\]]*)\]")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def _nodes_of(value: Any, origin: str) -> Node:
    """Return plain values as a tree of nodes."""
    if isinstance(value, dict):
        value = {key: _nodes_of(item, origin) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_nodes_of(item, origin) for item in value]
    return Node(value, origin, 0, None)


def _replaced(node: Node, steps: list[Any], leaf: Node) -> Node:
    """Return a tree with another leaf; the old one stays as it is."""
    if not steps:
        return leaf
    value = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    value[steps[0]] = _replaced(value[steps[0]], steps[1:], leaf)
    return replace(node, value=value)


# Problems and their places


def _enclosing(nodes: dict[str, Node], key: str) -> Node:
    """Node of a key path, or of the longest part of it that is given."""
    while key not in nodes:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return nodes[key]


def _placed(nodes: dict[str, Node], key: str, rule: str, remedy: str) -> Problem:
    node = _enclosing(nodes, key)
    value = shown(_values_of(node)) if key and key in nodes else ""
    return Problem(node.file, node.line, key, value, rule, remedy)


def _is_refused(nodes: dict[str, Node], key: str) -> bool:
    value = _enclosing(nodes, key).value
    items = value if key in nodes and isinstance(value, list) else []
    return value is REFUSED or any(item.value is REFUSED for item in items)


def _problems(
    broken: list[Finding], nodes: dict[str, Node], order: tuple[str, ...]
) -> list[Problem]:
    """Problems in the order of the files and lines, those of single values first."""
    found = []
    for finding in broken:
        if _is_refused(nodes, finding.key):
            continue  # what is wrong with it as YAML has been said
        problem = _placed(nodes, finding.key, finding.rule, finding.remedy)
        place = (finding.cross_check, order.index(problem.file), problem.line)
        found.append((place, problem))
    found.sort(key=lambda pair: pair[0])
    problems = [problem for _, problem in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        rule = f"{len(found) - MOST_PROBLEMS} more problems"
        problems.append(Problem(order[0], 0, "", "", rule, "correct the first ones"))
    return problems


# From nodes to plain values, and from two files to one


def _is_branch(node: Node) -> bool:
    return isinstance(node.value, dict | list) and len(node.value) > 0


def _values_of(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _values_of(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_values_of(child) for child in node.value]
    return node.value


# Mappings whose keys are names that the scenario chose: a child that names others means only those.
_KEYED_BY_NAME = ("mortality_targets", "per_session")


def _merged(child: Node, parent: Node) -> Node:
    """Mappings key by key; all else as the child has it.

    A mapping of another `kind` is another thing and replaces its parent's whole; the options of
    another `scheme` are its own.
    """
    if not isinstance(child.value, dict) or not isinstance(parent.value, dict):
        return child
    if _differ(child.value, parent.value, "kind"):
        return child
    value = dict(parent.value)
    if _differ(child.value, parent.value, "scheme"):
        value.pop("options", None)
    for key, node in child.value.items():
        inherits = key in value and key not in _KEYED_BY_NAME
        value[key] = _merged(node, value[key]) if inherits else node
    return Node(value, child.file, child.line, child.last_line, child.comment)


def _differ(child: dict[str, Node], parent: dict[str, Node], key: str) -> bool:
    return key in child and key in parent and child[key].value != parent[key].value


# Files and the chain of those that they extend


@dataclass(frozen=True)
class _File:
    path: Path
    name: str
    root: Node


def _read_chain(name_or_path: str | Path) -> tuple[list[_File], list[Problem]]:
    """Read a file and those that it extends, child first, with what is wrong with them as YAML."""
    path = find_scenario(name_or_path, Path())
    if path is None:
        rule = "no such file, and no shipped scenario of that name"
        raise ScenarioError(
            Problem(str(name_or_path), 0, "", "", rule, shipped_remedy(name_or_path))
        )
    chain: list[_File] = []
    problems: list[Problem] = []
    seen: list[str] = []
    while path is not None:
        name = _display_name(path)
        reader = Reader(read_text(path, name), name)
        try:
            root = reader.root()
        except ScenarioError as error:
            raise ScenarioError(*problems, *error.problems) from None
        problems += reader.problems
        extends = root.value.pop(EXTENDS, None)
        chain.append(_File(path, name, root))
        seen.append(os.path.realpath(path))
        path = None if extends is None else _extended(extends, chain, seen, problems)
    return chain, problems


def _extended(extends: Node, chain: list[_File], seen: list[str], problems: list[Problem]) -> Path:
    """Return the file that the last file of a chain extends."""
    target = extends.value
    place = extends.file, extends.line, EXTENDS, shown(_values_of(extends))
    if target is REFUSED:
        raise ScenarioError(*problems)
    if not isinstance(target, str) or not target:
        rule, remedy = "must be the name or path of a scenario", "as extends: nct05484908"
        raise ScenarioError(*problems, Problem(*place, rule, remedy))
    path = find_scenario(target, chain[-1].path.parent)
    if path is None:
        rule = "no such file beside this one, and no shipped scenario of that name"
        raise ScenarioError(*problems, Problem(*place, rule, shipped_remedy(target)))
    real = os.path.realpath(path)
    if real in seen:
        names = [file.path.stem for file in chain[seen.index(real) :]] + [path.stem]
        rule = f"circular: {' -> '.join(names)}"
        remedy = "let one of them extend nothing and give every key"
        raise ScenarioError(*problems, Problem(*place, rule, remedy))
    return path


def _display_name(path: Path) -> str:
    """Name of a file for messages: relative where it lies below the working directory."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
