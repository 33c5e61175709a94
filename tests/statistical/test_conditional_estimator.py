"""The conditional estimator: unbiased, no matter what couples patients, and its error right."""

import math
from functools import cache

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import NEVER, SMALLEST_P_VALUE, bare, base_case
from scipy import stats

from simulator.analysis import END, analyse, design_of, rejects
from simulator.engines.compiled import simulate
from simulator.montecarlo.conditional import LEAST_TRIALS, PILOT_TRIALS, Conditional
from simulator.montecarlo.controls import Controls
from simulator.params.lower import lower

PLANS = (
    plan_of("fisher", name="fisher"),
    plan_of("boschloo", name="boschloo", lost="worst_case", transplant="competing"),
    plan_of("log_rank", "censored", name="log_rank"),
    plan_of("km_difference", "censored", name="km_difference", transplant="censored"),
)
SCENARIOS = {
    "base case": {},
    "without unit": {"unit": None},
    "nobody lost, without unit": {"unit": None, "exits.loss": NEVER},
    "scarce": {"unit.machines": 1, "modalities.1.full_course_hazard_ratio": 0.2},
    "follows outcomes": {
        "allocation.scheme": "play_the_winner",
        "allocation.options": {},
        "modalities.1.full_course_hazard_ratio": 0.3,
    },
    "null": {"null_hypothesis": "strong"},
}
TRIALS = 1_500


@cache
def decided(name):
    """Rejections and controls of a scenario's trials, and the sums over them."""
    params = lower(base_case(changes=SCENARIOS[name]))
    return trials_of(params, PLANS, 7, TRIALS)


def trials_of(params, plans, seed, trials, controls=None):
    controls = controls or Controls(params, plans)
    table = analyse(simulate(params, seed, 0, trials), plans, design_of(params, seed), END)
    rejected = rejects(table, np.array([plan.alpha for plan in plans]))
    found = controls(seed, 0, trials)
    sums = Conditional(controls.columns, controls.kinds)
    sums.add(rejected, found)
    return rejected, found, sums


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_control_has_mean_zero(name):
    control = decided(name)[1]
    error = control.std(axis=0, ddof=1) / math.sqrt(TRIALS)
    assert (abs(control.mean(axis=0)) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_estimate_is_the_counted_power_within_monte_carlo_error(name):
    rejected, _, sums = decided(name)
    after = rejected[PILOT_TRIALS:].astype(float)
    for j, found in enumerate(sums.estimates()):
        # Of the same trials: what is taken off them has mean zero and the spread of a control.
        share = after[:, j].mean()
        taken_off = math.sqrt(share * (1 - share) / after.shape[0] + found.mcse**2)
        assert abs(found.power - share) <= 4 * taken_off


def test_where_nothing_couples_patients_and_nobody_is_lost_it_is_the_conditional_expectation():
    # Then the counts without the unit are those of the trial, and R - C is a probability.
    rejected, control, sums = decided("nobody lost, without unit")
    left = rejected[:, 0] - control[:, sums._columns[0][0]]
    assert left.min() >= -1e-12
    assert left.max() <= 1 + 1e-12
    assert sums.estimates()[0].variance_ratio > 3


def test_sums_do_not_depend_on_how_the_trials_came():
    rejected, control, sums = decided("base case")
    again = Conditional(sums._columns, sums._kinds)
    for first in range(0, TRIALS, 250):
        again.add(rejected[first : first + 250], control[first : first + 250])
    assert again.estimates() == sums.estimates()


def test_controls_of_a_trial_do_not_depend_on_the_trials_beside_it():
    params = lower(base_case())
    controls = Controls(params, PLANS)
    assert (controls(7, 100, 50) == decided("base case")[1][100:150]).all()


def test_without_a_rejection_the_error_is_that_of_the_share():
    sums = Conditional(((0,),), ("counts",))
    sums.add(np.zeros((1_000, 1), bool), np.random.default_rng(1).normal(size=(1_000, 1)))
    [found] = sums.estimates()
    assert (found.power, found.variance_ratio) == (0.0, None)
    assert found.mcse > 0


# ---- the stated error against the spread over seeds

SEEDS = 200


@cache
def over_seeds():
    """Estimates of 200 runs of small trials with loss, (seeds, analyses) of each figure."""
    changes = {"allocation.scheme": "random_allocation", "exits.loss.net_probability": 0.1}
    changes["exits.loss.by_day"] = 84.0
    params = lower(bare(12, changes))
    plans = (plan_of("chi_square", name="chi"), plan_of("log_rank", "censored", name="log_rank"))
    controls = Controls(params, plans)
    runs = [trials_of(params, plans, seed, LEAST_TRIALS, controls) for seed in range(SEEDS)]
    found = [run[2].estimates() for run in runs]
    counted = np.array([run[0].mean(axis=0) for run in runs])
    return (
        np.array([[e.power for e in run] for run in found]),
        np.array([[e.mcse for e in run] for run in found]),
        counted,
        np.array([[(e.ci_low, e.ci_high) for e in run] for run in found]),
    )


def test_the_stated_error_is_the_spread_over_200_seeds():
    estimates, errors, *_ = over_seeds()
    spread = estimates.var(axis=0, ddof=1) / (errors**2).mean(axis=0)
    # (n - 1) s^2 / sigma^2 has a chi-square law for normal estimates, means of 500 trials each.
    low, high = stats.chi2(SEEDS - 1).ppf([SMALLEST_P_VALUE / 2, 1 - SMALLEST_P_VALUE / 2]) / (
        SEEDS - 1
    )
    assert ((spread >= low) & (spread <= high)).all()


def test_over_200_seeds_the_estimator_has_the_mean_of_the_counts():
    estimates, _, counted, _ = over_seeds()
    away = estimates - counted
    error = away.std(axis=0, ddof=1) / math.sqrt(SEEDS)
    assert (abs(away.mean(axis=0)) <= 4 * error).all()


def test_over_200_seeds_the_intervals_hold_the_power():
    estimates, _, _, limits = over_seeds()
    for j in range(estimates.shape[1]):
        power_itself = estimates[:, j].mean()  # of 100,000 trials: next to none of a run's error
        held = ((limits[:, j, 0] <= power_itself) & (power_itself <= limits[:, j, 1])).sum()
        assert held >= stats.binom(SEEDS, 0.95).ppf(SMALLEST_P_VALUE / 2)
