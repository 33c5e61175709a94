"""Estimates after stopping, trial by trial: held to slow ones, and summed as they should be."""

import math
from typing import Any

import numpy as np
import pytest
from reference_looks import LookTaken, Regions, _with, crosses
from scenario_builder import base_case, changed, shipped
from scipy import optimize, stats
from test_looks import CASES, bare_trial, fast, looked_at, slow
from test_looks_identities import asked_of

from simulator.analysis import END, analyse, design_of, plans_of
from simulator.analysis.types import new_table
from simulator.conduct import as_planned
from simulator.declarations.analyses import STATISTICS
from simulator.engines import compiled
from simulator.monitoring.after_stopping import Corrected
from simulator.monitoring.asked import sign_of
from simulator.montecarlo.after_stopping import KINDS, AfterStopping, AtTheStop
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario
from simulator.truth import Truth

OF_LOOKS = [
    "bare trial, log-rank, two looks and a threshold",
    "Fisher, conditional power under the estimate",
    "binding futility and a pause that changes who comes",
    "looks that never come, on one day, without an event, after the last patient",
]


def slow_shifts(taken: list[LookTaken], binding: bool, tail: float) -> list[float]:
    """Shifts of the estimate and of the limits, by roots of integrals; of a two-sided analysis."""
    *earlier, last = taken
    futile = last.decision == "futility"
    of_first = last.z < 0 and not futile and not (binding and last.decision != "first")
    regions: Regions = ()
    for look in earlier:
        if math.isinf(look.upper) and math.isinf(look.lower) and math.isinf(look.futility):
            continue  # it decided nothing
        low = look.futility if (futile or binding) and not of_first else -math.inf
        high = -look.lower if of_first else look.upper
        regions = _with(regions, look.fraction, low, high)
    t, z = last.fraction, -last.z if of_first else last.z
    assert not regions or t > regions[-1][0] * 1.0006  # new information

    def more_extreme(drift: float) -> float:
        tails = crosses(regions, drift, t, z)
        return tails + sum(
            crosses(regions[:k], drift, s, high) for k, (s, _, high) in enumerate(regions)
        )

    def shift(share: float) -> float:
        found = optimize.brentq(lambda d: more_extreme(d) - share, -14.0, 14.0, xtol=1e-11)
        return float(found * math.sqrt(t) - z)

    median, low, high = (shift(share) for share in (0.5, tail, 1 - tail))
    return [-median, -high, -low] if of_first else [median, low, high]


@pytest.mark.parametrize("name", OF_LOOKS)
def test_estimates_after_stopping_are_those_of_the_slow_version(name: str) -> None:
    scenario, trials = CASES[name], 12
    assert scenario.monitoring is not None
    futility = scenario.monitoring.futility
    binding, plan = futility is not None and futility.binding, plans_of(scenario)[0]
    if scenario.monitoring.analysis:
        plan = next(p for p in plans_of(scenario) if p.name == scenario.monitoring.analysis)
    part, _ = fast(scenario, trials)
    assert part.looks is not None
    stop, compared = part.looks.stop, 0
    for trial, one in enumerate(slow(scenario, trials)):
        last = one.looks[-1]
        if math.isnan(last.z):
            assert math.isnan(stop.estimate[trial])
            continue
        usual = stop.estimate[trial], stop.standard_error[trial]
        right = last.result.estimate, last.result.standard_error
        np.testing.assert_allclose(usual, right, rtol=1e-9, atol=1e-12)
        shifts = [column[trial] for column in stop.shifts[:3]]
        expected = slow_shifts(one.looks, binding, plan.alpha / 2)
        np.testing.assert_allclose(shifts, expected, rtol=0, atol=2e-5, err_msg=str(last))
        repeated = stop.shifts.repeated_low[trial], stop.shifts.repeated_high[trial]
        np.testing.assert_allclose(repeated, (-last.upper, -last.lower), rtol=0, atol=1e-6)
        compared += len(one.looks) > 1
    assert compared >= 3


MONITORED = {
    "two-arm-survival": ("log_rank",),
    "nct05484908": ("fisher", "log_rank", "km_difference", "meld_survivors"),
}


@pytest.mark.parametrize("scenario", MONITORED)
def test_the_sign_of_every_analysis_is_that_of_its_estimates(scenario: str) -> None:
    case = shipped(scenario) if scenario == "two-arm-survival" else base_case(scenario)
    params, plans = lower(case), plans_of(case)
    conduct = as_planned(np.arange(60), params.trial.target_randomised)
    records = compiled.conducted(params, 3, conduct, with_hazard=False)
    table = analyse(records, plans, design_of(params, 3), END)
    for column, plan in enumerate(plans):
        if plan.name not in MONITORED[scenario]:
            continue
        sign = sign_of(plan.hypothesis, STATISTICS[plan.test].measure)
        estimate, favours = table.estimate[:, column], table.favours[:, column]
        judged = np.isfinite(estimate) & (favours >= 0) & (estimate != 0)
        second = sign * estimate[judged] > 0
        np.testing.assert_array_equal(second, favours[judged] == 1, err_msg=plan.name)
        assert 0 < second.sum() < second.size


