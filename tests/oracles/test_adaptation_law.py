"""Promising zone at large n: simulated trials against integrals over the canonical joint law.

Deep: trials by the thousand, so marked slow. Every allowance is 4 Monte Carlo standard errors
and, under an effect, what Schoenfeld's drift leaves out.
"""

import math

import numpy as np
import pytest
from scenario_builder import NEVER, changed, shipped
from scipy import stats
from test_looks import looked_at
from test_looks_identities import asked_of

from simulator.monitoring.reestimation import Zone, conditional_power, gain_needed, zones
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.look_sums import LookSums
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.truth import Truth

PATIENTS, DEATHS, TRIALS, CAP = 600, 300, 6_000, 1_200
LOW, GOAL = 0.05, 0.9
CRITICAL = float(stats.norm.isf(0.025))


def found(hazard_ratio: float) -> LookSums:
    """Trials in which half of the patients die, looked at when half of the deaths have come."""
    both = -math.log(0.5) / ((1 + hazard_ratio) / 2)  # so that about half die over both arms
    bare = changed(
        shipped("two-arm-survival"),
        {
            "trial.target_randomised": PATIENTS,
            "trial.max_recruitment_days": 3000.0,
            "accrual": {
                "kind": "poisson",
                "sites": [{"name": "one", "randomised_per_month": 30.0}],
            },
            "allocation.scheme": "permuted_block",
            "allocation.options": {"block_size": 4},
            "exits.loss": NEVER,
            "hazard.baseline.mortality_at_horizon": 1 - math.exp(-both),
            "hazard.effect.hazard_ratio": hazard_ratio,
        },
    )
    scenario = looked_at(
        bare,
        {
            "max_information": DEATHS,
            "looks": [{"at": {"information": 0.5}}],
            "efficacy": None,
            "promising_zone": {
                "from_conditional_power": LOW,
                "conditional_power": GOAL,
                "most_randomised": CAP,
            },
        },
    )
    truth = Truth(math.log(hazard_ratio), 0.0, math.nan, math.nan)
    asked = asked_of(scenario)
    asked = asked._replace(truths=(truth,) * len(asked.plans))
    sums = run_unit(lower(scenario), asked, Engine.COMPILED, 5, 0, TRIALS).sums.looks
    assert sums is not None
    assert sums.adapted is not None
    return sums


def expected(drift: float) -> tuple[np.ndarray, float, float]:
    """Shares of the zones, power in favour of the second arm, and mean target."""
    z, step = np.linspace(-9, 12, 42_001, retstep=True)
    t, critical, planned = np.array(0.5), np.array(CRITICAL), np.full(z.shape, 0.5)
    zone = zones(conditional_power(z, t, critical, planned), LOW, GOAL)
    raised = np.clip(gain_needed(z, t, critical, GOAL), 0.5, CAP / PATIENTS - 0.5)
    gain = np.where(zone == Zone.PROMISING, raised, planned)
    law = stats.norm.pdf(z - drift * math.sqrt(0.5)) * step
    ahead = (CRITICAL - math.sqrt(0.5) * z) / math.sqrt(0.5)
    power = float(law @ stats.norm.sf(ahead - drift * np.sqrt(gain)))
    shares = np.array([float(law[zone == which].sum()) for which in Zone])
    return shares, power, float(law @ (PATIENTS * (0.5 + gain)))


def allowed(one: float, other: float) -> float:
    return 4 * math.sqrt(one * (1 - one) / TRIALS) + abs(one - other)


@pytest.mark.slow
def test_without_an_effect_the_level_holds_in_each_direction() -> None:
    sums = found(1.0)
    error = math.sqrt(0.025 * 0.975 / TRIALS)
    for arm in (0, 1):
        assert abs(sums.decisions[-1, arm] / TRIALS - 0.025) <= 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("hazard_ratio", [1.0, 0.8])
def test_the_repeated_interval_covers_as_often_as_it_says(hazard_ratio: float) -> None:
    """No look stops a trial, so just as often; its centre is right in the median."""
    after = found(hazard_ratio).after
    assert after is not None
    repeated = after.performance("repeated")
    assert repeated.intervals == TRIALS
    # A log hazard ratio of log .8 is estimated with the variance away from no effect: below .001.
    assert abs(repeated.coverage - 0.95) <= 4 * math.sqrt(0.05 * 0.95 / TRIALS) + 0.001
    assert abs(after.above_truth("repeated").mean - 0.5) <= 4 * 0.5 / math.sqrt(TRIALS) + 0.005


@pytest.mark.slow
@pytest.mark.parametrize("hazard_ratio", [1.0, 0.8])
def test_zones_power_and_targets_are_as_the_joint_law_has_them(hazard_ratio: float) -> None:
    sums = found(hazard_ratio)
    log_ratio = math.log(hazard_ratio)
    drift = -log_ratio * math.sqrt(DEATHS) / 2
    # What unequal numbers at risk and the variance away from no effect take: see test_looks_law.
    near, far = expected(drift), expected(drift * (1 - log_ratio**2 / 8))
    adapted = sums.adapted
    assert adapted is not None
    for which, one, other in zip(Zone, near[0], far[0], strict=True):
        share = adapted.groups[which, 0] / TRIALS
        assert abs(share - one) <= allowed(one, other), (which, share, one)
    power = sums.decisions[-1, 1] / TRIALS
    # Deaths of a given number of patients vary around those planned, which curves the power a bit:
    # by half of its second derivative times their variance, here below .002.
    assert abs(power - near[1]) <= allowed(near[1], far[1]) + 0.002
    mean = adapted.mean_target()
    assert abs(mean.mean - near[2]) <= 4 * mean.mcse + abs(near[2] - far[2]) + 0.5  # rounded up
