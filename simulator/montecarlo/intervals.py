"""How sure a share of trials is: its Monte Carlo standard error and its 95 % interval."""

import math

from simulator.analysis.proportion_intervals import wilson
from simulator.constants import NORMAL_QUANTILE_975


def standard_error(count: float, trials: float) -> float:
    """Monte Carlo standard error of a share, from (count + 2) / (trials + 4).

    So moved (Agresti and Coull 1998) it is not 0 where none or all of the trials count.
    """
    share = (count + 2) / (trials + 4)
    return math.sqrt(share * (1 - share) / (trials + 4))


def interval(count: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson's score (1927), from 0 for none and to 1 for all."""
    low, high = wilson(count, trials, NORMAL_QUANTILE_975)
    return 0.0 if count == 0 else low, 1.0 if count == trials else high
