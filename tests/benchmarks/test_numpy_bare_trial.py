"""The NumPy program that speeds are compared with is right: its law, its records and its test."""

import math

import numpy as np
import numpy_bare_trial as bare
import pytest
from numpy_bare_trial import BareResult, simulate_and_test
from reference_log_rank_power import LOG_RANK_POWER
from scipy import stats

from simulator.scenario.loader import load_scenario

TRIALS = 40_000
FAR = 2 * stats.norm.sf(4)  # p value of 4 standard errors


@pytest.fixture(scope="module")
def result() -> BareResult:
    return simulate_and_test(TRIALS, 3)


def log_rank_one_by_one(time, event, arm):
    """Observed minus expected deaths and its variance, from the definition, death by death."""
    excess, variance = 0.0, 0.0
    for now in np.unique(time[event]):
        at_risk = time >= now
        n, n1 = at_risk.sum(), (at_risk & (arm == 1)).sum()
        dead = event & (time == now)
        d, d1 = dead.sum(), (dead & (arm == 1)).sum()
        excess += d1 - d * n1 / n
        if n > 1:
            variance += d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1)
    return excess, variance


def test_the_trial_is_that_of_the_scenario():
    scenario = load_scenario("two-arm-survival").scenario
    assert bare.PATIENTS == scenario.trial.target_randomised == scenario.accrual.candidates
    assert scenario.allocation.scheme == "random_allocation"
    assert scenario.allocation.ratio == [1, 1]
    assert 2 * bare.AN_ARM == bare.PATIENTS
    assert scenario.accrual.over_days == bare.ENTRY_DAYS
    assert scenario.trial.follow_up_days == bare.FOLLOW_UP_DAYS
    baseline = scenario.hazard.baseline
    assert baseline.kind == "exponential"
    assert baseline.horizon_days == bare.FOLLOW_UP_DAYS
    assert baseline.mortality_at_horizon == bare.MORTALITY
    assert scenario.hazard.effect.hazard_ratio == bare.HAZARD_RATIO
    assert scenario.exits.loss.net_probability == bare.LOSS
    assert scenario.exits.loss.by_day == bare.FOLLOW_UP_DAYS
    (plan,) = scenario.analyses
    assert (plan.test, plan.alpha, plan.lost) == ("log_rank", 0.05, "censored")
    assert stats.norm.isf(0.025) == pytest.approx(bare.CRITICAL_Z, rel=1e-15)


def test_power_is_that_of_the_other_numpy_program(result):
    error = math.sqrt(LOG_RANK_POWER * (1 - LOG_RANK_POWER) / TRIALS)
    assert abs(result.rejected.mean() - LOG_RANK_POWER) <= 4 * error


def test_the_log_rank_test_is_the_definition_and_scipys(result):
    for row in range(200):
        time, event, arm = result.time_days[row], result.event[row], result.arm[row]
        excess, variance = log_rank_one_by_one(time, event, arm)
        assert result.excess[row] == pytest.approx(excess, rel=0, abs=1e-10)
        assert result.variance[row] == pytest.approx(variance, rel=0, abs=1e-10)
        groups = (
            stats.CensoredData.right_censored(time[arm == a], ~event[arm == a]) for a in (1, 0)
        )
        expected = stats.logrank(*groups)
        z = result.excess[row] / math.sqrt(result.variance[row])
        assert z == pytest.approx(expected.statistic, rel=0, abs=1e-10)
        assert result.rejected[row] == (expected.pvalue <= 0.05)


def test_no_two_deaths_or_losses_are_nearer_than_the_packing_tells_apart(result):
    """So the packed times rank every patient as the times themselves do."""
    ordered = np.sort(result.time_days, axis=1)
    earlier, later = ordered[:, :-1], ordered[:, 1:]
    at_the_end = later == bare.FOLLOW_UP_DAYS
    near = (later - earlier <= bare.RELATIVE_STEP * later) & ~at_the_end
    assert not near.any()
    assert not result.event[result.time_days == bare.FOLLOW_UP_DAYS].any()


def test_packing_keeps_the_order_of_times_that_differ_by_more_than_its_step():
    """The nearest times that the bits can tell apart, with every pair of codes at either side."""
    times = np.array([1e-9, 0.7, 1.0, np.nextafter(1.0, 0), 41.3, 64.0, 83.99])
    later = times * (1 + 1.01 * bare.RELATIVE_STEP)
    kept = ~np.uint64(3)
    assert ((times.view(np.uint64) & kept) < (later.view(np.uint64) & kept)).all()
    largest_code_first = (times.view(np.uint64) & kept) | np.uint64(3)
    assert (largest_code_first < (later.view(np.uint64) & kept)).all()


