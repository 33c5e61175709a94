"""What the final analysis of a stopped trial has beyond the look that stopped it: the overrun."""

import numpy as np

from simulator.analysis.looked_at import Known
from simulator.declarations.analyses import Information
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.look_rows import LookRows
from simulator.records import Ints


def note_overrun(asked: MonitoringPlan, looks: LookRows, trials: Ints, end: Known) -> None:
    """Write the overrun of some trials that a look stopped, in place.

    Parameters
    ----------
    trials
        Their rows.
    end
        What is known at their actual end, one row for each of `trials`.
    """
    at = trials, looks.stopping_look[trials]
    looks.overrun_randomised[at] = end.randomised - looks.randomised[at]
    looks.overrun_events[at] = end.events - looks.events[at]
    if asked.information == Information.COMPLETED:
        known = np.rint(looks.fraction[at] * asked.max_information)
        looks.overrun_completed[at] = end.completed - known
