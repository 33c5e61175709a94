"""Conditional expectations of tests on counts against enumeration and closed forms."""

import itertools
import math

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import bare
from scipy import stats

from simulator.analysis.exact_power import ExactQuestion, power, rejection_set
from simulator.montecarlo.conditional_paths import COUNTED, LOST_UNLESS_DEAD, NOT_USED
from simulator.montecarlo.conditional_tables import (
    Functions,
    Group,
    pairs_met,
    values_and_expectations,
)
from simulator.montecarlo.controls import Controls
from simulator.params.lower import lower

FISHER, CHI_SQUARE = plan_of("fisher", alpha=0.3), plan_of("chi_square", alpha=0.3)
LOG_RANK = plan_of("log_rank", "censored", alpha=0.3)
GROUP = Group((FISHER, CHI_SQUARE), (LOG_RANK,))
ROUNDING = 1e-13  # of sums of a few thousand products


def expectations(first_row, arm, use, hazard, threshold):
    """Values and expectations of every function of the group."""
    functions = Functions(GROUP, 20)
    place, values = functions.of(pairs_met(first_row, arm, use))
    return values_and_expectations(
        first_row, arm, use, hazard, threshold, GROUP.functions, place, values
    )


def small_trials():
    """Trials of six and nine patients of every use, some certain to die and some never."""
    random = np.random.default_rng(5)
    first_row = np.array([0, 6, 15])
    arm = random.integers(0, 2, 15)
    use = random.choice([COUNTED, COUNTED, LOST_UNLESS_DEAD, NOT_USED], 15)
    hazard = random.exponential(size=15)
    hazard[[2, 7]] = np.inf
    hazard[9] = 0.0
    return first_row, arm, use, hazard


def test_an_expectation_is_the_sum_over_every_pattern_of_deaths():
    first_row, arm, use, hazard = small_trials()
    expected = expectations(first_row, arm, use, hazard, np.ones(15))[1]
    for trial in range(2):
        rows = slice(first_row[trial], first_row[trial + 1])
        size, p = first_row[trial + 1] - first_row[trial], -np.expm1(-hazard[rows])
        total = np.zeros(GROUP.functions)
        for pattern in itertools.product((False, True), repeat=int(size)):
            dead = np.array(pattern)
            probability = np.where(dead, p, 1 - p).prod()
            counted = (use[rows] == COUNTED) | ((use[rows] == LOST_UNLESS_DEAD) & dead)
            (x0, n0), (x1, n1) = (
                ((dead & counted & (arm[rows] == a)).sum(), (counted & (arm[rows] == a)).sum())
                for a in (0, 1)
            )
            total += probability * GROUP.values(n0, n1)[x0, x1]
        assert expected[trial] == pytest.approx(total, abs=ROUNDING)


def test_a_value_is_that_of_the_table_which_the_thresholds_bring():
    first_row, arm, use, hazard = small_trials()
    threshold = np.random.default_rng(6).exponential(size=15)
    value = expectations(first_row, arm, use, hazard, threshold)[0]
    dead = threshold <= hazard
    counted = (use == COUNTED) | ((use == LOST_UNLESS_DEAD) & dead)
    rows = slice(6, 15)
    tables = [
        ((dead & counted)[rows][arm[rows] == a].sum(), counted[rows][arm[rows] == a].sum())
        for a in (0, 1)
    ]
    (x0, n0), (x1, n1) = tables
    assert value[1].tolist() == GROUP.values(n0, n1)[x0, x1].tolist()


def test_a_trials_expectation_does_not_depend_on_the_trials_beside_it():
    first_row, arm, use, hazard = small_trials()
    both = expectations(first_row, arm, use, hazard, np.ones(15))[1]
    alone = expectations(np.array([0, 9]), arm[6:], use[6:], hazard[6:], np.ones(9))[1]
    assert (alone[0] == both[1]).all()


def test_without_loss_every_trial_expects_the_exact_binomial_power():
    # Arms of 15 each, all alike: what is left of a decision less its control is the power itself.
    scenario = bare(30, {"allocation.scheme": "random_allocation"})
    plans = [plan_of(test, name=test) for test in ("fisher", "chi_square", "boschloo")]
    found = decided(scenario, plans, 40)
    for plan, (rejected, control) in zip(plans, found, strict=True):
        exact = power(rejection_set(ExactQuestion(plan.test, 15, 15, 0.05)), 0.6, 0.4)
        assert rejected - control == pytest.approx(np.full(40, exact), abs=1e-9)


def decided(scenario, plans, trials, seed=3):
    """Rejections and own controls of each analysis, one row per trial."""
    from simulator.analysis import END, analyse, design_of, rejects
    from simulator.engines.compiled import simulate

    params = lower(scenario)
    controls = Controls(params, plans)
    table = analyse(simulate(params, seed, 0, trials), plans, design_of(params, seed), END)
    rejected = rejects(table, np.array([plan.alpha for plan in plans])).astype(float)
    c = controls(seed, 0, trials)
    return [(rejected[:, j], c[:, own[0]]) for j, own in enumerate(controls.columns)]


def test_with_loss_the_mean_is_the_power_of_trinomial_arms():
    # Death and loss at constant rates: a patient is known dead, known alive, or left out.
    lost = 0.2
    changes = {"allocation.scheme": "random_allocation", "exits.loss.net_probability": lost}
    changes["exits.loss.by_day"] = 84.0
    plan = plan_of("fisher", name="fisher")
    trials = 1_500
    [(rejected, control)] = decided(bare(30, changes), [plan], trials)
    conditional = rejected - control
    error = conditional.std(ddof=1) / math.sqrt(trials)
    exact = sum(
        weight * power(rejection_set(ExactQuestion("fisher", n0, n1, 0.05)), p0, p1)
        for weight, n0, n1, p0, p1 in sizes_and_mortality(15, (0.6, 0.4), lost)
    )
    assert abs(conditional.mean() - exact) <= 4 * error
    assert conditional.var() < rejected.var() / 5


def sizes_and_mortality(n, mortality, lost):
    """Each pair of numbers counted with its probability, and mortality among those counted."""
    known = []
    for m in mortality:
        death, loss = -math.log1p(-m), -math.log1p(-lost)
        dead = death / (death + loss) * -math.expm1(-death - loss)
        known.append((dead, math.exp(-death - loss)))
    for n0, n1 in itertools.product(range(1, n + 1), repeat=2):
        weight = math.prod(
            stats.binom.pmf(size, n, sum(of)) for size, of in zip((n0, n1), known, strict=True)
        )
        if weight > 1e-12:
            yield weight, n0, n1, *(dead / (dead + alive) for dead, alive in known)
