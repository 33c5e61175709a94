"""What trials simulated in lanes leave behind: a number of 64 bits a patient, and their entry.

Trials are the lanes: every array has the axes (block, ..., lane), and trial `k` of the records
stands in block `k // lanes`, lane `k % lanes`. So one instruction of the processor does the same
for several trials. The last block may have lanes beyond the last trial, which mean nothing.

A patient's *key* holds what ended their follow-up: 62 bits of the time, then a bit for who is
censored and one for the second arm. Keys sort like the times, deaths before others at one time.
The bits of positive floats sort like the floats. No time reaches 2^21 days, so the bits of the
exponent that only larger numbers need are free, and more are freed by letting all times below
2^-1003 days count as 0. All others keep every bit: ties are exact.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.records import Floats, Ints
from simulator.rules.kernel import inlined

Counted = npt.NDArray[np.int16]

CENSORED, SECOND = 2, 1
NOBODY = 2**63 - 2
"""Key of a patient who did not enter or is left out: after all others."""

_MANTISSA_BITS = 52
_LEAST_EXPONENT = 20 << _MANTISSA_BITS  # ten bits of exponent, up to that of 2^20
# Turned round, the highest bit has signed numbers, which processors compare, sort like unsigned.
_SIGN = -(2**63)


class Count(IntEnum):
    """What is counted of each trial's patients, arm by arm, as `TrialMetrics` declares it."""

    PATIENTS = 0
    DEATHS = 1  # known or not
    DEATHS_FROM_TUMOUR = 2
    TRANSPLANTS = 3
    WITHDRAWN = 4
    LOST = 5
    INFECTIONS = 6
    DEATHS_SEEN = 7
    TRANSPLANTS_SEEN = 8
    WITHDRAWALS_SEEN = 9


class LaneRecords(NamedTuple):
    """Some trials; P patients are planned.

    Attributes
    ----------
    closes_day
        (trials,): when recruitment closes at the latest.
    entry_day
        (blocks, P, lanes): trial time of randomisation, in order; infinity for who did not enter.
    key
        (blocks, P, lanes): death, loss or the end of follow-up, whichever came first; `NOBODY` for
        who did not enter. A loss on the last day is no loss.
    transplant_after_days
        (blocks, P, lanes), infinity for none; (blocks, 0, lanes) where the scenario has none.
    counts
        (blocks, `Count`, arms, lanes).
    counted_as
        (blocks, P, lanes), or (blocks, 0, lanes) where nobody asked: 0 for whom the liver's death
        or nothing ended; for others the sum of `bit_of` what they are counted as.
    """

    trials: int
    closes_day: Floats
    entry_day: Floats
    key: Ints
    transplant_after_days: Floats
    counts: Ints
    counted_as: Counted


def bit_of(count: Count) -> int:
    """Return the bit that stands for a count in `counted_as`."""
    return 1 << count


def by_trial(column: npt.NDArray[Any], trials: int) -> npt.NDArray[Any]:
    """Return a column of lanes, shape (blocks, ..., lanes), with one row a trial, (trials, ...)."""
    rows = np.moveaxis(column, -1, 1)
    return rows.reshape(rows.shape[0] * rows.shape[1], *rows.shape[2:])[:trials]


@inlined
def key_of(days: float, censored: Any, second: Any) -> Any:
    """Key of a time of at least 0; `censored` is 0 or CENSORED, `second` 0 or SECOND."""
    bits = np.float64(days).view(np.int64) - _LEAST_EXPONENT
    bits = bits if bits > 0 else np.int64(0)
    return ((bits << 2) | censored | second) ^ np.int64(_SIGN)


def turned(key: Any) -> Any:
    """Return a key, or an array of them, with the highest bit as `analysis.sort_keys` has it."""
    return key ^ np.int64(_SIGN)