def test_every_balanced_list_of_arms_is_as_likely(result):
    """The random allocation rule: counts of the second arm in any part of the list."""
    assert (result.arm.sum(axis=1) == 30).all()
    share = result.arm.mean(axis=0)
    assert (np.abs(share - 0.5) <= 5 * 0.5 / math.sqrt(TRIALS)).all()  # 60 of them: 3e-5
    for part in (slice(0, 30), slice(0, 60, 2), slice(20, 27)):
        law = stats.hypergeom(60, 30, np.arange(60)[part].size)
        counts = np.bincount(result.arm[:, part].sum(axis=1), minlength=law.args[2] + 1)
        expected = TRIALS * law.pmf(np.arange(counts.size))
        usual = expected >= 20  # the first class takes the rest
        seen, foreseen = counts[usual], expected[usual]
        seen[0] += counts[~usual].sum()
        foreseen[0] += expected[~usual].sum()
        assert stats.chisquare(seen, foreseen).pvalue > FAR
    runs = (np.diff(result.arm.astype(int), axis=1) != 0).sum(axis=1) + 1
    mean, variance = 31.0, 900 * (1800 - 60) * 2 / (3600 * 59)  # Wald and Wolfowitz 1940
    assert abs(runs.mean() - mean) <= 4 * math.sqrt(variance / TRIALS)


def test_entries_are_uniform(result):
    entries = result.entry_days.ravel()[:400_000]
    assert stats.kstest(entries, stats.uniform(0, 730).cdf).pvalue > FAR


@pytest.mark.parametrize(("arm", "mortality"), [(0, 0.6), (1, 0.4)])
def test_deaths_and_losses_compete_as_two_exponentials(result, arm, mortality):
    """Times and kinds of the first 400,000 patients of an arm, by closed forms."""
    chosen = result.arm == arm
    time, event = result.time_days[chosen][:400_000], result.event[chosen][:400_000]
    death, loss = -math.log(1 - mortality) / 84, -math.log(0.95) / 84
    total = death + loss
    out = 1 - math.exp(-84 * total)
    lost = ~event & (time < 84)
    for seen, probability in ((event, out * death / total), (lost, out * loss / total)):
        error = math.sqrt(probability * (1 - probability) / time.size)
        assert abs(seen.mean() - probability) <= 4 * error
    for times in (time[event], time[lost]):
        assert stats.kstest(times, lambda t: -np.expm1(-total * t) / out).pvalue > FAR


def test_columns_do_not_depend_on_one_another(result):
    """Arm, entry, time and event of one patient; and the same of the next patient."""
    first, second = slice(0, 59), slice(1, 60)
    arm = result.arm - 0.5
    entry = result.entry_days / 730 - 0.5
    mean_by_arm = np.array([result.time_days[result.arm == a].mean() for a in (0, 1)])
    late = result.time_days - mean_by_arm[result.arm]
    pairs = [
        (entry, arm),
        (entry, late),
        (entry, result.event - 0.5),
        (entry[:, first], entry[:, second]),
        (late[:, first], late[:, second]),
        (entry[:, first], late[:, second]),
        (late[:, first], entry[:, second]),
    ]
    for left, right in pairs:
        r = np.corrcoef(left.ravel(), right.ravel())[0, 1]
        assert abs(r) <= 4 / math.sqrt(left.size)


@pytest.mark.parametrize("trials", [1, 2, 1023, 1024, 1025, 2500])
def test_any_number_of_trials_fills_every_row(trials):
    found = simulate_and_test(trials, 8)
    assert {column.shape[0] for column in found} == {trials}
    assert (found.arm.sum(axis=1) == 30).all()
    last = found.time_days[-1], found.event[-1], found.arm[-1]
    expected = log_rank_one_by_one(*last)
    assert (found.excess[-1], found.variance[-1]) == pytest.approx(expected, rel=0, abs=1e-10)


def test_a_seed_gives_the_same_trials_again_and_another_seed_others():
    one, again, other = (simulate_and_test(100, seed) for seed in (1, 1, 2))
    for column, same in zip(one, again, strict=True):
        np.testing.assert_array_equal(column, same)
    assert not (one.time_days == other.time_days).any(where=one.event)
