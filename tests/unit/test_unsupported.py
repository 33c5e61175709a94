"""A key of a feature that this version does not have is named as such, at its line."""

import re

import pytest

from simulator.declarations.unsupported import UNSUPPORTED, unsupported
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario

HEAD = "extends: two-arm-survival\nname: mine\n"  # what is wrong stands on line 3

KEYS = {
    "looks: 3": ("looks", "interim looks"),
    "interim: [0.5]": ("interim", "interim looks"),
    "alpha_spending: pocock": ("alpha_spending", "interim looks"),
    "futility: 0.1": ("futility", "rules for futility"),
    "trial: {futility: 0.1}": ("trial.futility", "rules for futility"),
    "trial: {sides: 1}": ("trial.sides", "one-sided tests and margins"),
    "adaptive: true": ("adaptive", "adaptive designs"),
    "cluster: {size: 10}": ("cluster", "cluster randomisation"),
    "trial: {crossover: true}": ("trial.crossover", "crossover designs"),
    "arms: {third: {}}": ("arms", "trials of more than two arms"),
    "allocation: {ratio: [1, 1, 1]}": ("allocation.ratio", "trials of more than two arms"),
}


@pytest.mark.parametrize(("line", "found"), KEYS.items(), ids=KEYS)
def test_a_key_of_a_missing_feature_is_named_as_such_at_its_line(tmp_path, line, found):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}{line}\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    key, what = found
    assert (problem.key, problem.line) == (key, 3)
    assert problem.rule.startswith(what)
    assert re.search(r": not supported in this version$| are asked for in [\w -]+$", problem.rule)
    assert problem.remedy


def test_the_short_word_of_a_key_is_none_in_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}n: 120\n")
    with pytest.raises(ScenarioError, match=r"short for trial\.target_randomised in commands"):
        load_scenario(path)


def test_each_word_is_of_one_feature_and_of_no_part_of_a_scenario():
    words = [word for feature in UNSUPPORTED for word in feature.words]
    assert len(words) == len(set(words))
    for word in words:
        assert word not in Scenario.model_fields
        assert unsupported(word) is unsupported(f"--{word.replace('_', '-')}")
