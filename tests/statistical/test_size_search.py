"""The search for a size: against exact enumeration, a formula, another library, and itself.

The search knows its answer to a few patients, and states its own error: tolerances are four of
those, or steps of the exact curve. How often its confidence set is right is in the file that
`size_coverage` wrote.
"""

import math
from functools import lru_cache

import numpy as np
import pytest
import reference_sizes
import statsmodels.api as sm
from reference_sizes import exact_chi_square_power, fates, schoenfeld_power
from scipy.optimize import brentq
from scipy.stats import binom, norm
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

from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.loop import Run, Stop, monte_carlo
from simulator.montecarlo.workers import Workers
from simulator.planning import simulated
from simulator.planning.closed_forms import normal_patients
from simulator.planning.lasting import exact_power_of, lasting
from simulator.planning.paired import UNKNOWN
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.probit_fit import Count, Line, fit_level, fit_line
from simulator.planning.search import CHECKED_TRIALS, FIRST_TRIALS, SizeTarget
from simulator.planning.size import find_size
from simulator.planning.variation import changed
from simulator.results.size import PATIENTS, NoSizeKind
from simulator.scenario.loader import load_scenario

START, POWER, SEED = 60, 0.8, 1
STEP = 2  # patients: one more in each arm
MOST_EXACT = 400  # patients, where losses leave arms of any size
HAZARD_RATIO = "hazard.effect.hazard_ratio"
CASES = [(start, power) for start in STARTS for power in POWERS]


def quiet(_line: str) -> None:
    pass


def exact(patients: float) -> float:
    return exact_chi_square_power(int(patients), *MORTALITIES, DROPOUT)


def rejections(prepared: Prepared, seed: int, trials: int, first_trial: int = 0) -> int:
    """Rejections among successive trials, by the Monte Carlo loop that `run` goes through."""
    asked = Run(
        prepared.params,
        Evaluation(prepared.plans, (UNKNOWN,), ()),
        seed,
        Stop(trials, None),
        lambda *_: None,
        lambda *_: None,
        first_trial,
    )
    run = monte_carlo(asked, Workers(), Engine.COMPILED)
    assert run.trials == trials
    return int(run.rejections[0])


@pytest.fixture(scope="module", params=POWERS)
def answered(request):
    sized = search(START, request.param, SEED)
    assert sized.answer is not None
    return sized


# Against the exact curve -------------------------------------------------------------------------


def test_confidence_interval_of_the_trend_holds_the_exact_size(answered):
    assert answered.precise
    assert answered.n_trend_low <= target(answered.target_power) <= answered.n_trend_high


def test_where_power_is_exact_the_answer_is_where_it_lasts(answered):
    """By enumeration (`reference_sizes`): short of the target just before, never after."""
    answer, wanted = answered.answer, answered.target_power
    assert answer.is_exact
    assert answered.n_lasting == answer.value == answer.low == answer.high
    assert exact(answer.value - STEP) < wanted
    after = [exact(answer.value + k * STEP) for k in range(12)]
    assert min(after) >= wanted
    assert (answer.power, answer.mcse) == (pytest.approx(after[0], abs=1e-7), 0.0)


def test_the_answer_is_a_row_whose_power_is_that_of_the_answer(answered):
    (row,) = [point for point in answered.curve if point.value == answered.answer.value]
    assert row.exact_power == answered.answer.power
    assert row.power == pytest.approx(row.exact_power, abs=4 * row.mcse)
    assert row.trials >= CHECKED_TRIALS
    assert row.randomised == row.value


def test_every_row_is_within_its_error_of_the_exact_power(answered):
    for row in answered.curve:
        assert row.power == pytest.approx(exact(row.value), abs=4 * row.mcse)
        if row.value <= MOST_EXACT:
            assert row.exact_power == pytest.approx(exact(row.value), abs=1e-7)
        else:
            assert row.exact_power is None


def test_the_trend_is_the_first_step_from_the_crossing_on(answered):
    crossing = Line(**vars(answered.fit)).crossing(answered.target_power)[0] ** 2
    assert answered.n_trend - STEP < crossing <= answered.n_trend


