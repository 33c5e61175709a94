"""Intervals of one proportion against SciPy's and statsmodels's."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from simulator.analysis.proportion_intervals import clopper_pearson, wilson
from simulator.montecarlo.intervals import interval

NUMBERS = (1, 2, 7, 17, 50, 1_000, 10_000)


def counts_of(number: int) -> list[int]:
    return sorted({0, 1, number // 3, number // 2, number - 1, number})


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilsons_interval_is_that_of_other_libraries(number, confidence):
    z = stats.norm.isf((1 - confidence) / 2)
    for count in counts_of(number):
        found = wilson(count, number, z)
        theirs = stats.binomtest(count, number).proportion_ci(confidence, "wilson")
        assert found == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-14)
        others = proportion_confint(count, number, 1 - confidence, "wilson")
        assert found == pytest.approx(others, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_clopper_and_pearsons_limits_are_those_of_other_libraries(number, confidence):
    counts = counts_of(number)
    found = np.transpose(clopper_pearson(counts, number, (1 - confidence) / 2))
    for count, limits in zip(counts, found, strict=True):
        theirs = stats.binomtest(count, number).proportion_ci(confidence, "exact")
        # SciPy searches for each limit until it is within 2e-12.
        assert limits == pytest.approx((theirs.low, theirs.high), rel=1e-12, abs=4e-12)
        others = proportion_confint(count, number, 1 - confidence, "beta")
        assert limits == pytest.approx(others, rel=1e-9, abs=1e-14)


def test_one_count_has_the_limits_that_it_has_among_others():
    low, high = clopper_pearson(np.arange(18), 17, 0.005)
    assert [clopper_pearson(k, 17, 0.005) for k in range(18)] == list(zip(low, high, strict=True))


@pytest.mark.parametrize("number", NUMBERS)
def test_none_and_all_have_the_end_itself(number):
    assert interval(0, number)[0] == 0.0
    assert interval(number, number)[1] == 1.0
    assert clopper_pearson(0, number, 0.025)[0] == 0.0
    assert clopper_pearson(number, number, 0.025)[1] == 1.0
