"""When candidates are referred (model page, section 1)."""

import math

import numpy as np
import numpy.typing as npt

from simulator.rules.elementary import exp, log
from simulator.rules.kernel import inlined, kernel

Floats = npt.NDArray[np.float64]


@inlined
def waiting_time(u: float) -> float:
    """Return the exponential waiting time of mean 1 at the uniform `u`."""
    return -log(u)


@kernel
def rate_multiplier(log_table: Floats, low: float, step: float, z: float) -> float:
    """Gamma multiplier of a site's rate at the normal quantile `z`, from a table of its log."""
    place = min(max((z - low) / step, 0.0), log_table.size - 1.000001)
    i = int(place)
    return exp(log_table[i] + (place - i) * (log_table[i + 1] - log_table[i]))


@inlined
def referral_day(
    target: float,
    multiplier: float,
    opens_day: float,
    knot_day: Floats,
    knot_cumulative: Floats,
    knot_rate: Floats,
    knot_slope: Floats,
) -> float:
    """Trial day on which a site's cumulative rate reaches `target`, exactly.

    From knot k on the rate per day is knot_rate[k] + knot_slope[k] * (days since knot_day[k]), all
    times `multiplier`; days are counted from the site's opening. The quadratic is solved in the
    form that does not cancel and that holds for a slope of zero.
    """
    goal = target / multiplier
    k = knot_cumulative.size - 1
    while k > 0 and knot_cumulative[k] > goal:
        k -= 1
    excess = goal - knot_cumulative[k]
    root = math.sqrt(knot_rate[k] * knot_rate[k] + 2.0 * knot_slope[k] * excess)
    days = 0.0 if excess == 0.0 else 2.0 * excess / (knot_rate[k] + root)
    return opens_day + (knot_day[k] + days)


@inlined
def uniform_entry(over_days: float, u: float) -> float:
    """Trial day of an entry that is uniform over a period."""
    return over_days * u
