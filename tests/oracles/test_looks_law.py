"""Level and joint law of looks at large n: simulated trials against integrals.

Deep: trials by the thousand, so marked slow. Every allowance is 4 Monte Carlo standard errors
and, under an effect, what Schoenfeld's drift leaves out.
"""

import math

import numpy as np
import pytest
from scenario_builder import bare
from test_looks import looked_at
from test_looks_identities import asked_of

from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.characteristics import exits
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.plan import Plan
from simulator.montecarlo.after_stopping import KINDS
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.look_sums import LookSums
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.truth import Truth

PATIENTS, DEATHS, TRIALS = 1000, 450, 8_000
FRACTIONS = (1 / 3, 2 / 3, 1.0)
ALPHA = 0.05


def by_look(
    spending: str, hazard_ratio: float, futility: str | None = None, *, binding: bool = False
) -> LookSums:
    """Trials by what each look came to."""
    scenario = looked_at(
        bare(
            PATIENTS,
            {"hazard.effect.hazard_ratio": hazard_ratio, "allocation.scheme": "random_allocation"},
        ),
        {
            "max_information": DEATHS,
            "looks": [{"at": {"information": t}} for t in FRACTIONS[:-1]],
            "efficacy": {"spending": spending},
            "futility": None if futility is None else {"rule": futility, "binding": binding},
        },
    )
    truth = Truth(math.log(hazard_ratio), 0.0, math.nan, math.nan)
    asked = asked_of(scenario)._replace(truths=(truth,))
    unit = run_unit(lower(scenario), asked, Engine.COMPILED, 11, 0, TRIALS)
    assert unit.sums.looks is not None
    return unit.sums.looks


@pytest.mark.slow
@pytest.mark.parametrize("spending", ["lan_demets_obrien_fleming", "lan_demets_pocock", "pocock"])
def test_the_level_holds_where_there_is_no_effect(spending: str) -> None:
    found = by_look(spending, 1.0)
    rejected = found.decisions[:, :2].sum() / TRIALS
    assert rejected <= ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / TRIALS)
    # And it is spent: the log-rank test at some hundred deaths is close to its level.
    assert rejected >= ALPHA - 4 * math.sqrt(ALPHA * (1 - ALPHA) / TRIALS) - 0.002


@pytest.mark.slow
@pytest.mark.parametrize("hazard_ratio", [1.0, 0.8])
@pytest.mark.parametrize("futility", [None, "z(0)"])
def test_when_trials_stop_is_as_the_joint_normal_law_has_it(
    hazard_ratio: float, futility: str | None
) -> None:
    found = by_look("lan_demets_pocock", hazard_ratio, futility)
    shares = found.decisions[:, :3] / TRIALS
    rule = None if futility is None else read_futility(futility)
    plan = Plan(FRACTIONS, read_efficacy("lan_demets_pocock"), ALPHA / 2, futility=rule)
    # The statistic drifts by -log(ratio) * sqrt(d / 4), less what unequal numbers at risk and the
    # variance away from no effect take: at a log ratio of b at most b^2 / 8 of it (Schoenfeld).
    log_ratio = math.log(hazard_ratio)
    drift = -log_ratio * math.sqrt(DEATHS) / 2
    near, far = (exits(planned_looks(plan), d) for d in (drift, drift * (1 - log_ratio**2 / 8)))
    for place in range(len(FRACTIONS) - 1):
        for column, one, other in (
            (1, near.efficacy[place], far.efficacy[place]),
            (2, near.futility[place], far.futility[place]),
        ):
            share = shares[place, column]
            allowed = 4 * math.sqrt(max(one * (1 - one), 1 / TRIALS) / TRIALS) + abs(one - other)
            assert abs(share - one) <= allowed, (place, column, share, one, other)
    np.testing.assert_array_equal(found.decisions.sum(axis=1)[0], TRIALS)


@pytest.mark.slow
def test_after_stopping_estimates_are_median_unbiased_and_intervals_hold_the_truth() -> None:
    # Without an effect, which is stopped for futility in half of all trials at the first look: the
    # usual estimate at the stop is pulled towards the first arm, and misses the truth too often.
    after = by_look("lan_demets_pocock", 1.0, "z(0.3)", binding=True).after
    half, held = 4 * math.sqrt(0.25 / TRIALS), 4 * math.sqrt(0.05 * 0.95 / TRIALS)
    found = {kind: after.performance(kind) for kind in KINDS}
    assert all(one.estimates == TRIALS for one in found.values())
    assert abs(after.above_truth("median_unbiased").mean - 0.5) <= half
    assert abs(found["median_unbiased"].coverage - 0.95) <= held
    assert found["repeated"].coverage >= 0.95 - held
    assert found["at_stop"].bias > 4 * found["at_stop"].bias_mcse
    assert 0 < found["median_unbiased"].bias < found["at_stop"].bias
