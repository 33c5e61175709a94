"""Exact critical values of a running trial at the sizes that it has, where they are its own."""

from collections.abc import Sequence
from itertools import pairwise

from simulator.analysis import AnalysisPlan
from simulator.monitoring.asked import MonitoringPlan, by_arm
from simulator.monitoring.exact_z import z_of
from simulator.montecarlo.exact_stages import exact_levels, spent_by, stages_of
from simulator.planning.interim.keys import Observed

Arms = tuple[int, int]


def sizes_so_far(
    asked: MonitoringPlan, observed: Observed, arms: Sequence[str], information: float
) -> tuple[Arms, ...]:
    """Return the sizes of the arms at each look so far, this one last.

    As they are observed, or else shared out as they are planned.
    """
    ratio = asked.final_size
    sizes = [by_arm(look.information, ratio) for look in observed.earlier_looks]
    counts = observed.arms or {}
    followed = [counts[arm].followed_up for arm in arms if arm in counts]
    known = [number for number in followed if number is not None]
    here = (known[0], known[1]) if len(known) == len(arms) else by_arm(information, ratio)
    return (*sizes, here)


def own_z(
    plan: AnalysisPlan, asked: MonitoringPlan, sizes: Sequence[Arms], *, final: bool
) -> float:
    """Return the critical value of the last look with these sizes; `final`: it is the end.

    That as planned where arms shrink from look to look, or there are more looks than planned.
    """
    spent, place = spent_by(asked), len(sizes) - 1
    places = [*range(place), len(spent) - 1 if final else place]
    if place >= len(spent) or not rise(sizes):
        return z_of(asked.exact_levels[-1 if final else min(place, len(spent) - 1)], asked.sides)
    levels = exact_levels(stages_of(plan, sizes), tuple(spent[k] for k in places))
    return z_of(levels[-1], asked.sides)


def rise(sizes: Sequence[Arms]) -> bool:
    """Whether no arm shrinks, and each has somebody."""
    grows = all(m0 <= n0 and m1 <= n1 for (m0, m1), (n0, n1) in pairwise(sizes))
    return grows and min(sizes[0]) >= 1
