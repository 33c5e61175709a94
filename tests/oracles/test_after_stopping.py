"""Estimates and intervals after stopping, against integrals and simulated statistics."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.monitoring.after_stopping import _SHIFTS, Corrected, Order, Tails, corrected, shifts
from simulator.monitoring.asked import FutilityPlan, LookPlan, Moment, MonitoringPlan
from simulator.monitoring.decisions import Stage, decided, looked, p_values, sides_of
from simulator.monitoring.held import Decision
from simulator.monitoring.plan import Look, regions_of
from simulator.monitoring.recursion import newly_beyond
from simulator.records import Floats, Ints

TRIALS = 40_000
OBRIEN_FLEMING, POCOCK = "lan_demets_obrien_fleming", "lan_demets_pocock"


def asked(
    spending: str, sides: int, futility: str | None = None, *, binding: bool = False, looks: int = 2
) -> MonitoringPlan:
    """So many looks before the end, at equal shares of the information."""
    return MonitoringPlan(
        column=0,
        information="deaths",
        max_information=looks + 1.0,
        alpha=0.025 * sides,
        sides=sides,
        looks=tuple(LookPlan(Moment("events", k + 1.0), 0.0, pauses=False) for k in range(looks)),
        spending=spending,
        futility=None if futility is None else FutilityPlan(futility, 0.8, binding),
        stops_treatment=False,
    )


def looks_at(plan: MonitoringPlan, fractions: tuple[float, ...]) -> list[Stage]:
    """The looks so far at each of the fractions, the last of which is the end."""
    sides, stages = sides_of(plan), [Stage()]
    for place, fraction in enumerate(fractions):
        final = place == len(fractions) - 1
        stages.append(looked(sides, stages[-1], place, fraction, final))
    return stages[1:]


def of_one(stage: Stage, z: Floats, futile: Any, *, by_table: bool = False) -> Corrected:
    """Of trials with the same looks."""
    return corrected(
        [stage], np.zeros(z.size, int), z, futile, Tails(0.025, 0.025), by_table=by_table
    )


CASES = {
    "one look": (asked(POCOCK, 1, looks=0), (1.1,)),
    "one-sided": (asked(POCOCK, 1), (0.3, 0.7, 1.1)),
    "five looks": (asked(POCOCK, 1, looks=4), (0.2, 0.4, 0.6, 0.8, 1.0)),
    "close looks": (asked(POCOCK, 1), (0.3, 0.97, 1.0)),
    "binding": (asked(OBRIEN_FLEMING, 1, "z(0,0.7)", binding=True), (0.3, 0.7, 1.1)),
}


def tail_by_integration(looks: tuple[Look, ...], z: float, drift: float, obeyed: bool) -> float:
    """The probability of a more extreme outcome, look by look with the density of the drift."""
    regions = regions_of(looks[:-1], obeyed=obeyed)
    earlier = sum(
        newly_beyond(regions[:k], drift, region.information, region.upper, 1)
        for k, region in enumerate(regions)
    )
    return earlier + newly_beyond(regions, drift, looks[-1].information, z, 1)


@pytest.mark.parametrize("name", CASES)
def test_each_drift_that_is_solved_for_has_its_share_of_outcomes(name: str) -> None:
    plan, fractions = CASES[name]
    stage = looks_at(plan, fractions)[-1]
    obeyed = stage.binding
    z = np.array([-4.0, -1.0, 0.0, 1.3, 1.99, 2.6, 4.5])
    found = shifts(Order(stage.second, obeyed, 0.025), z)
    for moved, share in zip(found, (0.5, 0.025, 0.975), strict=True):
        drifts = (z + moved) / stage.second[-1].information ** 0.5
        tails = [
            tail_by_integration(stage.second, *pair, obeyed)
            for pair in zip(z.tolist(), drifts.tolist(), strict=True)
        ]
        # The integrals themselves are right to 3e-7 (test_boundaries).
        assert tails == pytest.approx([share] * len(tails), abs=3e-7)


def test_tables_have_the_solutions_whatever_they_were_asked_before() -> None:
    stages = [looks_at(*case)[-1] for case in CASES.values()]
    orders = [Order(stage.second, stage.binding, 0.025) for stage in stages]
    rng = np.random.default_rng(3)
    z, which = rng.uniform(-6.0, 6.0, 1500), rng.integers(len(orders), size=1500)
    once = _SHIFTS.values(orders, which, z)
    for number, order in enumerate(orders):
        mine = which == number
        np.testing.assert_allclose(once[:, mine], shifts(order, z[mine]), rtol=0, atol=1e-6)
    _SHIFTS.forget()  # and one by one, from the other end
    singly = [
        _SHIFTS.values(orders[which[k] :], np.zeros(1, int), z[k : k + 1])
        for k in reversed(range(z.size))
    ]
    assert np.concatenate(singly[::-1], axis=1).tobytes() == once.tobytes()


def test_after_a_single_look_the_estimate_is_the_usual_one_and_the_interval_too() -> None:
    plan, fractions = CASES["one look"]
    (stage,) = looks_at(plan, fractions)
    z = np.linspace(-5.0, 5.0, 41)
    found = of_one(stage, z, np.zeros(z.size, np.bool_))
    half = stats.norm.isf(0.025)
    for shift, right in zip(found, (0.0, -half, half, -half, half, 0.0), strict=True):
        np.testing.assert_allclose(shift, right, rtol=0, atol=1e-8)


def ended(
    plan: MonitoringPlan, fractions: tuple[float, ...], drift: float, trials: int = TRIALS
) -> list[tuple[Stage, Floats, Floats, Ints, int]]:
    """Statistics of the joint normal law until each trial ends, by the look at which it does.

    Each with its looks, and of its trials z, whether they stopped for futility, and the decision.
    """
    gains = np.diff((0.0, *fractions))
    rng = np.random.default_rng(17)
    steps = rng.normal(size=(trials, len(gains))) * np.sqrt(gains) + drift * gains
    every, found = np.cumsum(steps, axis=1) / np.sqrt(fractions), []
    for place, stage in enumerate(looks_at(plan, fractions)):
        final, z = place == len(fractions) - 1, every[:, place]
        decision = decided(stage, z, final)
        ends = np.full(z.shape, final) | (decision != Decision.GO_ON)
        found.append((stage, z[ends], decision[ends] == Decision.FUTILITY, decision[ends], place))
        every = every[~ends]
    return found


@pytest.mark.parametrize("drift", [-2.0, 0.0, 1.5, 3.0])
@pytest.mark.parametrize(
    "plan",
    [
        asked(POCOCK, 1),
        asked(OBRIEN_FLEMING, 2),
        asked(POCOCK, 2),
        asked(OBRIEN_FLEMING, 1, "z(0.1,0.9)", binding=True),
    ],
    ids=["one-sided", "two-sided", "two-sided, early", "binding futility"],
)
def test_intervals_hold_the_drift_as_often_as_they_say_and_estimates_are_median_unbiased(
    plan: MonitoringPlan, drift: float
) -> None:
    fractions = (0.35, 0.7, 1.05)
    above = below = over = repeated = 0
    for stage, z, futile, _, place in ended(plan, fractions, drift):
        found = of_one(stage, z, futile, by_table=True)
        median, low, high, *simultaneous = ((z + s) / fractions[place] ** 0.5 for s in found)
        above += int((low > drift).sum())
        below += int((high < drift).sum())
        over += int((median > drift).sum())
        repeated += int(((simultaneous[0] <= drift) & (drift <= simultaneous[1])).sum())
    # Two sides are two designs (decision 24): each limit is missed a little less often than its
    # tail, by who would have crossed the other boundary before; not one trial in 3,000.
    slack = 3e-4 if plan.sides == 2 else 0.0
    for missed in (above, below):
        error = 4 * np.sqrt(0.025 * 0.975 / TRIALS)
        assert -error - slack <= missed / TRIALS - 0.025 <= error, (above, below)
    assert over / TRIALS == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / TRIALS) + slack)
    # Repeated intervals hold it at all looks at once, hence at the stop more often than that.
    assert repeated / TRIALS >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / TRIALS)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("futility", [None, "z(0.1,0.9)"])
@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("by_table", [False, True])
def test_an_interval_excludes_no_effect_just_where_the_trial_rejects(
    sides: int, futility: str | None, binding: bool, by_table: bool
) -> None:
    plan = asked(POCOCK, sides, futility, binding=binding)
    rejected, trials = 0, 20_000 if by_table else 500
    for stage, z, futile, decision, _ in ended(plan, (0.35, 0.7, 1.05), 1.5, trials):
        found = of_one(stage, z, futile, by_table=by_table)
        second, first = z + found.low > 0.0, z + found.high < 0.0
        np.testing.assert_array_equal(second, decision == Decision.FAVOURS_SECOND)
        if sides == 2:
            np.testing.assert_array_equal(first[~futile], decision[~futile] == 0)
        else:
            first = np.zeros_like(second)
        for group in (False, True):
            alone = np.zeros(int((futile == group).sum()), int)
            p = p_values([stage], alone, z[futile == group], futile=group)
            says = (second | first)[futile == group] & ~np.full(p.shape, group)
            np.testing.assert_array_equal(p <= plan.alpha * (1 + 1e-9), says)
        # So do repeated intervals, by the boundary itself.
        shown = z + found.repeated_low >= 0.0
        np.testing.assert_array_equal(shown[~futile], second[~futile])
        rejected += int(second.sum())
    assert 0.2 < rejected / trials < 0.5