NEVER: dict[str, Any] = {
    "looks": [{"at": {"deaths": 10}, "cleaning_days": 30}],
    "efficacy": None,
    "futility": {"rule": "z(-20)"},
}


@pytest.mark.parametrize("analysis", ["log_rank", "fisher", "km_difference", "meld_survivors"])
def test_looks_that_cannot_stop_leave_estimates_and_intervals_as_they_are(analysis: str) -> None:
    most = {"log_rank": 26, "km_difference": 40, "meld_survivors": 2}.get(analysis, 60)
    never = NEVER | {"analysis": analysis, "max_information": most}
    scenario = looked_at(base_case(), never)
    unit = run_unit(lower(scenario), asked_of(scenario), Engine.COMPILED, 4, 0, 60)
    assert unit.sums.looks is not None
    after = unit.sums.looks.after
    usual = after.performance("all_data")
    assert usual.estimates > 50
    for kind in KINDS:
        found = after.performance(kind)
        assert found.mean == pytest.approx(usual.mean, abs=1e-9), kind
        assert (found.estimates, found.intervals) == (usual.estimates, usual.intervals), kind
        assert found.coverage == usual.coverage, kind
        assert after.above_truth(kind) == after.above_truth("all_data")


def of_a_trial(estimate: float, low: float, high: float, shifts: tuple[float, ...]) -> AtTheStop:
    one = (np.array([x]) for x in (estimate, 0.5, low, high))
    return AtTheStop(*one, Corrected(*(np.array([x]) for x in shifts)))


def added(scenario: Scenario, stop: AtTheStop, truth: float) -> AfterStopping:
    after = AfterStopping(plans_of(scenario)[0], Truth(truth, 0.0, math.nan, math.nan))
    table = new_table(1, 1)
    for column, value in (("estimate", 0.3), ("standard_error", 0.4), ("low", -0.4), ("high", 1.0)):
        getattr(table, column)[:] = value
    after.add(stop, table, 0, np.array([True]), 1)
    return after


def test_shifts_move_the_estimate_by_its_error_and_limits_by_the_usual_ones() -> None:
    # Of a log hazard ratio a larger statistic is a smaller estimate. The usual interval reaches
    # farther up than down.
    stop = of_a_trial(-0.8, -1.6, 0.4, (-0.2, -1.5, 2.5, -3.0, 3.0, 0.0))
    half = stats.norm.isf(0.025)
    expected = {
        "all_data": (0.3, -0.4, 1.0),
        "at_stop": (-0.8, -1.6, 0.4),
        "median_unbiased": (-0.7, -0.8 - 2.5 * 0.8 / half, -0.8 + 1.5 * 1.2 / half),
        "repeated": (-0.8, -0.8 - 3.0 * 0.8 / half, -0.8 + 3.0 * 1.2 / half),
    }
    for kind, (estimate, low, high) in expected.items():
        for limit, inside in ((low, 1e-9), (high, -1e-9)):
            for near, covered in ((limit + inside, 1.0), (limit - inside, 0.0)):
                found = added(bare_trial(**NEVER), stop, near).performance(kind)
                assert found.mean == pytest.approx(estimate), kind
                assert found.coverage == covered, (kind, near)


def test_an_estimate_that_is_the_truth_is_half_above_it() -> None:
    stop = of_a_trial(0.25, -1.0, 1.0, (0.0, -2.0, 2.0, -2.5, 2.5, 0.0))
    scenario = bare_trial(**NEVER)
    whole = added(scenario, stop, 0.25)
    whole.merge(added(scenario, stop, 0.25))
    assert whole.above_truth("at_stop").mean == 0.5
    assert whole.above_truth("all_data").mean == 1.0
    assert whole.performance("at_stop").estimates == 2


def test_a_trial_without_a_statistic_has_no_estimate_at_its_stop() -> None:
    few = NEVER | {"looks": [{"at": {"deaths": 2}}], "max_information": 3}
    scenario = changed(bare_trial(**few), {"trial.target_randomised": 4})
    unit = run_unit(lower(scenario), asked_of(scenario), Engine.COMPILED, 4, 0, 200)
    assert unit.sums.looks is not None
    assert unit.table is not None
    lacking = int(np.isnan(unit.table.estimate[:, 0]).sum())
    assert 0 < lacking < 200
    for kind in KINDS:
        assert unit.sums.looks.after.performance(kind).estimates == 200 - lacking
