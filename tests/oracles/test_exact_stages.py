"""Enumerated nominal levels, held to the definition worked out the slow way, on tiny trials.

The slow way draws nothing together: it walks through every outcome of every stage at every one of
many mortalities, asks SciPy for the p value of its table, and tries every level.
"""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from scenario_builder import base_case, changed
from scipy import stats

from simulator.analysis import plans_of
from simulator.analysis.exact_power import ExactQuestion, rejection_set, size
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.exact_stages import attained, exact_levels, monitoring_of
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower

MORTALITIES = np.linspace(0.0, 1.0, 401)
Sizes = tuple[tuple[int, int], ...]  # of both arms by the looks


@cache
def p_of(x0: int, n0: int, x1: int, n1: int, alternative: str) -> float:
    """Fisher's p value; of `less`, of fewer deaths in the second arm."""
    table = [[x1, n1 - x1], [x0, n0 - x0]]
    side = {"two_sided": "two-sided", "less": "less"}[alternative]
    return float(stats.fisher_exact(table, side).pvalue)


def rejects(sizes: Sizes, place: int, deaths: tuple[int, int], level: float, way: str) -> bool:
    (n0, n1), (x0, x1) = sizes[place], deaths
    low = p_of(x0, n0, x1, n1, way) <= level * (1 + 1e-9) and level > 0
    return low and (way != "two_sided" or x0 * n1 != x1 * n0)


def slow_level(sizes: Sizes, levels: list[float], way: str) -> float:
    """Largest probability, on the grid of mortalities, to reject by the looks with a level."""
    steps = np.diff(np.array(((0, 0), *sizes[: len(levels)])), axis=0)
    total = np.zeros_like(MORTALITIES)
    ranges = [range(m + 1) for m in steps.ravel()]
    for outcome in itertools.product(*ranges):
        deaths = np.cumsum(np.array(outcome).reshape(-1, 2), axis=0)
        if not any(
            rejects(sizes, k, tuple(deaths[k].tolist()), level, way)
            for k, level in enumerate(levels)
        ):
            continue
        ways = math.prod(math.comb(int(m), x) for m, x in zip(steps.ravel(), outcome, strict=True))
        dead, patients = sum(outcome), int(steps.sum())
        total += ways * MORTALITIES**dead * (1 - MORTALITIES) ** (patients - dead)
    return float(total.max())


def slow_levels(sizes: Sizes, spent: list[float], way: str) -> list[float]:
    found: list[float] = []
    for place, by_now in enumerate(spent):
        n0, n1 = sizes[place]
        tables = itertools.product(range(n0 + 1), range(n1 + 1))
        tried = sorted({round(p_of(x0, n0, x1, n1, way), 12) for x0, x1 in tables})
        best = 0.0
        for level in tried:  # every one, from the smallest on
            if slow_level(sizes, [*found, level], way) > by_now:
                break
            best = level
        found.append(best)
    return found


CASES = {
    "4 and 4 at a look": (((4, 4), (8, 8)), [0.04, 0.1], "two_sided"),
    "6 and 6 at a look": (((6, 6), (12, 12)), [0.02, 0.05], "two_sided"),
    "nothing at the first": (((3, 3), (7, 7)), [0.001, 0.05], "two_sided"),
    "two for one": (((2, 4), (4, 8)), [0.05, 0.1], "two_sided"),
    "three looks": (((2, 2), (4, 4), (6, 6)), [0.01, 0.06, 0.1], "two_sided"),
    "one side": (((4, 5), (8, 9)), [0.02, 0.05], "less"),
}


@pytest.mark.parametrize("name", CASES)
def test_levels_are_those_of_the_definition(name: str) -> None:
    sizes, spent, way = CASES[name]
    stages = tuple(ExactQuestion("fisher", n0, n1, 0.05, way) for n0, n1 in sizes)
    found = exact_levels(stages, tuple(spent))
    assert found == pytest.approx(slow_levels(sizes, spent, way), rel=1e-9)
    reached = attained(stages, [(level, level) for level in found])
    slow = slow_level(sizes, list(found), way)
    assert slow <= reached.probability <= slow * (1 + 2e-3)  # between points of the grid
    assert reached.probability <= spent[-1]


