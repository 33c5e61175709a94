"""Patients in order of time, or of rank: sorted as whole numbers that hold all that a test needs.

Sorting whole numbers in rows of a matrix is what NumPy does fastest. So what is to be sorted, whom
it belongs to and what became of them are packed into the 64 bits of one number, the *key*. The bits
of positive floats sort like the floats. No quantity here reaches 2^21 (days, points of MELD), so
the bits of the exponent that only larger numbers need are free, and more are freed by letting all
numbers below a least one count as 0: times below 2^-1003 days, and changes of MELD and times of
death in `meld_worst_rank` below 2^-491. All others keep every bit: ties are exact.

The keys of a block of trials are a matrix with one row per trial; `UNUSED`, the largest, fills it
up and stands for patients that an analysis leaves out.
"""

import math

import numpy as np
import numpy.typing as npt

from simulator.analysis.cut import Bools, Rows, by_the_cut, followed_by_the_cut
from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.analysis.outcomes import Treatment, counted_as
from simulator.records import Floats, Ints

Keys = npt.NDArray[np.uint64]

# Key of a test on time: 62 bits of the time, then these two. A death comes before a censored time
# that ties with it, since who is censored on a day of death is still at risk.
CENSORED, SECOND = 2, 1
UNUSED = -2  # as a signed number: all bits but the last, so neither dead nor of the second arm
UNUSED_KEY = np.uint64(2**64 + UNUSED)

_MANTISSA_BITS = 52
_LEAST_EXPONENT_OF_TIME = 20 << _MANTISSA_BITS  # ten bits of exponent, up to that of 2^20
# Key of a rank: 1 bit for the dead, 62 of the rank's value with its sign, 1 for the second arm.
_LEAST_EXPONENT_OF_RANK = 532 << _MANTISSA_BITS  # nine bits of exponent, up to that of 2^20
_ZERO_RANK = 1 << 61
_DEAD_RANK = np.uint64(1 << 63)


@inlined
def _bits(value: float) -> int:
    return np.float64(value).view(np.int64)  # type: ignore[return-value]


@inlined
def time_bits(days: float) -> int:
    """Return a whole number of 62 bits that sorts like a time of at least 0."""
    return max(_bits(days) - _LEAST_EXPONENT_OF_TIME, 0)


@inlined
def time_of(key: int) -> float:
    """Return the time in a key of a test on time; times below 2^-1003 days are 0."""
    bits = np.int64(np.uint64(key) >> np.uint64(2))  # the sign is a bit like the others
    return np.int64(bits + _LEAST_EXPONENT_OF_TIME).view(np.float64) if bits > 0 else 0.0


@inlined
def _time_key(
    dead: float, lost: float, last: float, second: int, left_out_before: float
) -> np.uint64:
    """Key of a patient who was dead, lost or else last seen, each at a time or never."""
    censored = 0 if dead < math.inf else CENSORED
    key = (time_bits(minimum(minimum(dead, lost), last)) << 2) | censored | second
    return UNUSED_KEY if lost < left_out_before else np.uint64(key)


@kernel
def time_keys(
    rows: Rows,
    bounds: Ints,
    cut_day: Floats,
    follow_up_days: float,
    treatment: Treatment,
    left_out_before: float,
    keys: Keys,
) -> None:
    """Fill in the keys of tests on time, one row per patient.

    Parameters
    ----------
    bounds, cut_day
        Rows bounds[j] to bounds[j + 1] - 1 are cut on cut_day[j], whatever trials they are of: long
        stretches are what the processor takes several patients at once of.
    left_out_before
        Infinity if those lost are left out, 0 if they are censored.
    """
    for j in range(cut_day.size):
        # A slice has no negative index, whose possibility would keep the loops on it slow.
        low, high = bounds[j], bounds[j + 1]
        entry, death = rows.entry_day[low:high], rows.death_after_days[low:high]
        loss, transplant = rows.loss_after_days[low:high], rows.transplant_after_days[low:high]
        arm, ours = rows.arm[low:high], keys[low:high]
        limit = cut_day[j]
        if limit == math.inf:  # all is known: no need to read the entry
            for i in range(ours.size):
                dead, lost = counted_as(death[i], loss[i], transplant[i], follow_up_days, treatment)
                ours[i] = _time_key(dead, lost, follow_up_days, arm[i], left_out_before)
            continue
        for i in range(ours.size):
            dead, lost = counted_as(
                by_the_cut(entry[i], death[i], limit),
                by_the_cut(entry[i], loss[i], limit),
                by_the_cut(entry[i], transplant[i], limit),
                follow_up_days,
                treatment,
            )
            last = followed_by_the_cut(entry[i], limit, follow_up_days)
            last = math.inf if minimum(dead, lost) < math.inf else last
            key = _time_key(dead, lost, last, arm[i], left_out_before)
            ours[i] = key if entry[i] <= limit else UNUSED_KEY


@inlined
def _rank_bits(value: float) -> int:
    """Return a whole number of 62 bits that sorts like a number of either sign."""
    size = min(max(_bits(abs(value)) - _LEAST_EXPONENT_OF_RANK, 0), _ZERO_RANK - 1)
    return _ZERO_RANK - size if value < 0.0 else _ZERO_RANK + size


@kernel
def rank_keys(death_days: Floats, seen: Bools, change: Floats, arm: Ints, keys: Keys) -> None:
    """Fill in the keys of patients by how badly they fared, one row per patient.

    The dead come after all others, the earliest last; survivors by their change of MELD, if seen.
    """
    for i in range(keys.size):
        dead = death_days[i] < math.inf
        badness = -death_days[i] if dead else change[i]
        key = np.uint64((_rank_bits(badness) << 1) | arm[i])
        key = key | _DEAD_RANK if dead else key
        keys[i] = key if dead or seen[i] else UNUSED_KEY


def in_order(first_row: Ints, keys: Keys) -> Ints:
    """Sort the keys of each trial; shape (trials, patients of the largest trial).

    They are given back as signed numbers of the same bits, of which compiled code can take parts.
    """
    sizes = np.diff(first_row)
    width = int(sizes.max(initial=0))
    ordered = keys.reshape(sizes.size, width) if keys.size == sizes.size * width else None
    if ordered is None:
        ordered = np.full((sizes.size, width), UNUSED_KEY)
        _fill(first_row, keys, ordered)
    ordered.sort(axis=1)
    return ordered.view(np.int64)


@kernel
def _fill(first_row: Ints, keys: Keys, ordered: Keys) -> None:
    for k in range(ordered.shape[0]):
        for i in range(first_row[k], first_row[k + 1]):
            ordered[k, i - first_row[k]] = keys[i]