def test_the_fitted_curve_is_the_line_and_crosses_at_the_trend(answered):
    line = Line(**vars(answered.fit))
    for point in answered.fitted:
        eta = line.level + line.slope * (math.sqrt(point.value) - line.centre)
        assert point.power == pytest.approx(float(norm.cdf(eta)), abs=1e-12)
        assert point.ci_low < point.power < point.ci_high
    above = [point.value for point in answered.fitted if point.power >= answered.target_power]
    assert min(above) == pytest.approx(answered.n_trend, abs=0.03 * answered.n_trend)


def test_confidence_interval_is_as_narrow_as_the_default_asks(answered):
    """Within 2 % before both ends are rounded up, each by less than a step."""
    half = (answered.n_trend_high - answered.n_trend_low) / 2
    assert half < 0.02 * answered.n_trend_high + STEP / 2


@pytest.mark.parametrize(("start", "power"), CASES)
def test_confidence_intervals_of_many_seeds_hold_the_exact_size_as_often_as_they_say(start, power):
    """As often as 95 %, as far as the seeds can tell, or more often.

    Ends rounded to whole pairs make the set wider than the interval that they come from.
    """
    rows = next(rows for *case, rows in by_case(stored()) if case == [start, power])
    assert [row.seed for row in rows] == list(SEEDS)
    assert all(row.covered == (row.low <= target(power) <= row.high) for row in rows)
    _, high = interval(sum(row.covered for row in rows), len(rows))
    assert high >= 0.95


@pytest.mark.parametrize(("start", "power"), CASES)
def test_powers_quoted_by_many_seeds_are_exact_as_often_as_they_say(start, power):
    rows = next(rows for *case, rows in by_case(stored()) if case == [start, power])
    held = [abs(row.power_there - exact(row.value)) <= 1.96 * row.mcse for row in rows]
    assert interval(sum(held), len(held))[1] >= 0.95


@pytest.mark.parametrize(("start", "power", "seed"), [(60, 0.8, 2), (60, 0.9, 50)])
def test_search_run_again_gives_what_is_stored(start, power, seed):
    row = next(row for row in stored() if (row.start, row.power, row.seed) == (start, power, seed))
    assert found(start, power, seed) == row


# Where the power stays ---------------------------------------------------------------------------


# By enumeration with `reference_sizes` (and `trialsim exact`): Fisher 79.5 % at 214, 80.2 % at 216
# and more from there on, though 80.1 % at 204; chi-square 80.0 % at 192.
@pytest.mark.parametrize(("test", "patients"), [("fisher", 216), ("chi_square", 194)])
def test_lasting_size_without_loss_is_that_by_enumeration(test, patients):
    """The run that once said that no size has the power, above rows that had more."""
    changes = {"analyses[0].test": test, "analyses[0].lost": "excluded"}
    changes |= {"exits.loss.net_probability": 0}
    prepared = prepare(load_scenario("two-arm-survival").changed(changes, "test"), quiet)
    asked = SizeTarget(PATIENTS, 0.8, 4, 10_000, None, 50_000_000)
    sized = find_size(prepared, asked, 120, Workers(), quiet, whole=True, guess=None)
    powers = reference_sizes.exact_curve(range(180, 300, 2), 0.6, 0.4, 0.0, test)
    assert max(n for n, power in powers.items() if power < 0.8) == patients - STEP
    assert (sized.reason, sized.answer.value) == (None, patients)
    assert sized.answer.power == pytest.approx(powers[patients], abs=1e-9)
    assert abs(sized.n_trend - patients) <= 12  # a tooth is six pairs wide


@pytest.mark.parametrize("lost", ["excluded", "worst_case", "best_case"])
@pytest.mark.parametrize("favoured", [False, True])
def test_exact_power_is_that_by_enumeration(lost, favoured):
    """SciPy's binomials over the tables that the oracle rejects, by who counts as what."""
    changes = {"analyses[0].test": "fisher", "analyses[0].lost": lost}
    prepared = prepare(load_scenario("two-arm-survival").changed(changes, "test"), quiet)
    power = exact_power_of(prepared.params, prepared.plans[0], favoured=favoured)
    arms = [reference_sizes.fates(mortality, DROPOUT) for mortality in MORTALITIES]
    if lost == "excluded":
        if favoured:
            return
        assert power(60) == pytest.approx(
            reference_sizes.exact_fisher_power(60, *MORTALITIES, DROPOUT), abs=1e-7
        )
        return
    rates = [dead + (left if lost == "worst_case" else 0.0) for dead, left, _ in arms]
    rejected = reference_sizes.fisher_rejects(30, 30)
    if favoured:
        rejected = rejected & (np.arange(31)[None, :] < np.arange(31)[:, None])
    first, second = (binom.pmf(np.arange(31), 30, rate) for rate in rates)
    assert power(60) == pytest.approx(float(first @ rejected @ second), abs=1e-12)


