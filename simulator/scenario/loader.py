"""From the name or path of a scenario to a checked `Scenario`, with the source of every value."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.scenario.document import Node, leaves, merged, plain, read, shown
from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.scenario.messages import parts, problem_at, problems_of
from simulator.scenario.schema import Scenario
from simulator.scenario.shipped import shipped_names, shipped_path


@dataclass(frozen=True)
class LoadedScenario:
    """A checked scenario and where its values stand.

    Attributes
    ----------
    scenario
        What is asked.
    provenance
        Source of each value by its key: the comment beside it, or beside the nearest key around
        it; "" where the value was changed without one.
    files
        The file and those that it extends, nearest first.
    """

    scenario: Scenario
    provenance: dict[str, str]
    files: tuple[str, ...]
    tree: Node

    def values(self) -> list[tuple[str, object, str]]:
        """Key, value and source of every value, in the order of the file."""
        return [(key, node.value, node.source) for key, node in leaves(self.tree)]

    def located(self, error: RuleError) -> ScenarioError:
        """Give a rule that was found broken later its place in the file."""
        problem = problem_at(self.tree, parts(error.key), error.rule, error.remedy)
        return ScenarioError(problem)


def load_scenario(name_or_path: str | Path) -> LoadedScenario:
    """Read and check a scenario, and all that it extends.

    Parameters
    ----------
    name_or_path
        Name of a shipped scenario, or path of a file.

    Raises
    ------
    ScenarioError
        If a file is not there or not readable, `extends` goes round in a circle, or a value breaks
        a rule; all broken rules are reported together.
    """
    chain = [_resolve(str(name_or_path), Path.cwd(), None)]
    trees = [read(chain[0])]
    while isinstance(trees[-1].value, dict) and "extends" in trees[-1].value:
        node = trees[-1].value.pop("extends")
        if not isinstance(node.value, str):
            problem = Problem(
                node.file, node.line, "extends", str(node.value), _EXTENDS, "correct it"
            )
            raise ScenarioError(problem)
        path = _resolve(node.value, chain[-1].parent, node)
        if path in chain:
            circle = " -> ".join(shown(p) for p in [*chain[chain.index(path) :], path])
            rule = f"goes round in a circle: {circle}"
            remedy = "let one of them stand alone"
            raise ScenarioError(Problem(node.file, node.line, "extends", node.value, rule, remedy))
        chain.append(path)
        trees.append(read(path))
    tree = trees.pop()
    while trees:
        tree = merged(tree, trees.pop())
    try:
        scenario = Scenario.model_validate(plain(tree))
    except ValidationError as error:
        raise ScenarioError(*problems_of(error, tree)) from None
    return LoadedScenario(
        scenario=scenario,
        provenance={key: node.source for key, node in leaves(tree)},
        files=tuple(shown(path) for path in chain),
        tree=tree,
    )


_EXTENDS = "must be the name of a shipped scenario or the path of a file"


def _resolve(name: str, folder: Path, node: Node | None) -> Path:
    """Find the file that is meant: a path, with or without .yaml, or a shipped name."""
    for path in (folder / name, folder / f"{name}.yaml", shipped_path(name)):
        if name and path.is_file():
            return path.resolve()
    if name and (folder / name).is_dir():
        raise ScenarioError(
            Problem(name, 0, "", "", "is a folder, not a file", "name a file in it")
        )
    near = difflib.get_close_matches(name, shipped_names(), 1)
    remedy = f"did you mean {near[0]}?" if near else f"shipped are {', '.join(shipped_names())}"
    if node is None:
        rule = "there is no such file, and no shipped scenario of that name"
        raise ScenarioError(Problem(name or "''", 0, "", "", rule, remedy))
    rule = "there is no such file beside this one, and no shipped scenario of that name"
    raise ScenarioError(Problem(node.file, node.line, "extends", name, rule, remedy))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for completion in editors.

    No key is required in it, at any level, since `extends` may supply what a file leaves out.
    """
    schema: dict[str, Any] = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("required", None)
    schema["properties"] = {
        "extends": {
            "type": "string",
            "description": "shipped name or path of the scenario that supplies what is not given",
        },
        **schema["properties"],
    }
    return schema