@pytest.mark.parametrize("test", ["fisher", "chi_square", "boschloo"])
def test_one_look_attains_what_the_test_alone_does(test: str) -> None:
    stage = ExactQuestion(test, 30, 30, 0.05)
    expected = size(rejection_set(stage))
    found = attained([stage], [(0.05, 0.05)])
    assert found.probability == pytest.approx(expected.probability, rel=1e-9)


def test_exact_levels_of_half_and_all_of_sixty_patients_use_up_the_level() -> None:
    """The next larger p value would be too many, at either look."""
    stages = tuple(ExactQuestion("fisher", n, n, 0.05) for n in (15, 30))
    spent = 0.00305, 0.05
    first, last = exact_levels(stages, spent)
    assert attained(stages[:1], [(first, first)]).probability <= spent[0]
    assert 0.04 < attained(stages, [(first, first), (last, last)]).probability <= spent[1]
    more = [(first, first), (last * 1.25, last * 1.25)]
    assert attained(stages, more).probability > spent[1]


NEAR = [((14, 15), (29, 28)), ((15, 14), (30, 28)), ((15, 15), (30, 29)), ((14, 14), (28, 29))]


@pytest.mark.parametrize(("test", "holds"), [("fisher", False), ("boschloo", True)])
def test_levels_of_planned_sizes_hold_elsewhere_where_the_test_is_exact_itself(
    test: str, holds: bool
) -> None:
    """Which docs/boundaries.md warns of: Fisher's p value is conservative by the sizes."""
    planned = tuple(ExactQuestion(test, n, n, 0.05) for n in (15, 30))
    levels = [(level, level) for level in exact_levels(planned, (0.0030506, 0.05))]
    for sizes in NEAR:
        stages = [ExactQuestion(test, n0, n1, 0.05) for n0, n1 in sizes]
        assert (attained(stages, levels).probability <= 0.05) == holds


def test_an_asymmetric_level_counts_each_direction() -> None:
    stage = ExactQuestion("fisher", 8, 8, 0.05)
    both = attained([stage], [(0.06, 0.06)])
    one, other = attained([stage], [(0.06, 0.0)]), attained([stage], [(0.0, 0.06)])
    assert one.probability == pytest.approx(other.probability, rel=1e-9)
    assert max(both.probability, one.probability) == both.probability
    assert both.probability == pytest.approx(2 * one.probability, rel=1e-6)  # at one half


def test_trials_reject_where_the_p_value_is_at_most_the_level() -> None:
    monitoring = {
        "looks": [{"at": {"completed": 20}}, {"at": {"information": 0.7}, "cleaning_days": 7.0}],
        "efficacy": {"spending": "lan_demets_pocock", "exact": True},
    }
    scenario = changed(base_case(), {"monitoring": monitoring})
    plans = plans_of(scenario)
    asked = monitoring_of(scenario, plans)
    assert asked is not None
    assert asked.sizes == ((10, 10), (21, 21), (30, 30))
    part = run_part(
        lower(scenario), Evaluation(plans, (), (), monitoring=asked), Engine.COMPILED, 11, 0, 400
    )
    assert part.looks is not None
    rows, taken = part.looks.rows, part.looks.rows.decision >= 0
    p_values = 2 * stats.norm.sf(np.abs(rows.z))
    crossed = p_values <= np.array(asked.exact_levels) * (1 + 1e-8)
    shown = (rows.decision == 0) | (rows.decision == 1)
    np.testing.assert_array_equal(shown[taken], crossed[taken])
    assert shown.any(axis=0).all()
    p_of_trial = part.table.p_value[:, asked.column]
    np.testing.assert_array_equal(p_of_trial <= 0.05, shown.any(axis=1))
