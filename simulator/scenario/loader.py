"""From the name or path of a scenario to a checked `Scenario`, with the place of every value."""

import os
from dataclasses import dataclass
from pathlib import Path

from simulator.scenario.errors import EXTENDS, Problem, ScenarioError, shown
from simulator.scenario.json_schema import json_schema as json_schema
from simulator.scenario.loaded import LoadedScenario as LoadedScenario
from simulator.scenario.loaded import checked, values_of
from simulator.scenario.merging import Merger
from simulator.scenario.shipped import find_scenario, shipped_remedy
from simulator.scenario.trees import read_tree
from simulator.scenario.yaml_reader import REFUSED, Node, read_text


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
    return _merged(*_read_chain(name_or_path), str(name_or_path))


def load_text(text: str, path: Path) -> LoadedScenario:
    """Check the text of a scenario that is to stand in a file; as `load_scenario` else."""
    return _merged(*_read_files(path, text), str(path))


def _merged(chain: "list[_File]", problems: list[Problem], asked: str) -> LoadedScenario:
    merger = Merger()
    root = merger.over(None, chain[-1].root)
    for child in reversed(chain[:-1]):
        root = merger.over(root, child.root)
    files = tuple(file.name for file in chain)
    return checked(root, files, asked, files, [*problems, *merger.problems])


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
    return _read_files(path, None)


def _read_files(path: Path | None, text: str | None) -> tuple[list[_File], list[Problem]]:
    """Read a file, or take its text as given, and those that it extends."""
    chain: list[_File] = []
    problems: list[Problem] = []
    seen: list[str] = []
    while path is not None:
        name = _display_name(path)
        try:
            root, found = read_tree(read_text(path, name) if text is None else text, name)
        except ScenarioError as error:
            raise ScenarioError(*problems, *error.problems) from None
        text = None
        problems += found
        extends = root.value.pop(EXTENDS, None)
        chain.append(_File(path, name, root))
        seen.append(os.path.realpath(path))
        path = None if extends is None else _extended(extends, chain, seen, problems)
    return chain, problems


def _extended(extends: Node, chain: list[_File], seen: list[str], problems: list[Problem]) -> Path:
    """Return the file that the last file of a chain extends."""
    target = extends.value
    place = extends.file, extends.line, EXTENDS, shown(values_of(extends))
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
