"""Targets solved together: known truth is recovered, and what contradicts itself is named."""

import math

import numpy as np
import pytest
from scipy import optimize

from calibration.fit import fit
from calibration.least_squares import Group, groups_of, jacobian_at, least_squares
from calibration.measures import measure, simulate_to_measure
from calibration.movable import changes_of
from simulator.params.lower import lower
from simulator.scenario.calibrated import Measured
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

HEAD = "extends: two-arm-survival\nname: mine\nacceptance: null\n"
TRIALS = 200


def loaded(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_scenario(path)


def solved(tmp_path, text, trials=TRIALS, seed=1):
    return fit(loaded(tmp_path, text), trials, seed, 1, lambda *_: None)


def target(measure_, value, tolerance, keys, source="source: x", **of):
    given = "".join(f", {key}: {of_value}" for key, of_value in of.items())
    moved = ", ".join(f"{{key: {key}, low: {low}, high: {high}}}" for key, low, high in keys)
    return (
        f"  - {{measure: {measure_}{given}, value: {value}, tolerance: {tolerance}, {source}, "
        f"by: [{moved}]}}\n"
    )


BASELINE = ("hazard.baseline.mortality_at_horizon", 0.2, 0.9)
RATIO = ("hazard.effect.hazard_ratio", 0.2, 2.0)


# The search by itself


def search(residuals, start, groups):
    start = np.array(start)
    return least_squares(residuals, start, groups, jacobian_at(residuals, start, range(start.size)))


def test_least_squares_within_limits_is_that_of_scipy():
    def residuals(x):
        return np.array(
            [40 * (x[0] ** 2 - 0.3), 20 * (np.exp(x[0] * x[1]) - 1.9), 5 * (x[1] - 0.9)]
        )

    group = Group(np.arange(3), np.arange(2))
    found = search(residuals, [0.2, 0.3], [group])
    best = optimize.least_squares(residuals, [0.2, 0.3], bounds=(0, 1))
    cost = np.square(residuals(found)).sum()
    assert cost == pytest.approx(2 * best.cost, rel=0.05)
    np.testing.assert_allclose(found, best.x, atol=0.03)


def test_a_target_beyond_the_limits_ends_at_the_limit():
    found = search(lambda x: np.array([10 * (x[0] - 3.0)]), [0.5], [Group([0], [0])])
    assert found[0] == pytest.approx(1.0)


def test_a_group_that_cannot_be_met_holds_up_no_other():
    def residuals(x):
        return np.array([10 * (x[0] - 0.8), 10 * (x[0] - 0.2), 30 * (x[1] ** 2 - 0.4)])

    groups = groups_of([(0, 0), (1, 0), (2, 1)])
    assert [sorted(group.targets) for group in groups] == [[0, 1], [2]]
    found = search(residuals, [0.5, 0.1], groups)
    assert abs(residuals(found)[2]) < 0.1
    assert found[0] == pytest.approx(0.5, abs=0.05)


def test_noise_in_steps_does_not_keep_the_search_from_its_target():
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 0.05, 1000)

    def residuals(x):
        return np.array([20 * (x[0] - 0.6) + steps[int(x[0] * 999)]])

    assert abs(residuals(search(residuals, [0.1], [Group([0], [0])]))[0]) < 0.2


def test_groups_are_joined_through_shared_keys():
    groups = groups_of([(0, 0), (1, 1), (2, 0), (2, 1), (3, 2)])
    assert sorted(sorted(map(int, group.targets)) for group in groups) == [[0, 1, 2], [3]]


# Through the simulation


def test_mortality_of_an_exponential_without_covariates_is_its_own_parameter(tmp_path):
    arm = load_scenario("two-arm-survival").scenario.arms[0].name
    text = "calibrated:\n" + target("mortality", 0.5, 0.002, [BASELINE], arm=arm)
    found = solved(tmp_path, text)
    (key,) = found.keys
    assert found.targets[0].met
    # Nobody else dies of anything: the parameter is the mortality, up to the Monte Carlo error.
    assert key.error == pytest.approx(found.targets[0].reached_mcse, rel=0.1)
    assert abs(key.new - 0.5) < 4 * key.error + 0.002


