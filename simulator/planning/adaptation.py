"""What looks change beside stopping, as a result."""

import math
from collections.abc import Mapping
from typing import Any

from simulator.monitoring.adaptation import AdaptationPlan, BlindedPlan
from simulator.monitoring.adaptation_checks import least_power
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.reestimation import Zone
from simulator.montecarlo.adapted import GROUPS, NOT_ASKED, Change
from simulator.montecarlo.adapted_sums import AdaptedSums
from simulator.montecarlo.intervals import standard_error
from simulator.results.adaptation import AdaptedGroup, Reestimation, SlowRecruitment
from simulator.results.measures import Estimate


def reestimation_of(looked_at: MonitoringPlan, sums: AdaptedSums) -> Reestimation | None:
    """Return what re-estimation of size came to; None: there was none."""
    plan = looked_at.adaptation
    if plan is None or (plan.blinded is None and plan.zone is None):
        return None
    rule = _blinded(plan.blinded) if plan.blinded is not None else _zone(plan, looked_at)
    groups = Zone if plan.blinded is None else Change
    return Reestimation(
        **rule,
        planned=plan.target,
        most=plan.most,
        groups=_groups({group: group.name.lower() for group in groups}, sums),
        target=sums.mean_target(),
        target_min=sums.quantile(0.0),
        target_p10=sums.quantile(0.1),
        target_median=sums.quantile(0.5),
        target_p90=sums.quantile(0.9),
        target_max=sums.quantile(1.0),
        at_most=_share(int(sums.targets[plan.most]), int(sums.targets.sum())),
        decided_by=sums.mean_value(),
    )


def _blinded(asked: BlindedPlan) -> dict[str, Any]:
    """What is asked for of blinded re-estimation."""
    by_ratio = not math.isnan(asked.hazard_ratio)
    return {
        "rule": "blinded",
        "look": asked.place + 1,
        "effect": asked.hazard_ratio if by_ratio else asked.difference,
        "of": "hazard_ratio" if by_ratio else "mean" if asked.of_mean else "difference",
        "power": asked.power,
        "least": asked.least,
        "zone": None,
        "final_test": "usual",
        "least_promising": None,
    }


def _zone(plan: AdaptationPlan, looked_at: MonitoringPlan) -> dict[str, Any]:
    """What is asked for of the promising zone."""
    asked = plan.zone
    assert asked is not None
    return {
        "rule": "promising_zone",
        "look": len(looked_at.looks),
        "effect": None,
        "of": "estimate",
        "power": asked.power,
        "least": plan.target,
        "zone": (asked.low, asked.high),
        "final_test": "cui_hung_wang" if asked.weighted else "usual",
        "least_promising": least_power(looked_at),
    }


def slow_of(plan: AdaptationPlan, sums: AdaptedSums, trials: int) -> SlowRecruitment | None:
    """Return how often recruitment was closed because it was slow; None: it never may."""
    asked = plan.slow
    if asked is None:
        return None
    closed, rejects = sums.slow.tolist()
    return SlowRecruitment(
        day=None if math.isnan(asked.day) else asked.day,
        look=None if asked.place < 0 else asked.place + 1,
        fewer_than=asked.fewest,
        then="unanswered" if asked.unanswered else "analyse",
        closed=_share(closed, trials),
        power=_share(rejects, closed) if closed else None,
    )


def _groups(names: Mapping[int, str], sums: AdaptedSums) -> tuple[AdaptedGroup, ...]:
    trials = int(sums.groups[:, 0].sum())
    found = []
    for group in (*range(1, GROUPS), NOT_ASKED):
        mine, rejects, late, target = sums.groups[group].tolist()
        found.append(
            AdaptedGroup(
                name=names.get(group, "not asked"),
                share=_share(mine, trials),
                power=_share(rejects, mine) if mine else None,
                late=_share(late, trials),
                mean_target=target / mine if mine else None,
            )
        )
    return tuple(found)


def _share(count: int, trials: int) -> Estimate:
    return Estimate(count / trials, standard_error(count, trials))
