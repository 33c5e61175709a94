"""What level the looks of a running trial attain at the sizes that it has so far."""

from collections.abc import Sequence

from simulator.monitoring.asked import by_arm
from simulator.planning.attained import attained_at
from simulator.planning.interim.asked import Asked
from simulator.planning.interim.keys import Observed
from simulator.planning.interim.levels import rise
from simulator.results.attained import AttainedLevel
from simulator.scenario.loaded import LoadedScenario

Arms = tuple[int, int]


def attained_so_far(
    asked: Asked, observed: Observed, arms: Sequence[str], loaded: LoadedScenario, *, final: bool
) -> AttainedLevel | None:
    """Return the level of the looks: those taken, this one at its sizes, and those to come.

    None without looks that are planned at known sizes, or without counts by arm.
    """
    plan, counts = asked.looks, observed.arms
    if plan is None or plan.family is not None or plan.adaptation is not None or counts is None:
        return None
    followed = [counts[arm].followed_up for arm in arms]
    if None in followed or not plan.sizes:
        return None
    ratio = loaded.scenario.allocation.ratio
    sizes = [by_arm(look.information, ratio) for look in observed.earlier_looks]
    this = len(plan.sizes) - 1 if final else len(sizes)
    places = [*range(len(sizes)), this, *range(this + 1, len(plan.sizes))]
    sizes += [(followed[0] or 0, followed[1] or 0), *plan.sizes[this + 1 :]]
    if len(set(places)) < len(places) or not rise(sizes):
        return None  # more looks than planned, or fewer patients than at one before
    return attained_at(asked.plan, plan, sizes, places)
