"""Sizes of a trial that adapts, and the test that then keeps the level (model page, section 12.1).

Functions of numbers, element by element: shapes are those of the arguments, one value per trial.
Information is a share of that planned, and z positive in favour of what is to be shown.
"""

import math
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from simulator.records import Floats, Ints

Bools = npt.NDArray[np.bool_]
_FAR = 8.0  # standard errors: a statistic beyond says no more, and an exact test's may be infinite


class Zone(IntEnum):
    """What an unblinded re-estimation finds a trial to be."""

    UNFAVOURABLE = 1
    PROMISING = 2
    FAVOURABLE = 3


def patients_for_difference(
    pooled: Floats, difference: float, alpha: float, power: float, share_second: float
) -> Floats:
    """Patients in both arms with whom a difference of proportions is found.

    Arms are set apart by the difference around the pooled proportion, which with equal arms is
    (z sqrt(2 p (1 - p)) + z' sqrt(p1 (1 - p1) + p2 (1 - p2)))^2 / difference^2 an arm (Fleiss 2003,
    section 4.2), re-estimated blinded as by Gould (1992) and by Friede and Kieser (2004). Where
    they do not fit between 0 and 1 the one that does not is at the end of that range.

    Parameters
    ----------
    pooled
        Proportion of events over both arms; NaN gives NaN.
    difference
        Above 0.
    alpha
        Of one side.
    share_second
        Of patients that the second arm is planned to have.
    """
    shares = 1.0 - share_second, share_second
    # The larger risk is the first arm's: which it is matters only where arms differ in size.
    first = np.clip(pooled + difference * shares[1], 0.0, 1.0)
    second = np.clip(pooled - difference * shares[0], 0.0, 1.0)
    under_null = np.sqrt(pooled * (1.0 - pooled) * (1.0 / shares[0] + 1.0 / shares[1]))
    apart = first * (1.0 - first) / shares[0] + second * (1.0 - second) / shares[1]
    root = -ndtri(alpha) * under_null + ndtri(power) * np.sqrt(apart)
    return np.asarray((root / difference) ** 2)


def patients_for_hazard_ratio(
    pooled: Floats, hazard_ratio: float, alpha: float, power: float, share_second: float
) -> Floats:
    """Patients in both arms of whom enough die for a hazard ratio to be found.

    Schoenfeld's number of deaths (1983) over the pooled proportion who die; infinite where nobody
    does. Parameters are those of `patients_for_difference`.
    """
    root = (ndtri(power) - ndtri(alpha)) / math.log(hazard_ratio)
    deaths = root**2 / (share_second * (1.0 - share_second))
    with np.errstate(divide="ignore"):
        return np.asarray(deaths / pooled)


def patients_for_mean(
    total_variance: Floats,
    seen: Ints,
    difference: float,
    alpha: float,
    power: float,
    share_second: float,
) -> Floats:
    """Patients in both arms with whom a difference of means is found.

    The variance within arms is that of all, less what the planned difference adds to it (Gould and
    Shih 1992, with equal arms (n - 1) / (n - 2) (S^2 - difference^2 n / (4 (n - 1)))), and 0 at the
    least.

    Parameters
    ----------
    total_variance
        Of all values seen, arms pooled, with the divisor n - 1.
    seen
        Number of values, n; fewer than 3 give NaN.
    """
    between = difference**2 * share_second * (1.0 - share_second)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = ((seen - 1.0) * total_variance - seen * between) / (seen - 2.0)
    within = np.where(seen > 2, np.maximum(within, 0.0), math.nan)
    root = (ndtri(power) - ndtri(alpha)) / difference
    return np.asarray(root**2 * within / (share_second * (1.0 - share_second)))


def within_caps(patients: Floats, least: int, most: int, planned: int) -> Ints:
    """Return new targets: whole patients between two caps; as planned where the size is NaN."""
    capped = np.clip(np.where(np.isnan(patients), planned, patients), least, most)
    # A size that is whole but for rounding is whole.
    return np.ceil(capped - 1e-9).astype(np.int64)


def conditional_power(z: Floats, information: Floats, critical: Floats, gain: Floats) -> Floats:
    """Conditional power at a look under its estimate, by the weighted final statistic.

    With the information that was planned, `gain = 1 - information`, it is that of the usual one.

    Parameters
    ----------
    z, information
        Of the look.
    critical
        Of the final statistic.
    gain
        Information after the look.
    """
    ahead = (critical - np.sqrt(information) * z) / np.sqrt(1.0 - information)
    return np.asarray(ndtr(z * np.sqrt(gain / information) - ahead))


