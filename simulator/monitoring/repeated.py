"""Repeated confidence intervals: valid at every look at once, whether or not the trial stops."""

import math
from typing import NamedTuple

from simulator.monitoring.plan import Look


class Repeated(NamedTuple):
    """Limits of the drift; the effect is the drift times its standard error at the planned end."""

    low: float
    high: float


def repeated_interval(look: Look, z: float, root: float | None = None) -> Repeated:
    """Return the interval of a look (Jennison and Turnbull 1989; 2000, section 9.1).

    It holds every drift that the boundary would not reject at this look: the estimate plus and
    minus the critical value times the standard error. All of them together hold the drift with
    probability 1 - alpha where alpha is two-sided, 1 - 2 alpha where it is one-sided. Infinite
    where nothing can be shown at the look.

    Parameters
    ----------
    root
        Mean of the statistic where the drift is 1, if stages have weights of their own
        (`reestimation.weighted_root`); None: the usual one, the root of the information.
    """
    root = math.sqrt(look.information) if root is None else root
    return Repeated((z - look.efficacy_z) / root, (z + look.efficacy_z) / root)
