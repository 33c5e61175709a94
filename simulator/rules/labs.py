"""Labs, what sessions do to them, and MELD (model page, section 7).

Labs are on the natural-log scale in the order bilirubin, INR, creatinine, platelets.
"""

import math

import numpy as np
import numpy.typing as npt

from simulator.rules.elementary import exp, log
from simulator.rules.kernel import inlined, kernel

Floats = npt.NDArray[np.float64]

LN_BILIRUBIN_UMOL_PER_MG_DL = math.log(17.1)
LN_CREATININE_UMOL_PER_MG_DL = math.log(88.4)
_LN_4 = math.log(4.0)


@inlined
def log_of(value: float) -> float:
    """Natural logarithm."""
    return log(value)


@kernel
def slope(
    mean: float, sd: float, on_baseline: float, baseline_latent: float, own: Floats, draws: Floats
) -> float:
    """Native slope of a lab per day: normal, correlated with the baseline and the other slopes.

    `on_baseline` is the slope's correlation with the latent normal of its lab's baseline, `own` a
    row of the Cholesky factor of what that leaves of the slopes' correlation.
    """
    z = on_baseline * baseline_latent
    for j in range(3):
        z += own[j] * draws[j]
    return mean + sd * z


@inlined
def native(baseline: float, slope_per_day: float, day: int, normal: float, ceiling: float) -> float:
    """Lab without sessions on a patient-day, held between normal and ceiling, or baseline."""
    low = min(normal, baseline)
    high = max(ceiling, baseline)
    return min(max(baseline + slope_per_day * day, low), high)


@kernel
def native_labs(
    baseline: Floats, slope_per_day: Floats, day: int, normal: Floats, ceiling: Floats, out: Floats
) -> None:
    """Fill `out` with the four labs without sessions; platelets keep their baseline."""
    for lab in range(3):
        out[lab] = native(baseline[lab], slope_per_day[lab], day, normal[lab], ceiling[lab])
    out[3] = baseline[3]


@inlined
def next_shifts(shifts: Floats, share_left_per_day: Floats) -> None:
    """Let shifts decay from one patient-day opening to the next, in place.

    Both are flat, in the order modality, lab, part (fast, slow).
    """
    for i in range(shifts.size):
        shifts[i] *= share_left_per_day[i]


@inlined
def later_shifts(shifts: Floats, share_left_per_day: Floats, days: int) -> None:
    """Let shifts decay for some days, to the bits of `next_shifts` day after day.

    The eight numbers of a modality are kept in registers on the way.
    """
    for first in range(0, shifts.size, 8):
        s, left = shifts[first : first + 8], share_left_per_day[first : first + 8]
        a, b, c, d, e, f, g, h = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
        if a == b == c == d == e == f == g == h == 0.0:
            continue
        for _ in range(days):
            a, b, c, d = a * left[0], b * left[1], c * left[2], d * left[3]
            e, f, g, h = e * left[4], f * left[5], g * left[6], h * left[7]
        s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7] = a, b, c, d, e, f, g, h


@inlined
def add_session(
    shifts: Floats,
    full_shift: Floats,
    rate_per_day: Floats,
    fraction: float,
    opening_day: float,
    session_end_day: float,
) -> None:
    """Add to one modality's shifts what a session does to them by the next opening.

    All are flat, in the order lab, part. `full_shift` are the shifts of a session delivered in
    full, at its end; the times are trial times.
    """
    days = opening_day - session_end_day
    for i in range(shifts.size):
        shifts[i] += full_shift[i] * fraction * exp(-rate_per_day[i] * days)


@kernel
def shifted_labs(native_log: Floats, shifts: Floats, out: Floats) -> None:
    """Fill `out` with the labs as sessions have left them."""
    for lab in range(native_log.size):
        value = native_log[lab]
        for m in range(shifts.shape[0]):
            value += shifts[m, lab, 0] + shifts[m, lab, 1]
        out[lab] = value


@inlined
def meld_of(log_bilirubin: float, log_inr: float, log_creatinine: float, bounded: bool) -> float:
    """MELD from the logs of bilirubin (umol/L), INR and creatinine (umol/L).

    As the registry record has it; `bounded` sets values under 1 (mg/dL or ratio) to 1 and
    creatinine above 4 mg/dL to 4.
    """
    b = log_bilirubin - LN_BILIRUBIN_UMOL_PER_MG_DL
    i = log_inr
    c = log_creatinine - LN_CREATININE_UMOL_PER_MG_DL
    if bounded:
        b = max(b, 0.0)
        i = max(i, 0.0)
        c = min(max(c, 0.0), _LN_4)
    return 3.78 * b + 11.20 * i + 9.57 * c + 6.43


@kernel
def meld(log_labs: Floats, bounded: bool) -> float:
    """MELD from an array of the logs of bilirubin, INR and creatinine (see `meld_of`)."""
    return meld_of(log_labs[0], log_labs[1], log_labs[2], bounded)


@inlined
def measured(true_log: float, error_log_sd: float, z: float) -> float:
    """Lab as measured, on the log scale."""
    return true_log + error_log_sd * z


@inlined
def visit_day(planned_day: float, window_days: float, u: float, follow_up_days: float) -> float:
    """Patient day of a visit, uniform in its window but not after the end of follow-up."""
    return min(planned_day + window_days * (2.0 * u - 1.0), follow_up_days)


@kernel
def open_day(
    baseline: Floats,
    slope_per_day: Floats,
    day: int,
    normal: Floats,
    ceiling: Floats,
    shifts: Floats,
    bounded: bool,
    native_log: Floats,
    seen_log: Floats,
) -> tuple[float, float]:
    """Fill in the labs at a patient-day opening, without sessions and with; return MELD of both."""
    native_labs(baseline, slope_per_day, day, normal, ceiling, native_log)
    shifted_labs(native_log, shifts, seen_log)
    return meld(native_log, bounded), meld(seen_log, bounded)
