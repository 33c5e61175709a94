"""Thousands of scenario files gone wrong: each loads, or is refused in messages that help.

Examples follow from hypothesis's own fixed seeds, so that each run meets the same ones.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from mutations import Mutation, mutated_scenarios

from simulator.declarations.keys import key_path
from simulator.errors import UNSHOWN
from simulator.scenario import trees
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_folder
from simulator.scenario.yaml_reader import Node, Reader

QUICK, THOROUGH, A_SEED = 500, 22_000, 1_000


class ReadOnce(Reader):
    """Reads each shipped file once: all that changes is the file that extends it."""

    known: dict[str, Node] = {}  # noqa: RUF012 (shared on purpose)

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.key = text if Path(file).resolve().parent == shipped_folder() else None

    def root(self) -> Node:
        if self.key is None:
            return super().root()
        if self.key not in self.known:
            self.known[self.key] = super().root()
        node = self.known[self.key]
        return Node(dict(node.value), node.file, node.line, node.last_line, node.comment)


def problems_of(mutation: Mutation, path: Path) -> tuple[Problem, ...]:
    """Return the problems of a file; any other exception is the test's to see."""
    path.write_bytes(mutation.text.encode("utf-8", "surrogatepass"))
    try:
        load_scenario(path)
    except ScenarioError as error:
        refused = error
    else:
        return ()
    assert refused.problems
    assert len(str(refused)) < 100_000
    return refused.problems


def assert_helpful(problem: Problem, mutation: Mutation, path: Path) -> None:
    said = f"{mutation.done}\n{mutation.text[:2000]}\n{problem}"
    assert problem.file, said
    assert problem.rule, said
    assert problem.remedy, said
    if Path(problem.file).name == path.name:
        # As many as an editor counts, and one more where a file ends in the middle of something.
        lines = len(mutation.text.splitlines()) + 1
        assert 1 <= problem.line <= lines or "more problems" in problem.rule, said
    assert not UNSHOWN.search(str(problem)), said


def assert_at_its_line(found: tuple[Problem, ...], mutation: Mutation, path: Path) -> None:
    """A problem stands at the line of the single value that was changed.

    A rule on a list as a whole, as on its sum, stands at the list; one between two values, of which
    either may be corrected, at one of them, and names the other.
    """
    names = [step for step in mutation.changed if isinstance(step, str)]
    for problem in found:
        own = Path(problem.file).name == path.name and problem.line == mutation.line
        key = key_path(mutation.changed)
        in_list = bool(problem.key) and key.startswith(f"{problem.key}[")
        named = any(name in f"{problem.rule} {problem.remedy} {problem.key}" for name in names[-1:])
        if own or in_list or named:
            return
    raise AssertionError(f"{mutation.done}\n{mutation.text[:2000]}\n" + "\n".join(map(str, found)))


def go_through(number: int, of_seed: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "Reader", ReadOnce)
    monkeypatch.setattr(trees, "read_kept", lambda _: None)
    monkeypatch.setattr(trees, "keep", lambda *_: None)

    @seed(of_seed)
    @settings(
        max_examples=number,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated_scenarios())
    def each(mutation: Mutation) -> None:
        found = problems_of(mutation, path)
        for problem in found:
            assert_helpful(problem, mutation, path)
        if found and mutation.line is not None:
            assert_at_its_line(found, mutation, path)

    each()


def test_a_mutated_scenario_loads_or_is_refused_in_messages_that_help(tmp_path, monkeypatch):
    go_through(QUICK, 0, tmp_path / "mutated.yaml", monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("of_seed", range(THOROUGH // A_SEED))
def test_thousands_of_mutated_scenarios(of_seed, tmp_path, monkeypatch):
    go_through(A_SEED, of_seed, tmp_path / "mutated.yaml", monkeypatch)
