"""Labs, what sessions do to them, and MELD (model page, section 7).

Labs are on the natural-log scale in the order bilirubin, INR, creatinine, platelets.
"""

import math

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LN_BILIRUBIN_UMOL_PER_MG_DL = math.log(17.1)
LN_CREATININE_UMOL_PER_MG_DL = math.log(88.4)
_LN_4 = math.log(4.0)


@numba.njit(cache=True, error_model="numpy")
def log_of(value: float) -> float:
    """Natural logarithm."""
    return math.log(value)


@numba.njit(cache=True, error_model="numpy")
def slope(
    mean: float, sd: float, on_baseline: Floats, baseline_latent: Floats, own: Floats, draws: Floats
) -> float:
    """Native slope of a lab per day: normal, correlated with the baseline and the other slopes.

    `on_baseline` and `own` are a lab's rows of the regression on the baseline's latent normals and
    of the Cholesky factor of what that leaves.
    """
    z = 0.0
    for j in range(3):
        z += on_baseline[j] * baseline_latent[j]
    for j in range(3):
        z += own[j] * draws[j]
    return mean + sd * z


@numba.njit(cache=True, error_model="numpy")
def native(baseline: float, slope_per_day: float, day: float, normal: float, ceiling: float) -> float:
    """Lab without sessions on patient-day `day`, held between normal and ceiling, or the baseline."""
    low = min(normal, baseline)
    high = max(ceiling, baseline)
    return min(max(baseline + slope_per_day * day, low), high)


@numba.njit(cache=True, error_model="numpy")
def decay(rate_per_day: float, days: float) -> float:
    """Share of a shift that is left after `days`."""
    return math.exp(-rate_per_day * days)


@numba.njit(cache=True, error_model="numpy")
def next_shift(shift: float, share_left_per_day: float, added: float) -> float:
    """Shift at a patient-day opening from that at the one before and what sessions since added."""
    return shift * share_left_per_day + added


@numba.njit(cache=True, error_model="numpy")
def added_shift(
    whole: float, fraction: float, rate_per_day: float, opening_day: float, session_end_day: float
) -> float:
    """What a session adds to a shift at the opening after it, both in trial time."""
    return whole * fraction * math.exp(-rate_per_day * (opening_day - session_end_day))


@numba.njit(cache=True, error_model="numpy")
def meld(bilirubin: float, inr: float, creatinine: float, bounded: bool) -> float:
    """MELD from the logs of bilirubin (umol/L), INR and creatinine (umol/L).

    As the registry record has it; `bounded` sets values under 1 (mg/dL or ratio) to 1 and
    creatinine above 4 mg/dL to 4.
    """
    b = bilirubin - LN_BILIRUBIN_UMOL_PER_MG_DL
    i = inr
    c = creatinine - LN_CREATININE_UMOL_PER_MG_DL
    if bounded:
        b = max(b, 0.0)
        i = max(i, 0.0)
        c = min(max(c, 0.0), _LN_4)
    return 3.78 * b + 11.20 * i + 9.57 * c + 6.43


@numba.njit(cache=True, error_model="numpy")
def measured(true_log: float, error_log_sd: float, z: float) -> float:
    """Lab as measured, on the log scale."""
    return true_log + error_log_sd * z


@numba.njit(cache=True, error_model="numpy")
def visit_day(planned_day: float, window_days: float, u: float, follow_up_days: float) -> float:
    """Patient day of a visit, uniform in its window but not after the end of follow-up."""
    return min(planned_day + window_days * (2.0 * u - 1.0), follow_up_days)