@pytest.mark.parametrize(
    ("scheme", "options", "law"),
    [
        ("complete", {}, lambda k: binom.pmf(k, 6, 0.5)),
        ("random_allocation", {}, lambda k: float(k == 3)),
        ("permuted_block", {"block_size": 4}, lambda k: {2: 1 / 6, 3: 2 / 3, 4: 1 / 6}.get(k, 0)),
    ],
)
def test_exact_power_sums_over_the_sizes_that_a_scheme_gives_the_arms(scheme, options, law):
    """Six patients: a coin for each; three an arm; or a block of four and two of the next."""
    changes = {
        "analyses[0].test": "chi_square",
        "analyses[0].lost": "worst_case",
        "allocation.scheme": scheme,
        "allocation.options": options,
    }
    prepared = prepare(load_scenario("two-arm-survival").changed(changes, "test"), quiet)
    power = exact_power_of(prepared.params, prepared.plans[0], favoured=False)
    rates = [sum(reference_sizes.fates(mortality, DROPOUT)[:2]) for mortality in MORTALITIES]
    expected = 0.0
    for size in range(1, 6):
        first = binom.pmf(np.arange(size + 1), size, rates[0])
        second = binom.pmf(np.arange(7 - size), 6 - size, rates[1])
        rejected = reference_sizes.chi_square_rejects(size, 6 - size)
        expected += law(size) * float(first @ rejected @ second)
    assert power(6) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"analyses[0].test": "log_rank"},
        {"hazard.frailty_log_sd": 0.5},
        {"exits.transplant.net_probability": 0.1},
        {"hazard.effect.delay_days": 10},
        {"allocation.scheme": "efron", "allocation.options": {"probability": 0.7}},
    ],
)
def test_no_exact_power_is_claimed_where_outcomes_are_not_known_beforehand(changes):
    known = {"analyses[0].test": "fisher", "analyses[0].lost": "excluded"}
    if changes.get("analyses[0].test") == "log_rank":
        known["analyses[0].lost"] = "censored"
    loaded = load_scenario("two-arm-survival").changed({**known, **changes}, "test")
    prepared = prepare(loaded, quiet)
    assert exact_power_of(prepared.params, prepared.plans[0], favoured=False) is None