def test_known_values_are_recovered_from_the_figures_that_they_make(tmp_path):
    """Figures of another seed under known values; the start is elsewhere."""
    truth = load_scenario("two-arm-survival")
    known = {"hazard.baseline.mortality_at_horizon": 0.45, "hazard.effect.hazard_ratio": 0.8}
    scenario = truth.changed(known, "test").scenario
    names = [arm.name for arm in scenario.arms]
    simulated = simulate_to_measure(lower(scenario), names, 1_000, seed=77)
    figures = [
        measure(simulated, Measured.model_validate({"measure": "mortality", "arm": name}))
        for name in names
    ]
    text = "calibrated:\n" + "".join(
        target("mortality", figure.value, 0.002, [BASELINE, RATIO], arm=name)
        for name, figure in zip(names, figures, strict=True)
    )
    found = solved(tmp_path, text)
    assert all(one.met for one in found.targets)
    for key in found.keys:
        # 200 trials here and 1,000 there: errors of both, and the tolerance's own reach.
        error = key.error * math.sqrt(1 + 200 / 1_000)
        assert abs(key.new - known[key.key]) < 4 * error, key.key


def test_two_mortalities_of_one_arm_contradict_each_other(tmp_path):
    arm = load_scenario("two-arm-survival").scenario.arms[0].name
    text = "calibrated:\n"
    text += target("mortality", 0.6, 0.01, [BASELINE], arm=arm)
    text += target("death_or_transplant", 0.4, 0.01, [BASELINE], arm=arm)
    found = solved(tmp_path, text)
    assert not any(one.met for one in found.targets)
    assert [without.others_met for without in found.contradictions] == [True, True]
    first = found.contradictions[0]
    assert first.reached[f"death or transplant, {arm}"] == pytest.approx(0.4, abs=0.01)


def test_a_target_without_keys_is_told_and_not_aimed_at(tmp_path):
    found = solved(tmp_path, "calibrated:\n" + target("mortality", 0.9, 0.01, []))
    assert (found.keys, found.contradictions, found.runs) == ((), (), 1)
    assert not found.targets[0].met
    assert not found.targets[0].movable
    assert found.targets[0].reached == found.targets[0].before


def test_the_same_question_has_the_same_answer_with_any_number_of_jobs(tmp_path):
    asked = loaded(tmp_path, "calibrated:\n" + target("mortality", 0.5, 0.01, [BASELINE]))
    one, two = (fit(asked, 60, 3, jobs, lambda *_: None) for jobs in (1, 2))
    assert one == two


def test_shares_that_sum_to_1_keep_their_proportions():
    scenario = load_scenario("nct05484908").scenario
    found = changes_of(scenario, {"hazard.baseline.shares[4]": 0.3})["hazard.baseline.shares"]
    assert found[4] == 0.3
    assert sum(found) == pytest.approx(1, abs=1e-12)
    assert found[1] / found[0] == pytest.approx(0.18135 / 0.0689, rel=1e-4)


WRONG = {
    "no such key": ("hazard.nothing", 0.1, 0.9, "is not a key"),
    "no number": ("allocation.scheme", 0.1, 0.9, "holds no number"),
    "a whole number": ("trial.target_randomised", 10, 500, "whole number"),
    "outside its limits": ("hazard.baseline.mortality_at_horizon", 0.95, 0.99, "outside"),
    "limits outside its range": ("hazard.effect.hazard_ratio", -1, 2, "must be"),
    "no part of the trial": ("calibrated[0].value", 0.1, 0.9, "no part of the trial"),
}


@pytest.mark.parametrize(("key", "low", "high", "rule"), WRONG.values(), ids=WRONG)
def test_a_key_that_cannot_move_is_refused_at_its_line(tmp_path, key, low, high, rule):
    text = "calibrated:\n" + target("mortality", 0.5, 0.01, [(f'"{key}"', low, high)])
    with pytest.raises(ScenarioError, match=rule) as caught:
        solved(tmp_path, text)
    (problem,) = caught.value.problems
    assert problem.key.startswith("calibrated[0].by[0]")
    assert problem.line == 5
