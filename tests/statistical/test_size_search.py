"""The search for a size: against exact enumeration, a formula, another library, and itself.

The search knows its answer to a few patients, and states its own error: tolerances are four of
those, or steps of the exact curve. How often its confidence set is right is in the file that
`size_coverage` wrote.
"""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from reference_sizes import exact_chi_square_power, fates, schoenfeld_power
from scipy.optimize import brentq
from size_coverage import (
    DROPOUT,
    MORTALITIES,
    POWERS,
    SEEDS,
    STARTS,
    base,
    by_case,
    found,
    search,
    stored,
    target,
)

from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import Engine, Evaluation, Stop, monte_carlo
from simulator.planning import search as planning_search
from simulator.planning.paired import UNKNOWN
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.probit_fit import Count, Line, fit_level, fit_line
from simulator.planning.search import FIRST_TRIALS, SizeTarget
from simulator.planning.size import find_size
from simulator.planning.variation import changed
from simulator.results.size import PATIENTS, NoSizeKind
from simulator.scenario.loader import load_scenario

START, POWER, SEED = 60, 0.8, 1
STEP = 2  # patients: one more in each arm
HAZARD_RATIO = "hazard.effect.hazard_ratio"
CASES = [(start, power) for start in STARTS for power in POWERS]


def quiet(_line: str) -> None:
    pass


def exact(patients: float) -> float:
    return exact_chi_square_power(int(patients), *MORTALITIES, DROPOUT)


def rejections(prepared: Prepared, seed: int, trials: int, first_trial: int = 0) -> int:
    """Rejections among successive trials, by the Monte Carlo loop that `run` goes through."""
    run = monte_carlo(
        prepared.params,
        Evaluation(prepared.plans, (UNKNOWN,), ()),
        seed,
        Stop(trials, None),
        1,
        Engine.COMPILED,
        lambda *_: None,
        lambda *_: None,
        first_trial,
    )
    assert run.trials == trials
    return int(run.rejections[0])


@pytest.fixture(scope="module", params=POWERS)
def answered(request):
    sized = search(START, request.param, SEED)
    assert sized.answer is not None
    return sized


# Against the exact curve -------------------------------------------------------------------------


def test_confidence_interval_holds_the_exact_size(answered):
    answer = answered.answer
    assert answered.precise
    assert answer.low <= target(answered.target_power) <= answer.high


def test_power_stated_at_the_answer_is_the_exact_one(answered):
    """One step more: the exact curve ripples about the smooth one that the search fits."""
    answer = answered.answer
    truth = exact(answer.value)
    tolerance = 4 * answer.mcse + exact(answer.value + STEP) - truth
    assert answer.power == pytest.approx(truth, abs=tolerance)
    assert truth >= answered.target_power - tolerance


def test_the_answer_is_the_first_step_from_the_crossing_on(answered):
    crossing = Line(**vars(answered.fit)).crossing(answered.target_power)[0] ** 2
    assert answered.answer.value - STEP < crossing <= answered.answer.value


def test_confidence_interval_is_as_narrow_as_the_default_asks(answered):
    """Within 2 % before both ends are rounded up, each by less than a step."""
    answer = answered.answer
    assert (answer.high - answer.low) / 2 < 0.02 * answer.high + STEP / 2


@pytest.mark.parametrize(("start", "power"), CASES)
def test_confidence_intervals_of_200_seeds_hold_the_exact_size_as_often_as_they_say(start, power):
    """As often as 95 %, as far as 200 seeds can tell, or more often.

    Ends rounded to whole pairs make the set wider than the interval that they come from.
    """
    rows = next(rows for *case, rows in by_case(stored()) if case == [start, power])
    assert [row.seed for row in rows] == list(SEEDS)
    assert all(row.covered == (row.low <= target(power) <= row.high) for row in rows)
    _, high = interval(sum(row.covered for row in rows), len(rows))
    assert high >= 0.95


@pytest.mark.parametrize(("start", "power", "seed"), [(60, 0.8, 2), (60, 0.9, 200)])
def test_search_run_again_gives_what_is_stored(start, power, seed):
    row = next(row for row in stored() if (row.start, row.power, row.seed) == (start, power, seed))
    assert found(start, power, seed) == row


# What it counts ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counted():
    """A search with one round of fresh trials, and its runs: patients, trials and first trial."""
    asked = SizeTarget(PATIENTS, POWER, 4, 10_000, 12.0, 50_000_000)
    runs: list[tuple[int, int, int]] = []
    whole = planning_search.run_trials

    def run_trials(prepared, trials, seed, jobs, watch, first):
        runs.append((prepared.params.trial.target_randomised, trials, first))
        return whole(prepared, trials, seed, jobs, watch, first)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning_search, "run_trials", run_trials)
        return find_size(base(START), asked, SEED, 1, quiet, whole=True, guess=None), runs


def test_counts_are_those_of_the_same_trials_run_alone(counted):
    """The first trials are the same at every value; fresh ones follow on each other."""
    sized, runs = counted
    expected: dict[float, Count] = {}
    next_trial = FIRST_TRIALS
    for value, trials, first in runs:
        fresh = first > 0
        assert first == (next_trial if fresh else 0)
        assert fresh or trials == FIRST_TRIALS
        prepared = prepare(changed(base(START).loaded, {PATIENTS: value}, "test"), quiet)
        rejected = rejections(prepared, SEED, trials, first)
        next_trial += trials if fresh else 0
        before = expected.get(value, Count(0, 0))
        expected[value] = Count(before.trials + trials, before.rejections + rejected)
    assert next_trial > FIRST_TRIALS
    assert {p.value: Count(p.trials, p.rejections) for p in sized.curve} == expected
    assert sized.trials == sum(trials for _, trials, _ in runs)


