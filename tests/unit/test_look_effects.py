"""Which way an effect lies, and where a distance from no effect, or from a margin, puts it."""

import math

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import base_case

from simulator.analysis import END, analyse, design_of, plans_of
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.engines import compiled
from simulator.params.lower import lower
from simulator.planning.look_effects import effect_scale
from simulator.results.measures import Estimate

TRIALS = 60


def test_the_arm_that_fares_better_is_on_the_side_that_each_measure_declares():
    scenario = base_case("nct05484908-analyses")
    params = lower(scenario)
    # MaxCombo favours by its largest component, whatever the hazard ratio beside it.
    tests = set(STATISTICS) - {"max_combo"}
    plans = [plan for plan in plans_of(scenario) if plan.test in tests]
    table = analyse(compiled.simulate(params, 1, 0, TRIALS), plans, design_of(params, 1), END)
    for column, plan in enumerate(plans):
        sign = 1 if STATISTICS[plan.test].measure.more_is_better else -1
        estimate, favours = table.estimate[:, column], table.favours[:, column]
        told = np.isfinite(estimate) & (np.abs(estimate) > 1e-9) & (favours >= 0)
        assert told.sum() > TRIALS / 2, plan.name
        second = sign * estimate[told] > 0
        assert (second == (favours[told] == 1)).all(), plan.name


@pytest.mark.parametrize(
    ("plan", "distance", "effect"),
    [
        (plan_of("log_rank"), 0.5, math.exp(-0.5)),
        (plan_of("fisher"), 0.25, -0.25),
        (plan_of("rmst_difference", day=84), 7.0, 7.0),
        (plan_of("meld_welch"), 3.0, -3.0),
        (plan_of("cox", hypothesis=Hypothesis("less", 1.3)), 0.2, 1.3 * math.exp(-0.2)),
        (plan_of("risk_difference", hypothesis=Hypothesis("less", 0.15)), 0.2, -0.05),
        (plan_of("rmst_difference", day=84, hypothesis=Hypothesis("greater", -7.0)), 9.0, 2.0),
        (plan_of("cox", hypothesis=Hypothesis("greater")), 0.2, math.exp(0.2)),
    ],
)
def test_a_distance_lies_towards_what_is_to_be_shown(plan, distance, effect):
    scale = effect_scale(plan)
    assert scale.at(distance) == pytest.approx(effect)
    found = scale.estimate(Estimate(distance, 1e-3))
    slope = abs(scale.at(distance + 1e-6) - scale.at(distance - 1e-6)) / 2e-6
    assert found.mcse == pytest.approx(1e-3 * slope, rel=1e-6)
