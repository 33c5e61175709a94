"""What the final analysis of a stopped trial has beyond the look that stopped it: the overrun."""

import numpy as np

from simulator.analysis.looked_at import Known
from simulator.declarations.analyses import Information
from simulator.kernels import njit
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.look_rows import LookRows
from simulator.records import Floats, Ints


def note_overrun(asked: MonitoringPlan, looks: LookRows, end: Known) -> None:
    """Write the overrun of the trials that a look stopped, in place.

    Parameters
    ----------
    end
        What is known at the actual end of all trials.
    """
    at = looks.stopping_look
    _note(at, end.randomised, looks.randomised, looks.overrun_randomised)
    _note(at, end.events, looks.events, looks.overrun_events)
    if asked.information == Information.COMPLETED:
        with np.errstate(invalid="ignore"):  # of looks that were not taken
            known = np.rint(looks.fraction * asked.max_information).astype(np.int64)
        _note(at, end.completed, np.asfortranarray(known), looks.overrun_completed)


@njit(error_model="numpy", nogil=True)
def _note(at: Ints, end: Ints, by_look: Ints, overrun: Floats) -> None:
    for k in range(at.size):
        if at[k] >= 0:
            overrun[k, at[k]] = end[k] - by_look[k, at[k]]
