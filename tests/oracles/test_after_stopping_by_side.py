"""Estimates and intervals after stopping where each arm's favour has looks of its own.

Held to plain quadrature (`reference_looks`), to statistics of the joint normal law and, in whole
trials, to a slow version.
"""

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_looks import LookTaken, Regions, _with, crosses
from scenario_builder import base_case
from scipy import optimize
from test_after_stopping import OBRIEN_FLEMING, POCOCK, asked, ended, looks_at
from test_looks import bare_trial, fast, looked_at, slow

import simulator
from simulator.analysis import plans_of
from simulator.monitoring.after_stopping import _SHIFTS, Corrected, Tails, _order, corrected, shifts
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Stage, p_values, sides_of
from simulator.monitoring.held import Decision
from simulator.records import Floats
from simulator.scenario.schema import Scenario

TRIALS = 40_000
FRACTIONS = (0.35, 0.7, 1.05)


def by_side(
    spending: str, lower: str, lower_alpha: float, futility: str | None = None, **how: Any
) -> MonitoringPlan:
    """Looks of which the first arm's favour, or harm, has a rule and a part of .15 of its own."""
    plan = asked(spending, 2, futility, **how)
    return plan._replace(alpha=0.15, lower_spending=lower, lower_alpha=lower_alpha)


HARM = by_side(OBRIEN_FLEMING, POCOCK, 0.125)  # of .15 harm has .125, spent early
EARLY = by_side(POCOCK, "kim_demets(3)", 0.02)
FUTILE = by_side(OBRIEN_FLEMING, POCOCK, 0.1, "z(-0.3,0.4)")
BINDING = by_side(POCOCK, OBRIEN_FLEMING, 0.05, "z(-0.2,0.6)", binding=True)
PLANS = {"harm": HARM, "early": EARLY, "futility": FUTILE, "binding": BINDING}


def of_one(plan: MonitoringPlan, stage: Stage, z: Floats, futile: Any, **how: Any) -> Corrected:
    tails = Tails.of(sides_of(plan), math.nan)
    return corrected([stage], np.zeros(z.size, int), z, futile, tails, **how)


# Quadrature --------------------------------------------------------------------------------------


def slow_drifts(
    regions: tuple[Regions, Regions, Regions], t: float, z: float, tails: tuple[float, float]
) -> tuple[float, float, float]:
    """Median-unbiased drift and limits; regions of the second arm's order, the first's, of both.

    Where the first's are none, its limit is that of both.
    """
    second, first, both = regions

    def above(where: Regions, value: float, drift: float) -> float:
        earlier = (crosses(where[:k], drift, s, high) for k, (s, _, high) in enumerate(where))
        return sum(earlier) + crosses(where, drift, t, value)

    def root(where: Regions, value: float, share: float) -> float:
        found = optimize.brentq(lambda d: above(where, value, d) - share, -16, 16, xtol=1e-11)
        return float(found)

    high = root(both, z, 1 - tails[1]) if first == ALL else -root(first, -z, tails[1])
    return root(both, z, 0.5), root(second, z, tails[0]), high


ALL: Regions = ((-1.0, 0.0, 0.0),)  # in the place of the first arm's


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("looks", [1, 2, 3])
def test_drifts_are_those_of_plain_quadrature(name: str, looks: int) -> None:
    plan = PLANS[name]
    stages = looks_at(plan, FRACTIONS)
    stage, earlier = stages[looks - 1], stages[: looks - 1]
    binding = plan.futility is not None and plan.futility.binding
    stops_for_futility = plan.futility is not None and looks < 3
    for futile in {False, stops_for_futility}:
        z = np.array([-3.1, -0.9, 0.0, 1.2, 2.4, 4.0])
        if futile:
            z = z[z <= stage.second[-1].futility_z]
        rejected = ~np.full(z.size, futile) & (z <= -stage.first[-1].efficacy_z)
        found = of_one(plan, stage, z, np.full(z.size, futile))
        for k, value in enumerate(z.tolist()):
            obeyed = futile or (binding and not rejected[k])
            second: Regions = ()
            first, both = second, second
            for one in earlier:
                t, up, down = one.second[-1].information, one.second_z, -one.first_z
                low = one.second[-1].futility_z if obeyed else -math.inf
                second = (*second, (t, low, up))
                first = (*first, (t, -math.inf, -down))
                both = (*both, (t, max(low, down), up))
            tails = plan.alpha - plan.lower_alpha, plan.lower_alpha
            t = FRACTIONS[looks - 1]
            right = slow_drifts((second, ALL if obeyed else first, both), t, value, tails)
            ours = [(value + column[k]) / math.sqrt(t) for column in found[:3]]
            assert ours == pytest.approx(right, abs=2e-6), (futile, value)
            assert ours[1] < ours[0] < ours[2]