def test_answer_does_not_depend_on_the_number_of_jobs(counted):
    sized, _ = counted
    asked = SizeTarget(PATIENTS, POWER, 4, 10_000, 12.0, 50_000_000)
    assert find_size(base(START), asked, SEED, 2, quiet, whole=True, guess=None) == sized


# Other keys, and none ----------------------------------------------------------------------------


def schoenfeld_ratio(patients: int, power: float) -> float:
    """Hazard ratio at which the bare trial has a power, by Schoenfeld, with the deaths expected."""

    def deaths(ratio: float) -> float:
        control = 1 - MORTALITIES[0]
        arms = [fates(1 - control**hazard, DROPOUT)[0] for hazard in (1.0, ratio)]
        return patients / 2 * sum(arms)

    def lacking(ratio: float) -> float:
        return schoenfeld_power(deaths(ratio), ratio, 0.05) - power

    return float(brentq(lacking, 0.05, 0.95))


def test_key_that_costs_power_is_answered_by_its_largest_value():
    prepared = prepare(load_scenario("two-arm-survival"), quiet)
    asked = SizeTarget(HAZARD_RATIO, POWER, 0.2, 0.95, None, 50_000_000)
    sized = find_size(prepared, asked, SEED, 1, quiet, whole=False, guess=None)
    answer = sized.answer
    assert answer.low < answer.value < answer.high
    assert sized.fit.slope < 0
    # Schoenfeld's formula is for ratios near 1.
    assert answer.value == pytest.approx(schoenfeld_ratio(60, POWER), rel=0.1)
    trials = 10_000
    there = changed(prepared.loaded, {HAZARD_RATIO: answer.value}, "test")
    power = rejections(prepare(there, quiet), SEED + 1, trials) / trials
    error = math.hypot(answer.mcse, standard_error(round(power * trials), trials))
    assert power == pytest.approx(POWER, abs=4 * error)


def test_size_that_recruitment_does_not_reach_is_out_of_reach():
    loaded = load_scenario("nct05484908").with_one_analysis(0)
    prepared = prepare(loaded.changed({"trial.max_recruitment_days": 400}, "test"), quiet)
    asked = SizeTarget(PATIENTS, POWER, 4, 10_000, None, 50_000_000)
    sized = find_size(prepared, asked, SEED, 1, quiet, whole=True, guess=None)
    assert (sized.answer, sized.fit, sized.precise) == (None, None, False)
    came = 2.32 * 400 / (365.25 / 12)  # a month
    error = math.sqrt(came / FIRST_TRIALS)
    reason = sized.reason
    assert (reason.kind, reason.recruitment_days) == (NoSizeKind.RECRUITMENT, 400)
    assert reason.patients == pytest.approx(came, abs=4 * error)
    largest = max(sized.curve, key=lambda point: point.power)
    assert sized.largest.value == largest.value
    there = changed(prepared.loaded, {PATIENTS: int(largest.value)}, "test")
    rejected = rejections(prepare(there, quiet), SEED, FIRST_TRIALS)
    assert rejected == largest.rejections < POWER * FIRST_TRIALS


# The fit -----------------------------------------------------------------------------------------

COUNTS = {
    170.0: Count(1000, 707),
    198.0: Count(2500, 1985),
    202.0: Count(2400, 1930),
    206.0: Count(700, 577),
    240.0: Count(1000, 868),
}


def fitted(design: np.ndarray, offset: np.ndarray | None):
    counts = np.array([(c.rejections, c.trials - c.rejections) for c in COUNTS.values()])
    family = sm.families.Binomial(sm.families.links.Probit())
    return sm.GLM(counts, design, family=family, offset=offset).fit(tol=1e-14)


def columns() -> tuple[np.ndarray, float]:
    x = np.sqrt(list(COUNTS))
    return x, float(np.average(x, weights=[count.trials for count in COUNTS.values()]))


def test_line_is_the_probit_regression_of_statsmodels():
    x, centre = columns()
    other = fitted(np.column_stack([np.ones_like(x), x - centre]), None)
    line = fit_line(COUNTS, math.sqrt)
    assert line.centre == pytest.approx(centre)
    assert (line.level, line.slope) == pytest.approx(tuple(other.params), rel=1e-8)
    variances = tuple(np.diag(other.cov_params()))
    assert (line.level_variance, line.slope_variance) == pytest.approx(variances, rel=1e-6)


def test_level_is_the_probit_regression_of_statsmodels_with_the_slope_an_offset():
    x, centre = columns()
    slope = Line(14.0, 0.7, 0.19, 0.3, 0.0004)
    other = fitted(np.ones((x.size, 1)), slope.slope * (x - centre))
    line = fit_level(COUNTS, math.sqrt, slope)
    assert (line.slope, line.slope_variance) == (slope.slope, slope.slope_variance)
    assert line.centre == pytest.approx(centre)
    assert line.level == pytest.approx(float(other.params[0]), rel=1e-8)
    assert line.level_variance == pytest.approx(float(other.cov_params()[0, 0]), rel=1e-6)
