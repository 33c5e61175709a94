"""Numbers of a plan that may be given as they are, or for each patient to be randomised.

What is given for each patient goes with `trial.target_randomised`, which a search for a size and a
sweep change; a number given as it is stays.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.scenario.adaptation import BlindedReestimation, PromisingZone
    from simulator.scenario.schema import Trial

_ROUNDING = 1e-9


def rounded_up(number: float) -> int:
    """Return a number of patients or deaths, whole and at least 1."""
    return max(1, math.ceil(number - _ROUNDING))


def deaths_at_end(trial: "Trial") -> int | None:
    """Return the known deaths that end a trial; None: none do."""
    if trial.end is None:
        return None
    if trial.end.deaths_per_patient is not None:
        return rounded_up(trial.end.deaths_per_patient * trial.target_randomised)
    return trial.end.deaths


def highest_new_target(asked: "BlindedReestimation | PromisingZone", target: int) -> int:
    """Return the highest target that a re-estimation may set."""
    if asked.most_times_target is not None:
        return math.floor(asked.most_times_target * target + _ROUNDING)
    assert asked.most_randomised is not None
    return asked.most_randomised


def information_given(
    whole: float | None, per_patient: float | None, target: int, *, counted: bool
) -> float | None:
    """Return the information at the planned end, if it is given in either way.

    Parameters
    ----------
    counted
        Whether it is a number of patients or deaths.
    """
    if per_patient is None:
        return whole
    found = per_patient * target
    return float(rounded_up(found)) if counted else found
