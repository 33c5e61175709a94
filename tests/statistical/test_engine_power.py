"""Level and power of bare trials in the whole engine against exact computations."""

import functools
import math

import numpy as np
import pytest
from analysis_records import design, plan_of
from reference_log_rank_power import LOG_RANK_POWER, log_rank_rejects
from scipy import stats

from simulator.analysis import AnalysisPlan
from simulator.analysis.analyse import analyse
from simulator.analysis.cut import END
from simulator.analysis.exact_power import ExactQuestion, power, rejection_set
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.records import TrialRecords
from simulator.scenario.loader import load_scenario

FOLLOW_UP = 84
BOTH_ARMS = 30
TRIALS = 1_000
LOG_RANK = plan_of("log_rank", "censored", name="log_rank")
ON_COUNTS = tuple(plan_of(test, name=test) for test in ("fisher", "chi_square", "boschloo"))


def bare_trials(null: str, seed: int) -> TrialRecords:
    """Simulate the bare scenario as it is shipped, or under a null hypothesis."""
    scenario = load_scenario("two-arm-survival").scenario
    asked = scenario.model_copy(update={"null_hypothesis": null})
    return simulate(lower(asked), seed, 0, TRIALS)


def nobody_lost(records: TrialRecords) -> TrialRecords:
    """Return the same trials as they are where nobody is ever lost: deaths are all on record."""
    never = np.full(records.patients.arm.size, np.inf)
    return records._replace(patients=records.patients._replace(loss_after_days=never))


@pytest.fixture(scope="module")
def with_effect() -> TrialRecords:
    return bare_trials("none", 901)


@pytest.fixture(scope="module")
def under_null() -> TrialRecords:
    return bare_trials("strong", 902)


def rejections(records: TrialRecords, plan: AnalysisPlan) -> int:
    p_value = analyse(records, [plan], design(FOLLOW_UP), END).p_value[:, 0]
    return int((p_value <= plan.alpha).sum())


def assert_share(count: int, probability: float) -> None:
    error = math.sqrt(probability * (1 - probability) / TRIALS)
    assert abs(count / TRIALS - probability) <= 4 * error, f"{count / TRIALS}, not {probability}"


@functools.cache
def p_value(test: str, dead: tuple[int, int]) -> float:
    """p value of two groups of 30 by SciPy."""
    table = [[dead[0], BOTH_ARMS - dead[0]], [dead[1], BOTH_ARMS - dead[1]]]
    if test == "fisher":
        return float(stats.fisher_exact(table).pvalue)
    if sum(dead) in (0, 2 * BOTH_ARMS):
        return math.nan
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def exact_power(test: str, mortality: tuple[float, float]) -> float:
    """Sum the probability of every pair of counts that rejects."""
    counts = np.arange(BOTH_ARMS + 1)
    first, second = (stats.binom(BOTH_ARMS, p).pmf(counts) for p in mortality)
    return float(
        sum(
            first[a] * second[b]
            for a in counts
            for b in counts
            if p_value(test, (int(a), int(b))) <= 0.05
        )
    )


@pytest.mark.parametrize(("test", "published"), [("fisher", 0.257143), ("chi_square", 0.349609)])
def test_power_of_two_proportions_is_the_exact_one_where_nobody_is_lost(
    with_effect, test, published
):
    assert exact_power(test, (0.6, 0.4)) == pytest.approx(published, abs=5e-7)
    plan = next(plan for plan in ON_COUNTS if plan.test == test)
    assert_share(rejections(nobody_lost(with_effect), plan), published)


def test_power_of_the_log_rank_test_with_5_percent_loss_is_that_of_numpy_alone(with_effect):
    assert_share(rejections(with_effect, LOG_RANK), LOG_RANK_POWER)
    lost = with_effect.patients.loss_after_days < with_effect.patients.death_after_days
    assert lost.any()


def test_numpy_alone_gives_the_power_that_it_is_said_to():
    trials = 40_000
    error = math.sqrt(LOG_RANK_POWER * (1 - LOG_RANK_POWER) / trials)
    assert abs(log_rank_rejects(trials, 5).mean() - LOG_RANK_POWER) <= 4 * error


def test_deaths_by_arm_are_binomial_and_independent(with_effect):
    died = np.isfinite(with_effect.patients.death_after_days).reshape(TRIALS, -1)
    arms = with_effect.patients.arm.reshape(TRIALS, -1)
    assert ((arms == 0).sum(axis=1) == BOTH_ARMS).all()
    first, second = ((died & (arms == a)).sum(axis=1) for a in (0, 1))
    for counts, mortality in ((first, 0.6), (second, 0.4)):
        law = stats.binom(BOTH_ARMS, mortality)
        values, seen = np.unique(counts, return_counts=True)
        for value, number in zip(values, seen, strict=True):
            tails = stats.binom(TRIALS, law.pmf(value))
            likely = 2 * min(tails.cdf(number), tails.sf(number - 1))
            assert likely >= 2 * stats.norm.sf(4), (value, number)
    correlation = np.corrcoef(first, second)[0, 1]
    assert abs(math.atanh(correlation)) <= 4 / math.sqrt(TRIALS - 3)


def test_fishers_test_has_its_exact_size_under_the_null(under_null):
    size = exact_power("fisher", (0.6, 0.6))
    assert size < 0.05
    assert_share(rejections(nobody_lost(under_null), ON_COUNTS[0]), size)


def test_boschloos_test_has_its_exact_size_under_the_null_and_no_more_than_its_level(under_null):
    inside = rejection_set(ExactQuestion("boschloo", BOTH_ARMS, BOTH_ARMS, 0.05))
    size = power(inside, 0.6, 0.6)
    assert size <= 0.05
    boschloo = ON_COUNTS[2]
    assert_share(rejections(nobody_lost(under_null), boschloo), size)


def test_fishers_test_has_its_exact_size_for_the_arms_that_loss_leaves(under_null):
    """Given how many of either arm are left, deaths are binomial: rejections add up to a law."""
    p = under_null.patients
    left = (p.loss_after_days >= np.minimum(p.death_after_days, FOLLOW_UP)).reshape(TRIALS, -1)
    arm = p.arm.reshape(TRIALS, -1)
    sizes, trials = np.unique(
        np.column_stack([(left & (arm == a)).sum(axis=1) for a in (0, 1)]),
        axis=0, return_counts=True,
    )  # fmt: skip
    assert len(sizes) > 1
    # Death and loss compete, both exponential: the mortality of those whom loss leaves.
    death, loss = -math.log(0.4), -math.log(0.95)
    dead_first = death / (death + loss) * (1 - 0.4 * 0.95)
    mortality = dead_first / (dead_first + 0.4 * 0.95)
    level = np.array([
        power(rejection_set(ExactQuestion("fisher", *map(int, n), 0.05)), mortality, mortality)
        for n in sizes
    ])  # fmt: skip
    assert (level <= 0.05).all()
    expected, variance = trials @ level, trials @ (level * (1 - level))
    assert abs(rejections(under_null, ON_COUNTS[0]) - expected) <= 4 * math.sqrt(variance)


def test_a_two_sided_test_rejects_as_often_in_favour_of_either_label(under_null):
    table = analyse(under_null, [LOG_RANK], design(FOLLOW_UP), END)
    favoured = table.favours[:, 0][table.p_value[:, 0] <= 0.05]
    law = stats.binom(favoured.size, 0.5)
    second = int((favoured == 1).sum())
    assert 2 * min(law.cdf(second), law.sf(second - 1)) >= 2 * stats.norm.sf(4)