def test_tables_have_the_solutions() -> None:
    z, orders = np.random.default_rng(3).uniform(-6.0, 6.0, 600), []
    for plan in PLANS.values():
        stage, tails = looks_at(plan, FRACTIONS)[-1], Tails.of(sides_of(plan), math.nan)
        orders += [_order(stage, kind, tails) for kind in range(3)]
    which = np.random.default_rng(4).integers(len(orders), size=z.size)
    found = _SHIFTS.values(orders, which, z)
    for number, order in enumerate(orders):
        mine = which == number
        np.testing.assert_allclose(found[:, mine], shifts(order, z[mine]), rtol=0, atol=1e-6)


# The joint law -----------------------------------------------------------------------------------


@pytest.mark.parametrize("drift", [-3.0, -1.0, 0.0, 1.5, 3.0])
@pytest.mark.parametrize("name", ["harm", "early"])
def test_intervals_hold_the_drift_and_estimates_are_median_unbiased(
    name: str, drift: float
) -> None:
    plan, above, below, over = PLANS[name], 0, 0, 0
    for stage, z, futile, _, place in ended(plan, FRACTIONS, drift):
        found = of_one(plan, stage, z, futile, by_table=True)
        median, low, high = ((z + s) / FRACTIONS[place] ** 0.5 for s in found[:3])
        above += int((low > drift).sum())
        below += int((high < drift).sum())
        over += int((median > drift).sum())
    # The order by both boundaries is that of the trials, so that the median has a half exactly.
    assert over / TRIALS == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / TRIALS))
    # A limit is missed as often as its tail, less who crossed the other boundary before.
    for missed, tail, others in (
        (above, plan.alpha - plan.lower_alpha, crossed_and_back(plan, drift, 1)),
        (below, plan.lower_alpha, crossed_and_back(plan, drift, -1)),
    ):
        error = 4 * math.sqrt(tail * (1 - tail) / TRIALS)
        assert -error - others <= missed / TRIALS - tail <= error, (missed / TRIALS, tail, others)


def crossed_and_back(plan: MonitoringPlan, drift: float, sign: int) -> float:
    """At most so many that one boundary stops are in the tail of the other side's order."""
    stages, share = looks_at(plan, FRACTIONS), 0.0
    tail = plan.alpha - plan.lower_alpha if sign > 0 else plan.lower_alpha
    own = [stage.second if sign > 0 else stage.first for stage in stages]
    other = [stage.first if sign > 0 else stage.second for stage in stages]
    # Paths that cross the other boundary first, and go on, under the own side's order.
    for at in range(len(FRACTIONS) - 1):
        regions: Regions = ()
        for k in range(at + 1):
            low = -other[k][-1].efficacy_z
            high = own[k][-1].efficacy_z
            here = (-math.inf, low) if k == at else (low, high)
            regions = (*regions, (FRACTIONS[k], *here))
        for k in range(at + 1, len(FRACTIONS)):
            z = (
                own[k][-1].efficacy_z
                if k < len(FRACTIONS) - 1
                else quantile(own, drift * sign, tail)
            )
            share += crosses(regions, drift * sign, FRACTIONS[k], z)
            regions = (*regions, (FRACTIONS[k], -math.inf, z))
    return share


def quantile(own: list[tuple[Any, ...]], drift: float, tail: float) -> float:
    """The statistic at the end with a tail above it, by the order of one side."""
    regions = tuple((t, -math.inf, s[-1].efficacy_z) for t, s in zip(FRACTIONS, own, strict=True))
    before = regions[:-1]
    spent = sum(crosses(before[:k], drift, t, high) for k, (t, _, high) in enumerate(before))
    if spent >= tail:  # the tail is of those that were stopped
        return math.inf
    return float(
        optimize.brentq(
            lambda z: spent + crosses(before, drift, FRACTIONS[-1], z) - tail, -12, 12, xtol=1e-10
        )
    )


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("by_table", [False, True])
def test_an_interval_excludes_no_effect_just_where_the_trial_rejects(
    name: str, by_table: bool
) -> None:
    plan, rejected, trials = PLANS[name], np.zeros(2), 20_000 if by_table else 500
    for drift in (-1.5, 1.5):
        for stage, z, futile, decision, _ in ended(plan, FRACTIONS, drift, trials):
            found = of_one(plan, stage, z, futile, by_table=by_table)
            second, first = z + found.low > 0.0, z + found.high < 0.0
            np.testing.assert_array_equal(second, decision == Decision.FAVOURS_SECOND)
            np.testing.assert_array_equal(
                first[~futile], decision[~futile] == Decision.FAVOURS_FIRST
            )
            alone = np.zeros(int((~futile).sum()), int)
            p = p_values([stage], alone, z[~futile], futile=False)
            np.testing.assert_array_equal(p <= plan.alpha * (1 + 1e-9), (second | first)[~futile])
            rejected += second.sum(), first.sum()
    assert (rejected / trials > 0.02).all()


def test_sides_that_are_alike_are_not_taken_apart() -> None:
    plan = asked(POCOCK, 2)
    same = plan._replace(lower_spending=POCOCK, lower_alpha=plan.alpha / 2)
    assert not Tails.of(sides_of(same), 0.025).differ
    assert Tails.of(sides_of(HARM), 0.5) == (pytest.approx(0.025), 0.125, True)


