"""Exact level of tests that decide by an interval: every table, against statsmodels' intervals."""

import itertools

import numpy as np
import pytest
from analysis_records import plan_of, proportion_test
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.proportion import test_proportions_2indep as score_test

from simulator.analysis import exact_power
from simulator.analysis.exact_power import ExactQuestion
from simulator.planning.certificate import exact_level, verdict_on
from simulator.results.certificate import LevelVerdict

# Words of ours and of statsmodels: (test, interval), (method, compare).
THEIRS = {
    ("risk_difference", "newcombe"): ("newcomb", "diff"),
    ("risk_difference", "miettinen_nurminen"): ("score", "diff"),
    ("risk_ratio", "log"): ("log-adjusted", "ratio"),
    ("odds_ratio", "log"): ("logit-adjusted", "odds-ratio"),
}
# 25 v 35, alpha .05: the largest sum of the probabilities of the tables whose interval of
# statsmodels leaves out no difference, on a grid of 20,001 common mortalities.
AT_25_35 = {"newcombe": 0.0530, "miettinen_nurminen": 0.0504}


def theirs(test: str, interval: str, n0: int, n1: int) -> np.ndarray:
    """Tables whose interval leaves out no difference."""
    method, compare = THEIRS[test, interval]
    none = 0.0 if compare == "diff" else 1.0
    found = np.zeros((n0 + 1, n1 + 1), bool)
    for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        if not 0 < x0 + x1 < n0 + n1:
            continue
        if method == "score":  # the test whose inversion is the interval; with N / (N - 1)
            found[x0, x1] = score_test(x1, n1, x0, n0, method=method).pvalue <= 0.05
        else:
            low, high = confint_proportions_2indep(
                x1, n1, x0, n0, method=method, compare=compare, alpha=0.05
            )
            found[x0, x1] = not low <= none <= high
    return found


def largest_on_a_grid(inside: np.ndarray) -> float:
    n0, n1 = inside.shape[0] - 1, inside.shape[1] - 1
    grid = np.linspace(0, 1, 20_001)
    first = stats.binom.pmf(np.arange(n0 + 1)[:, None], n0, grid)
    second = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, grid)
    return float(np.einsum("ig,jg,ij->g", first, second, inside.astype(float)).max())


@pytest.mark.parametrize("key", THEIRS, ids=" ".join)
@pytest.mark.parametrize("sizes", [(8, 13), (12, 12)])
@pytest.mark.filterwarnings("ignore")
def test_the_significant_tables_are_those_whose_interval_leaves_out_no_difference(key, sizes):
    test, interval = key
    ours = exact_power.rejection_set(ExactQuestion(test, *sizes, 0.05, interval=interval))
    assert (ours == theirs(test, interval, *sizes)).all()


@pytest.mark.parametrize("interval", AT_25_35)
@pytest.mark.filterwarnings("ignore")
def test_levels_at_25_v_35_are_those_of_statsmodels_intervals(interval):
    ours = exact_power.rejection_set(
        ExactQuestion("risk_difference", 25, 35, 0.05, interval=interval)
    )
    slow = largest_on_a_grid(theirs("risk_difference", interval, 25, 35))
    assert round(slow, 4) == AT_25_35[interval]
    # A grid of step h misses a smooth maximum by at most h^2/8 times a curvature below n^2.
    assert exact_power.size(ours)[0] == pytest.approx(slow, abs=(1 / 20_000) ** 2 / 8 * 60**2)


@pytest.mark.parametrize("interval", AT_25_35)
def test_a_certificate_says_that_the_interval_exceeds_its_level(interval):
    plan = plan_of("risk_difference", interval=interval)
    found = exact_level(plan, (5, 7), 60)
    assert found is not None
    assert round(found.probability, 4) == AT_25_35[interval]
    simulated = (0.04, 0.06)
    verdict = verdict_on(plan.test, plan.alpha, found, simulated, simulated)
    assert verdict == LevelVerdict.EXCEEDS_EXACT


@pytest.mark.parametrize("test", ["risk_ratio", "odds_ratio", "risk_difference"])
def test_the_score_interval_rejects_the_same_tables_whatever_the_measure(test):
    """Farrington and Manning's score statistic of no difference is one for all three."""
    expected = theirs("risk_difference", "miettinen_nurminen", 9, 14)
    question = ExactQuestion(test, 9, 14, 0.05, interval="miettinen_nurminen")
    assert (exact_power.rejection_set(question) == expected).all()


@pytest.mark.parametrize(
    ("test", "interval"),
    [*THEIRS, ("risk_ratio", "miettinen_nurminen"), ("odds_ratio", "miettinen_nurminen")],
    ids=" ".join,
)
def test_the_tables_hold_the_p_values_of_the_simulation(test, interval):
    table = exact_power.p_value_table(ExactQuestion(test, 7, 5, 0.05, interval=interval))
    for x0, x1 in itertools.product(range(8), range(6)):
        one = proportion_test(test, x0, 7, x1, 5, interval=interval)
        assert table[x0, x1] == (1.0 if one.reason else one.p_value)
