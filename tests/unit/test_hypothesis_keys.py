"""Keys of a hypothesis in a scenario: what is refused, where and why."""

import pytest

from simulator.analysis import plans_of
from simulator.declarations.analyses.hypothesis import AWAY, BELOW, Hypothesis
from simulator.results.measures import Scale
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

HEAD = "extends: two-arm-survival\nname: mine\nanalyses:\n"  # what is wrong stands on line 4


def loaded(tmp_path, analysis):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}  - {{{analysis}}}\n")
    return load_scenario(path)


WRONG = {
    "test: cox, ties: efron, statistic: score, alternative: less, margin: 0.8": (
        "margin", "wrong side",
    ),
    "test: cox, ties: efron, statistic: score, margin: 1.3": ("margin", "has a side"),
    "test: log_rank, alternative: less, margin: -1": ("margin", "must be > 0"),
    "test: log_rank, alternative: less, margin: 1": ("margin", "is no margin"),
    "test: rmst_difference, day: 84, alternative: greater, margin: 7": ("margin", "wrong side"),
    "test: km_difference, alternative: less, margin: 1.5": ("margin", "between -1 and 1"),
    "test: km_difference, equivalence: [0.1, -0.1]": ("equivalence", "two differences"),
    "test: km_difference, equivalence: [-0.1, 0.1], alternative: less": (
        "alternative", "two sides",
    ),
    "test: cox, ties: efron, statistic: wald, equivalence: [-0.1, 0.1]": (
        "equivalence", "two ratios",
    ),
    "test: km_difference, lost: worst_case, alternative: less, margin: 0.1": ("lost", "bounds"),
    "test: log_rank, lost: best_case, equivalence: [0.8, 1.25]": ("lost", "bounds"),
    "test: max_combo, weights: [[0, 0], [0, 1]], alternative: less, margin: 1.3": (
        "margin", "no hazard ratio of its own",
    ),
    "test: fisher, alternative: less, margin: 0.1": ("margin", "given all deaths"),
    "test: chi_square, equivalence: [-0.1, 0.1]": ("equivalence", "no difference alone"),
    "test: boschloo_minlike, alternative: less": ("alternative", "two-sided by its definition"),
    "test: log_rank, alternative: greater, alpha: 0.6": ("alpha", "below 0.5"),
}  # fmt: skip


@pytest.mark.parametrize(("analysis", "found"), WRONG.items(), ids=WRONG)
def test_a_hypothesis_that_cannot_be_meant_is_refused_at_its_line(tmp_path, analysis, found):
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, analysis)
    (problem,) = caught.value.problems
    key, rule = found
    assert (problem.key, problem.line) == (f"analyses[0].{key}", 4)
    assert rule in problem.rule
    assert problem.remedy


def test_a_randomisation_test_has_the_side_of_its_analysis_and_no_margin(tmp_path):
    of = "of: r, draws: 99"
    inner = "name: r, test: log_rank, alternative: less, alpha: 0.1"
    plans = plans_of(loaded(tmp_path, f"{inner}}}\n  - {{test: permutation, {of}").scenario)
    assert plans[1].hypothesis == Hypothesis("less")
    with pytest.raises(ScenarioError, match="no effect on anybody"):
        loaded(tmp_path, f"{inner}, margin: 1.3}}\n  - {{test: permutation, {of}")


def test_a_margin_is_a_ratio_in_a_scenario_and_a_logarithm_in_a_test(tmp_path):
    asked = (
        "test: cox, ties: efron, statistic: score, alternative: less, margin: 1.25, alpha: 0.025"
    )
    (plan,) = plans_of(loaded(tmp_path, asked).scenario)
    assert plan.hypothesis == Hypothesis("less", 1.25)
    assert plan.interval_alpha == 0.05
    tested = plan.hypothesis.tested(Scale.LOG_RATIO)
    assert tested.side == BELOW
    assert tested.null == pytest.approx(0.22314355)
    assert Hypothesis().tested(Scale.LOG_RATIO) == (AWAY, 0.0)
    assert Hypothesis().interval_alpha(0.05) == 0.05
