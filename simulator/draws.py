"""Addressed random numbers: every uniform is computed from its address, never drawn in turn.

An address is (seed, trial, purpose, who, which). The generator is Philox 4x32-10 (Salmon, Moraes,
Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): the seed is its key, the rest of
the address its counter. One block gives four words of 32 bits and `which` counts words, so the
uniforms `which` = 4k .. 4k+3 of one purpose share a block. A uniform is (word + 1/2) / 2^32, in the
open interval (0, 1): its smallest value is 1.2e-10, so that a normal quantile reaches 6.3 standard
deviations and a waiting time 22.9 means; no tail that the model asks for lies beyond.
"""

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.kernels import njit


class Purpose(IntEnum):
    """What a uniform is for; each says what numbers `who` / `which`.

    What is a patient's own is addressed by the number that they have as a candidate, so that
    neither eligibility nor allocation changes it. It comes second where each candidate, or each
    patient, needs one number of a kind: consecutive ones then share a block.
    """

    SITE_RATE = 1  # site / 0: the gamma multiplier of a site's rate
    REFERRAL = 2  # site / k: waiting time before the site's k-th candidate
    UNIFORM_ENTRY = 3  # 0 / candidate before sorting: entry under uniform accrual
    PROFILE = 4  # variable / candidate: characteristics
    CONSENT = 5  # 0 / candidate
    ALLOCATION = 6  # 0 / order of randomisation: which arm
    SCHEME_DRAW = 7  # stratum / order: what a scheme draws itself, as the size of a block
    EXIT = 8  # an Exit / candidate: threshold of the liver hazard, times of the other exits
    SLOPE = 9  # candidate / lab: own course of the labs
    FRAILTY = 10  # candidate / 0
    SESSION_LENGTH = 11  # candidate / session
    ADVERSE_EVENT = 12  # candidate / 8 session + kind: does it happen
    ADVERSE_FRACTION = 13  # candidate / 8 session + kind: share completed when it happens
    BACKGROUND = 14  # site / day: number of sessions for patients outside the trial
    DELIVERY = 15  # site / day: plasma delivered
    VISIT_MISSED = 16  # candidate / visit
    VISIT_TIME = 17  # candidate / visit: where in its window
    LAB_ERROR = 18  # candidate / 4 visit + lab: measurement error
    REALLOCATION = 19  # draw of a randomisation test / order of randomisation: which arm
    REALLOCATION_DRAW = 20  # draw / order: what a scheme draws itself when replayed
    SELECTION = 21  # 0 / candidate: whether the investigator acts on one who does not suit
    LIST = 22  # stratum / number: which arm, on a list drawn beforehand; trial 0
    LIST_DRAW = 23  # stratum / order: what a scheme draws itself for such a list


def code_of(purpose: IntEnum) -> Any:
    """Part of an address as a compiled kernel takes it.

    A global int would be a literal, and each literal a kernel of its own.
    """
    return np.int64(purpose)


_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_TO_UNIT = 2.0**-32

Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@njit(error_model="numpy", forceinline=True)
def _round(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    p0 = _M0 * c0
    p1 = _M1 * c2
    return (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW


@njit(error_model="numpy", forceinline=True)
def philox4x32(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Four words of Philox 4x32-10 for a counter of four words and a key of two, of 32 bits.

    The rounds stand one after another: a loop of them would keep a compiler from taking several
    counters at once, which is six times as fast.
    """
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    return c0, c1, c2, c3


@njit(error_model="numpy", forceinline=True)
def block(seed: int, trial: int, purpose: int, who: int, index: int) -> Words:
    """Words 4 * index .. 4 * index + 3 of the address (seed, trial, purpose, who)."""
    key = np.uint64(seed)
    return philox4x32(
        np.uint64(index) & _LOW,
        np.uint64(who) & _LOW,
        np.uint64(purpose) & _LOW,
        np.uint64(trial) & _LOW,
        key & _LOW,
        key >> _SHIFT,
    )


@njit(error_model="numpy", forceinline=True)
def to_uniform(word: np.uint64) -> float:
    """Map a word of 32 bits into the open interval (0, 1), symmetrically about 1/2."""
    return (np.float64(np.int64(word)) + 0.5) * _TO_UNIT


@njit(error_model="numpy", forceinline=True)
def uniform(seed: int, trial: int, purpose: int, who: int, which: int) -> float:
    """Return the uniform at the address (seed, trial, purpose, who, which).

    Parameters
    ----------
    seed
        0 to 2^63 - 1.
    trial, who, which
        0 to 2^32 - 1; what `who` and `which` number is said at each `Purpose`.
    purpose
        A `Purpose`.

    Notes
    -----
    Model page, section 0.
    """
    w0, w1, w2, w3 = block(seed, trial, purpose, who, which >> 2)
    even = w0 if which & 2 == 0 else w2
    odd = w1 if which & 2 == 0 else w3
    return to_uniform(even if which & 1 == 0 else odd)


@njit(error_model="numpy", forceinline=True)
def fill(
    seed: int, trial: int, purpose: int, who: int, first: int, out: npt.NDArray[np.float64]
) -> None:
    """Fill `out` with the uniforms which = first, first + 1, ... of an address.

    `first` is a multiple of 4.
    """
    blocks, index = out.size >> 2, first >> 2
    for k in range(blocks):
        w0, w1, w2, w3 = block(seed, trial, purpose, who, index + k)
        out[4 * k], out[4 * k + 1] = to_uniform(w0), to_uniform(w1)
        out[4 * k + 2], out[4 * k + 3] = to_uniform(w2), to_uniform(w3)
    for k in range(4 * blocks, out.size):
        out[k] = uniform(seed, trial, purpose, who, first + k)