# Trials ------------------------------------------------------------------------------------------

SIDES = {"spending": OBRIEN_FLEMING, "lower_spending": POCOCK, "lower_alpha": 0.04}
TWO = [{"at": {"deaths": 12}, "cleaning_days": 20}, {"at": {"information": 0.7}}]
CASES: dict[str, Scenario] = {
    "log-rank": bare_trial(looks=TWO, efficacy=SIDES),
    "log-rank, futility": bare_trial(looks=TWO, efficacy=SIDES, futility={"rule": "z(-0.4)"}),
    "Fisher, binding futility": looked_at(
        base_case(),
        {
            "analysis": "fisher",
            "looks": [{"at": {"completed": 20}}, {"at": {"completed": 40}}],
            "efficacy": {"spending": POCOCK, "lower_spending": POCOCK, "lower_alpha": 0.01},
            "futility": {"rule": "z(-0.5)", "binding": True},
        },
    ),
}


def slow_shifts(
    taken: list[LookTaken], binding: bool, tails: tuple[float, float]
) -> tuple[float, ...]:
    """Shifts of the estimate and of the limits, from the looks that a trial had."""
    *earlier, last = taken
    obeyed = last.decision == "futility" or (binding and last.decision != "first")
    second: Regions = ()
    first, both = second, second
    for look in earlier:
        if math.isinf(look.upper) and math.isinf(look.lower) and math.isinf(look.futility):
            continue  # it decided nothing
        low = look.futility if obeyed else -math.inf
        second = _with(second, look.fraction, low, look.upper)
        first = _with(first, look.fraction, -math.inf, -look.lower)
        both = _with(both, look.fraction, max(low, look.lower), look.upper)
    regions = second, ALL if obeyed else first, both
    drifts = slow_drifts(regions, last.fraction, last.z, tails)
    return tuple(drift * math.sqrt(last.fraction) - last.z for drift in drifts)


@pytest.mark.parametrize("name", CASES)
def test_estimates_after_stopping_are_those_of_the_slow_version(name: str) -> None:
    scenario, trials = CASES[name], 12
    assert scenario.monitoring is not None
    assert scenario.monitoring.efficacy is not None
    futility, lower = scenario.monitoring.futility, scenario.monitoring.efficacy.lower_alpha
    binding = futility is not None and futility.binding
    plan = next(p for p in plans_of(scenario) if p.name == scenario.monitoring.analysis)
    part, _ = fast(scenario, trials)
    assert part.looks is not None
    stop, compared, arms = part.looks.stop, 0, set()
    for trial, one in enumerate(slow(scenario, trials)):
        last = one.looks[-1]
        if math.isnan(last.z):
            assert math.isnan(stop.estimate[trial])
            continue
        found = [column[trial] for column in stop.shifts[:3]]
        expected = slow_shifts(one.looks, binding, (plan.alpha - lower, lower))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5, err_msg=str(last))
        repeated = stop.shifts.repeated_low[trial], stop.shifts.repeated_high[trial]
        np.testing.assert_allclose(repeated, (-last.upper, -last.lower), rtol=0, atol=1e-6)
        compared, arms = compared + (len(one.looks) > 1), arms | {last.decision}
    assert compared >= 3
    assert len(arms) >= 2


MONITORED = """\
extends: two-arm-survival
name: sides
title: a survival trial in which harm has a boundary of its own
monitoring:
  max_information: 40
  looks: [{at: {deaths: 14}}, {at: {deaths: 28}}]
  efficacy:
    {spending: lan_demets_obrien_fleming, lower_spending: lan_demets_pocock, lower_alpha: 0.03}
"""


@pytest.mark.parametrize("z", [2.3, -0.6, -1.9])
def test_a_running_trial_has_the_same_estimate_and_interval(z: float, tmp_path: Path) -> None:
    (tmp_path / "sides.yaml").write_text(MONITORED)
    observed = {
        "cut": date(2024, 3, 31),
        "pooled": {"randomised": 55, "followed_up": 50, "deaths": 27},
        "result": {"z": z},
        "earlier_looks": [{"cut": date(2023, 5, 31), "information": 15, "z": 0.4}],
    }
    answer = simulator.load(tmp_path / "sides.yaml").monitor(observed)
    assert answer.no_estimates == ()
    first, second = answer.looks
    assert first.efficacy_z is not None
    assert first.lower_z is not None
    regions: list[Regions] = [
        ((15 / 40, -math.inf, first.efficacy_z),),
        ((15 / 40, -math.inf, -first.lower_z),),
        ((15 / 40, first.lower_z, first.efficacy_z),),
    ]
    right = slow_drifts((regions[0], regions[1], regions[2]), 27 / 40, z, (0.02, 0.03))
    found = answer.stopped.estimate
    assert (found.estimate, found.low, found.high) == pytest.approx(right, abs=1e-5)
    root = math.sqrt(27 / 40)
    repeated = answer.repeated
    assert repeated.low == pytest.approx((z - second.efficacy_z) / root)
    assert repeated.high == pytest.approx((z - second.lower_z) / root)
