"""The file of what a trial team knows at a cut of the data, read with the line of every key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.planning.interim.keys import Observed
from simulator.scenario.defaults import nodes_of
from simulator.scenario.errors import Problem, ScenarioError, shown
from simulator.scenario.loaded import enclosing, values_of
from simulator.scenario.messages import Finding, findings
from simulator.scenario.trees import read_tree
from simulator.scenario.yaml_reader import REFUSED, Node, read_text, walk

EXAMPLE = Path(__file__).with_name("observed_example.yaml")


class ObservedFile:
    """A file as it was read, with the place of every key."""

    def __init__(self, observed: Observed, root: Node) -> None:
        self.observed, self._nodes = observed, dict(walk(root, ""))

    def problem(self, key: str, rule: str, remedy: str) -> ScenarioError:
        """Return the error of a rule that a key breaks, to be raised."""
        return ScenarioError(_placed(self._nodes, key, rule, remedy))


def read_observed(source: Path | Mapping[str, Any]) -> ObservedFile:
    """Read and check what is known at a cut: a file, or a mapping as it would hold.

    Raises
    ------
    ScenarioError
        If it cannot be used; says file, line, key, value, rule and remedy.
    """
    problems: list[Problem] = []
    if isinstance(source, Path):
        name = source.as_posix()
        if not source.exists():
            remedy = "trialsim monitor --example prints one"
            raise ScenarioError(Problem(name, 0, "", "", "no such file", remedy))
        try:
            root, problems = read_tree(read_text(source, name), name)
        except ScenarioError as error:
            raise ScenarioError(*map(_of_no_scenario, error.problems)) from None
    else:
        root = nodes_of(dict(source), "observed")
    nodes = dict(walk(root, ""))
    _refuse_a_scenario(nodes)
    try:
        observed = Observed.model_validate(values_of(root))
    except ValidationError as error:
        found = findings(error.errors(include_url=False), Observed)
        problems += [_told(nodes, one) for one in found if not _is_refused(nodes, one.key)]
        raise ScenarioError(*problems) from None
    if problems:
        raise ScenarioError(*problems)
    return ObservedFile(observed, root)


def _refuse_a_scenario(nodes: dict[str, Node]) -> None:
    """Say so where the file is a scenario, rather than that its keys are unknown."""
    for key in ("extends", "trial", "hazard", "accrual"):
        if key in nodes:
            rule = "is a key of a scenario, and this is to be the file of what was observed"
            raise ScenarioError(
                _placed(nodes, key, rule, "trialsim monitor --example prints such a file")
            )


def _of_no_scenario(problem: Problem) -> Problem:
    """What is said of a scenario's text, of this file."""
    remedy = problem.remedy
    if remedy.startswith("begin with"):
        remedy = "trialsim monitor --example prints such a file"
    texts = (text.replace("a scenario", "such a file") for text in (problem.rule, remedy))
    return Problem(*problem[:4], *texts)


def _told(nodes: dict[str, Node], found: Finding) -> Problem:
    # What the messages of scenarios say of files that extend others is not so of this one.
    rule = found.rule.replace(", here or in a scenario that this one extends", "")
    return _placed(nodes, found.key, rule, found.remedy)


def _placed(nodes: dict[str, Node], key: str, rule: str, remedy: str) -> Problem:
    node = enclosing(nodes, key)
    value = shown(values_of(node)) if key and key in nodes else ""
    return Problem(node.file, node.line, key, value, rule, remedy)


def _is_refused(nodes: dict[str, Node], key: str) -> bool:
    return enclosing(nodes, key).value is REFUSED