def test_lasting_number_is_the_last_that_fails_and_a_step():
    """Slow and obvious: every number up to three times the normal approximation."""
    rng = np.random.default_rng(4)
    compared = 0
    while compared < 25:
        first, second = rng.uniform(0.02, 0.98, 2)
        wanted, ratio = rng.choice([0.5, 0.8, 0.9, 0.95]), int(rng.integers(1, 3))
        step = 1 + ratio
        about = normal_patients(first, second, 0.05, wanted, ratio)
        if abs(first - second) < 0.2 or about > 150:
            continue

        @lru_cache(maxsize=1024)
        def power(n, rates=(first, second), step=step, ratio=ratio):
            sizes = n // step, ratio * n // step
            arms = [binom.pmf(np.arange(m + 1), m, p) for m, p in zip(sizes, rates, strict=True)]
            return float(arms[0] @ reference_sizes.fisher_rejects(*sizes) @ arms[1])

        most = int(max(3 * about, 100)) // step * step
        short = [n for n in range(2 * step, most, step) if power(n) < wanted]
        expected = max(short) + step if short else 2 * step
        assert lasting(power, wanted, 2 * step, most, 1000 // step * step, step) == expected
        compared += 1


# What it counts ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counted():
    """A search with one round of fresh trials, and its runs: patients, trials and first trial."""
    asked = SizeTarget(PATIENTS, POWER, 4, 10_000, 12.0, 50_000_000)
    runs: list[tuple[int, int, int]] = []
    whole = simulated.run_trials

    def run_trials(prepared, trials, seed, jobs, watch, first):
        runs.append((prepared.params.trial.target_randomised, trials, first))
        return whole(prepared, trials, seed, jobs, watch, first)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated, "run_trials", run_trials)
        return find_size(base(START), asked, SEED, Workers(), quiet, whole=True, guess=None), runs


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
    assert find_size(base(START), asked, SEED, Workers(2), quiet, whole=True, guess=None) == sized


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
    sized = find_size(prepared, asked, SEED, Workers(), quiet, whole=False, guess=None)
    answer = sized.answer
    assert answer.low < answer.value < answer.high
    assert sized.fit.slope < 0
    # Schoenfeld's formula is for ratios near 1.
    assert answer.value == pytest.approx(schoenfeld_ratio(60, POWER), rel=0.1)
    (row,) = [point for point in sized.curve if point.value == answer.value]
    assert (row.power, row.mcse) == (answer.power, answer.mcse)
    assert row.trials >= CHECKED_TRIALS
    trials = 10_000
    there = changed(prepared.loaded, {HAZARD_RATIO: answer.value}, "test")
    power = rejections(prepare(there, quiet), SEED + 1, trials) / trials
    error = math.hypot(answer.mcse, standard_error(round(power * trials), trials))
    assert power == pytest.approx(POWER, abs=4 * error)


def test_power_in_favour_of_the_treatment_arm_is_sought_where_asked():
    """Both hazards alike: a two-sided test of 5 % rejects for either arm in half of its errors.

    So 2.5 % in favour of the treatment arm is what every number has, and 10 % none.
    """
    changes = {"analyses[0].test": "fisher", "analyses[0].lost": "excluded", HAZARD_RATIO: 1}
    prepared = prepare(load_scenario("two-arm-survival").changed(changes, "test"), quiet)
    asked = SizeTarget(PATIENTS, 0.1, 40, 120, None, 50_000_000, favoured=True)
    sized = find_size(prepared, asked, SEED, Workers(), quiet, whole=True, guess=None)
    assert sized.favoured
    assert (sized.arm, sized.reason.kind) == ("experimental", NoSizeKind.NEVER)
    for point in sized.curve:
        assert point.power == point.favouring_share <= point.rejections / point.trials
        assert point.exact_power < 0.025
        assert point.power == pytest.approx(point.exact_power, abs=4 * point.mcse)


def test_size_that_recruitment_does_not_reach_is_out_of_reach():
    loaded = load_scenario("nct05484908").with_one_analysis(0)
    prepared = prepare(loaded.changed({"trial.max_recruitment_days": 400}, "test"), quiet)
    asked = SizeTarget(PATIENTS, POWER, 4, 10_000, None, 50_000_000)
    sized = find_size(prepared, asked, SEED, Workers(), quiet, whole=True, guess=None)
    assert (sized.answer, sized.fit, sized.precise) == (None, None, False)
    came = 2.32 * 400 / (365.25 / 12)  # a month
    error = math.sqrt(came / FIRST_TRIALS)
    reason = sized.reason
    assert (reason.kind, reason.recruitment_days) == (NoSizeKind.RECRUITMENT, 400)
    assert reason.patients == pytest.approx(came, abs=4 * error)
    largest = max(sized.curve, key=lambda point: point.power)
    assert sized.largest.value == sized.operations.value == largest.value
    assert largest.trials >= CHECKED_TRIALS
    assert largest.power < POWER
    assert sized.operations.randomised.mean == pytest.approx(largest.randomised, abs=0.2)
    # Rows beyond what can be recruited say so: as many are randomised at every planned number.
    limit = sized.recruitment
    assert limit.days == 400
    assert limit.randomised == pytest.approx(came, abs=4 * error)
    beyond = [point for point in sized.curve if point.value >= limit.value]
    assert beyond
    for point in beyond:
        assert sized.is_limited(point.value)
        assert point.randomised < point.value
        assert 0 < point.randomised_mcse < 1
        assert point.rejections <= point.analysable <= point.trials


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
