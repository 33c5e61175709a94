"""Sizes of the arms at the looks of trials, were none to stop: what an enumeration is made at.

Trials are simulated with their looks, pauses too, of which none can stop them. So the sizes of the
analyses that a trial did not live to see are known as well, and do not depend on outcomes.
"""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan, design_of
from simulator.conduct import as_planned
from simulator.engines import compiled
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.monitored import monitored
from simulator.montecarlo.monitored_records import RecordedTrials
from simulator.montecarlo.trial_ends import ending
from simulator.params.types import Params

Arms = tuple[int, int]


class LookSizes(NamedTuple):
    """Analyses of one trial that are tests of their own, the final one last.

    Attributes
    ----------
    places
        Of each among the looks planned.
    sizes
        Patients of each arm that it counts.
    """

    places: tuple[int, ...]
    sizes: tuple[Arms, ...]


def look_sizes(
    params: Params, plan: AnalysisPlan, asked: MonitoringPlan, seed: int, trials: int
) -> list[LookSizes]:
    """Return the sizes at the looks of the first so many trials of a run.

    Of looks at patients completed that change nothing but recruitment meanwhile.
    """
    design, target = design_of(params, seed), params.trial.target_randomised
    conducted = ending(params, partial(compiled.conducted, params, seed, with_hazard=False))
    planned = conducted(as_planned(np.arange(trials), target))
    block = RecordedTrials(planned, [plan], design, target, conducted)
    never = asked._replace(
        spending="", lower_spending="", futility=None, exact=False, own_sizes=False
    )
    days = monitored(never, block).looks.cut_day
    cuts = np.where(np.isnan(days), -1.0, days)  # before anybody, where no look is taken
    cuts[:, -1] = math.inf
    found = np.stack([block.counted(cut)[:, :, 1] for cut in cuts.T], axis=1)
    return [analyses_among(sizes, asked.max_information) for sizes in found.tolist()]


def analyses_among(sizes: list[Arms], whole: float) -> LookSizes:
    """Return those looks of a trial that count as one, as `monitored` has them.

    Parameters
    ----------
    sizes
        Patients of each arm at every look planned, 0 where it is not taken; at the end last.
    whole
        Number of patients at which all of the level is spent.
    """
    places, kept, before = [], [], 0
    for place, (n0, n1) in enumerate(sizes):
        final = place == len(sizes) - 1
        if min(n0, n1) >= 1 and (final or before < n0 + n1 < whole):
            places.append(place)
            kept.append((n0, n1))
            before = n0 + n1
    return LookSizes(tuple(places), tuple(kept))
