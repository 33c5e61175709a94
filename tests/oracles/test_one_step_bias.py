"""Which way the one-step (Peto) estimate of a large hazard ratio is biased, from SciPy alone."""

import math

import numpy as np
import pytest
from analysis_records import time_test
from scipy import stats

TRIALS = 60
RATIO = 0.15


def one_step(time, died, arm):
    """(O - E) / V of the second arm, death after death."""
    excess = variance = 0.0
    for t in np.unique(time[died]):
        at_risk, dead = time >= t, died & (time == t)
        n, n1, d = at_risk.sum(), (at_risk & (arm == 1)).sum(), dead.sum()
        excess += (dead & (arm == 1)).sum() - d * n1 / n
        if n > 1:
            variance += d * n1 * (n - n1) * (n - d) / (n * n * (n - 1))
    return excess / variance


def trial(rng, n0, n1, mortality):
    """Exponential deaths, followed to day 84, where `mortality` of the first arm are dead."""
    rate = -math.log(1 - mortality) / 84
    arm = np.repeat([0, 1], [n0, n1])
    time = stats.expon.rvs(scale=1 / (rate * np.where(arm == 1, RATIO, 1.0)), random_state=rng)
    return np.minimum(time, 84.0), time <= 84, arm


# Over arms and control mortality: whether |estimate| is on average above |log .15| = 1.897.
@pytest.mark.parametrize(
    ("n0", "n1", "mortality", "documented"),
    [
        (500, 800, 0.9, -2.36),
        (800, 500, 0.9, -1.63),
        (500, 500, 0.9, -1.94),
        (500, 800, 0.3, -1.90),
        (800, 500, 0.3, -1.33),
        (500, 500, 0.3, -1.56),
    ],
)
def test_the_bias_of_the_one_step_estimate_is_the_documented_one(n0, n1, mortality, documented):
    rng, found = np.random.default_rng(n0 + n1), []
    for _ in range(TRIALS):
        found.append(one_step(*trial(rng, n0, n1, mortality)))
    error = np.std(found, ddof=1) / math.sqrt(TRIALS)
    # The documented figures come of as many trials as these, and are rounded.
    assert np.mean(found) == pytest.approx(documented, abs=4 * math.sqrt(2) * error + 0.005)
    time, died, arm = trial(rng, n0, n1, mortality)
    ours = time_test("log_rank", time, died, arm, until=85).estimate
    assert ours == pytest.approx(one_step(time, died, arm), rel=1e-9)
