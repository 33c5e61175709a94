"""Futility by predictive probability, held to sums over all deaths to come and to the trials."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from reference_analysis import F, state, trials_in
from scenario_builder import base_case, changed
from scipy import stats

from simulator.analysis import plans_of
from simulator.analysis.exact_power import ExactQuestion
from simulator.engines import compiled
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.exact_stages import monitoring_of
from simulator.montecarlo.parts import run_part
from simulator.montecarlo.predictive_looks import final_level, probability_of
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario

LEAST = 0.08


@cache
def slow_p(*cells: int) -> float:
    return float(stats.fisher_exact(np.array(cells).reshape(2, 2)).pvalue)


@cache
def slow_probability(
    deaths: tuple[int, int],
    so_far: tuple[int, int],
    at_end: tuple[int, int],
    level: float,
    priors: tuple[tuple[float, float], tuple[float, float]],
) -> float:
    """Beta-binomial sums from the definition; Fisher's two-sided test, in favour of the second."""
    come = [n - m for n, m in zip(at_end, so_far, strict=True)]
    laws = [
        stats.betabinom(m, a + x, b + n - x).pmf(np.arange(m + 1))
        for m, x, n, (a, b) in zip(come, deaths, so_far, priors, strict=True)
    ]
    total = 0.0
    for y0, y1 in itertools.product(range(come[0] + 1), range(come[1] + 1)):
        x0, x1 = deaths[0] + y0, deaths[1] + y1
        p = slow_p(x0, at_end[0] - x0, x1, at_end[1] - x1)
        if p <= level * (1 + 1e-9) and x1 * at_end[0] < x0 * at_end[1]:
            total += float(laws[0][y0] * laws[1][y1])
    return total


FLAT = ((1.0, 1.0), (1.0, 1.0))
CASES = [
    ((9, 4), (12, 11), (20, 20), 0.05, FLAT),
    ((3, 8), (10, 13), (15, 30), 0.04, FLAT),
    ((6, 1), (9, 9), (20, 18), 0.1, ((2.0, 3.0), (0.5, 0.5))),
    ((10, 2), (12, 12), (12, 12), 0.05, FLAT),  # nobody is still to come
]


@pytest.mark.parametrize(("deaths", "so_far", "at_end", "level", "priors"), CASES)
def test_the_probability_is_the_sum_over_all_deaths_to_come(
    deaths: tuple[int, int],
    so_far: tuple[int, int],
    at_end: tuple[int, int],
    level: float,
    priors: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    stage = ExactQuestion("fisher", *at_end, 0.05)
    (x0, x1), (n0, n1) = deaths, so_far
    found = probability_of(stage, level, (x0, n0), (x1, n1), priors)
    expected = slow_probability(deaths, so_far, at_end, level, priors)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-14)


def looked_at(rule: str, **futility: object) -> Scenario:
    monitoring = {
        "looks": [{"at": {"information": 0.5}, "cleaning_days": 14.0}],
        "efficacy": {"spending": "lan_demets_obrien_fleming"},
        "futility": {"rule": rule, **futility},
    }
    return changed(base_case(), {"monitoring": monitoring})


def asked_of(scenario: Scenario) -> MonitoringPlan:
    found = monitoring_of(scenario, plans_of(scenario))
    assert found is not None
    return found


def counts_at(scenario: Scenario, cut_day: np.ndarray, trials: int, seed: int) -> list[tuple]:
    """Deaths and patients followed up of each arm at a look, patient by patient."""
    plan = plans_of(scenario)[0]
    found = []
    for trial, cut in zip(
        trials_in(compiled.simulate(lower(scenario), seed, 0, trials)), cut_day, strict=True
    ):
        dead, known = [0, 0], [0, 0]
        for patient in trial:
            what = state(patient, cut, plan.lost, plan.transplant)[0]
            if patient["entry_day"] + F <= cut and what in ("dead", "complete"):
                known[patient["arm"]] += 1
                dead[patient["arm"]] += what == "dead"
        found.append((tuple(dead), tuple(known)))
    return found


def test_trials_stop_where_the_probability_is_below_the_threshold() -> None:
    trials, seed, scenario = 30, 3, looked_at(f"predictive_probability({LEAST})")
    asked = asked_of(scenario)
    level = final_level(asked)
    # O'Brien-Fleming type, one look halfway: z 1.9686 at the end (Jennison and Turnbull; rpact).
    assert level == pytest.approx(2 * stats.norm.sf(1.9686), abs=1e-5)
    asked_all = Evaluation(plans_of(scenario), (), (), monitoring=asked)
    part = run_part(lower(scenario), asked_all, Engine.COMPILED, seed, 0, trials)
    assert part.looks is not None
    rows = part.looks.rows
    taken = counts_at(scenario, rows.cut_day[:, 0], trials, seed)
    stops = [
        slow_probability(dead, known, tuple(map(max, (30, 30), known)), level, FLAT) < LEAST
        for dead, known in taken
    ]
    rejected = rows.decision[:, 0] <= 1
    np.testing.assert_array_equal((rows.decision[:, 0] == 2) | rejected, np.array(stops) | rejected)
    assert 5 < sum(stops) < 28
    ended = rows.decision[:, 0] == 2
    assert (part.table.p_value[ended, asked.column] > 0.05).all()


def test_priors_are_taken_and_change_who_stops() -> None:
    plain, told = looked_at("predictive_probability(0.2)"), [50.0, 50.0]
    sure = looked_at("predictive_probability(0.2)", prior_control=told, prior_experimental=told)
    decisions = []
    for scenario in (plain, sure):
        asked = Evaluation(plans_of(scenario), (), (), monitoring=asked_of(scenario))
        part = run_part(lower(scenario), asked, Engine.COMPILED, 3, 0, 60)
        assert part.looks is not None
        decisions.append(part.looks.rows.decision[:, 0])
    assert (decisions[0] == 2).sum() < (decisions[1] == 2).sum()  # both arms die of one half


def test_who_gives_up_does_not_reject_however_far_z_is() -> None:
    """z up to 2.2 stops, which would be p of .028 by itself."""
    scenario = looked_at("z(2.2)")
    asked = Evaluation(plans_of(scenario), (), (), monitoring=asked_of(scenario))
    part = run_part(lower(scenario), asked, Engine.COMPILED, 3, 0, 600)
    assert part.looks is not None
    rows = part.looks.rows
    ended, z = rows.decision[:, 0] == 2, rows.z[:, 0]
    far = ended & (z > stats.norm.isf(0.025))
    assert far.any()
    assert (part.table.p_value[ended, 0] > 0.05).all()
    assert not math.isnan(part.table.p_value[ended, 0].max())
