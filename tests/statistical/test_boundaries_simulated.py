"""Exit probabilities of group-sequential designs, by integration and by simulated statistics."""

import numpy as np
import pytest

from simulator.monitoring.boundaries import boundaries_at
from simulator.monitoring.characteristics import exits
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.ordering import more_extreme
from simulator.monitoring.plan import Plan

TRIALS = 200_000
PLANNED = (0.3, 0.6, 1.0)
ACTUAL = (0.22, 0.71, 1.15)


def statistics(at: tuple[float, ...], drift: float, seed: int) -> np.ndarray:
    """Z at each look, shape (trials, looks): sums of independent normal increments."""
    gains = np.diff((0.0, *at))
    steps = np.random.default_rng(seed).normal(size=(TRIALS, len(at)))
    return np.cumsum(steps * np.sqrt(gains) + drift * gains, axis=1) / np.sqrt(at)


@pytest.mark.parametrize("drift", [0.0, 2.8])
@pytest.mark.parametrize(
    ("rule", "sides", "futility", "binding"),
    [
        ("lan_demets_obrien_fleming", 1, None, False),
        ("pocock", 2, None, False),
        ("hwang_shih_decani(-2)", 1, "kim_demets(2)", False),
        ("kim_demets(1)", 1, "conditional_power(0.25,design)", True),
    ],
)
def test_trials_end_as_often_at_each_look_as_the_integration_says(
    rule, sides, futility, binding, drift
):
    asked = None if futility is None else read_futility(futility)
    alpha = 0.025 * sides
    plan = Plan(PLANNED, read_efficacy(rule), alpha, sides, asked, binding, drift=3.0, beta=0.2)
    looks = boundaries_at(plan, ACTUAL)
    found = exits(looks, drift)
    z = statistics(ACTUAL, drift, seed=11)
    goes_on = np.ones(TRIALS, dtype=bool)
    for k, look in enumerate(looks):
        last = k == len(looks) - 1
        upper, lower = z[:, k] >= look.efficacy_z, z[:, k] <= look.lower_z
        short = ~upper & ~lower & (last | (z[:, k] <= look.futility_z))
        for reason, ended in (("efficacy", upper), ("lower", lower), ("futility", short)):
            right = getattr(found, reason)[k]
            error = np.sqrt(right * (1 - right) / TRIALS)
            share = np.mean(goes_on & ended)
            assert share == pytest.approx(right, abs=4 * error + 1e-7), (k, reason)
        goes_on &= ~(upper | lower | short)


def test_the_stagewise_tail_of_an_outcome_is_uniform_under_its_own_drift():
    drift = 2.0
    plan = Plan((0.5, 1.0), read_efficacy("hwang_shih_decani(-2)"), 0.025)
    looks = boundaries_at(plan, (0.5, 1.0))
    z = statistics((0.5, 1.0), drift, seed=12)
    stops = z[:, 0] >= looks[0].efficacy_z
    for share in (0.025, 0.2, 0.5, 0.8, 0.975):
        # The outcomes whose tail is at most a share: the most extreme ones, in their order.
        extreme = np.where(
            stops,
            _tail_at_most(looks[:1], z[:, 0], drift, share),
            _tail_at_most(looks, z[:, 1], drift, share),
        )
        error = np.sqrt(share * (1 - share) / TRIALS)
        assert np.mean(extreme) == pytest.approx(share, abs=4 * error)


def _tail_at_most(looks, z, drift, share):
    grid = np.linspace(-4, 9, 1301)
    tails = more_extreme(looks, grid, drift)
    return z >= np.interp(-share, -tails, grid)