def gain_needed(z: Floats, information: Floats, critical: Floats, power: float) -> Floats:
    """Information after a look with which conditional power under its estimate is `power`.

    Infinite where the estimate is not in favour (Mehta and Pocock 2011, section 3).
    """
    ahead = (critical - np.sqrt(information) * z) / np.sqrt(1.0 - information)
    with np.errstate(divide="ignore"):
        root = np.maximum(ahead + ndtri(power), 0.0) * np.sqrt(information) / np.maximum(z, 0.0)
    return np.asarray(np.where(z > 0.0, root**2, math.inf))


def zones(power: Floats, low: float, high: float) -> Ints:
    """Return the `Zone` of trials with such conditional power: promising in [low, high)."""
    found = np.full(power.shape, int(Zone.PROMISING))
    found[power < low] = Zone.UNFAVOURABLE
    found[power >= high] = Zone.FAVOURABLE
    return found


def weighted_z(
    z_look: Floats,
    look: Floats,
    z_end: Floats,
    end: Floats,
    weight: Floats,
    farthest: float = _FAR,
) -> Floats:
    """Statistic that weighs what came before a look and after it as was planned.

    sqrt(w) z1 + sqrt(1 - w) (sqrt(I2) z2 - sqrt(I1) z1) / sqrt(I2 - I1) (Cui, Hung and Wang 1999),
    which is the inverse normal combination of the two stages (Lehmacher and Wassmer 1999). Under no
    effect it is standard normal whatever made of the information after the look, and has with looks
    before it the covariance that was planned.

    Parameters
    ----------
    z_look, look
        Statistic and information at the look.
    z_end, end
        Cumulative, at the end; where nothing came after the look the statistic stays that of the
        look.
    weight
        Of the first stage: its share of the planned information.
    farthest
        A statistic farther from 0 is taken as one as far as this.
    """
    before, after = (np.clip(z, -farthest, farthest) for z in (z_look, z_end))
    with np.errstate(divide="ignore", invalid="ignore"):
        increment = (np.sqrt(end) * after - np.sqrt(look) * before) / np.sqrt(end - look)
    combined = np.sqrt(weight) * before + np.sqrt(1.0 - weight) * increment
    return np.asarray(np.where(end > look, combined, before))


def weighted_root(look: Floats, end: Floats, weight: Floats) -> Floats:
    """Mean of `weighted_z` where the effect is a drift of 1: the mean of Z at the planned end.

    Weights times the roots of the information of their stages (Mehta, Bauer, Posch and Brannath
    2007). With as much information as planned it is 1, as that of the usual statistic there; with
    any other it is less than the root of the information, since the weights are not the best.
    """
    return np.asarray(np.sqrt(weight * look) + np.sqrt((1.0 - weight) * (end - look)))


def keeps_level(z: Floats, information: Floats, critical: Floats, gain: Floats) -> Bools:
    """Whether the usual final test needs no more than its critical value after an increase.

    The critical value that spends the conditional level of the planned end is at most that of the
    plan (Chen, DeMets and Lan 2004; Mehta and Pocock 2011, equation 7).
    """
    start = np.sqrt(information) * z
    needed = np.sqrt(gain / (1.0 - information)) * (critical - start) + start
    return np.asarray(needed <= critical * np.sqrt(information + gain) * (1.0 + 1e-12))


def least_promising(information: float, critical: float, most: float, power: float) -> float:
    """Return the conditional power from which on the usual final test keeps the level.

    `cp_min` of Mehta and Pocock (2011, table I), to 0.0005; NaN: nowhere below `power`.

    Parameters
    ----------
    information, critical
        Of the look, and critical value at the planned end.
    most
        Highest information at the end, of that planned.
    power
        That to which information is raised.
    """
    wanted = np.arange(0.0005, power, 0.0005)
    z = (critical - np.sqrt(1.0 - information) * -ndtri(wanted)) * math.sqrt(information)
    gain = np.clip(
        gain_needed(z, np.array(information), np.array(critical), power),
        1.0 - information,
        most - information,
    )
    kept = keeps_level(z, np.array(information), np.array(critical), gain)
    below = np.flatnonzero(~kept)
    first = 0 if below.size == 0 else int(below[-1]) + 1
    return float(wanted[first]) if first < wanted.size else math.nan
