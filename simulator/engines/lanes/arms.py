"""Which arm each patient is allocated to, the trials being lanes.

A uniform is (word + 1/2) / 2^32. So u < c, which allocates to the first arm, is a comparison of
whole numbers: word < ceil(2^32 c - 1/2), and no number is rounded.
"""

import numpy as np

from simulator import allocation, draws
from simulator.allocation import SCHEMES
from simulator.allocation.table import DUE, MOST_PATIENTS, ProbabilityTable, table_of
from simulator.engines.compiled.independent import allocate_one_by_one
from simulator.engines.compiled.kernel import entry
from simulator.engines.lanes.words import Words, draw_words, rows_of
from simulator.params.types import Params
from simulator.records import Ints

_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_HALF = 0.5
_WORDS = 2.0**32
_ONE = np.uint64(1)
_BITS = np.uint64(33)  # of twice a word plus one
_OVER = -1  # in place of a threshold: a block of patients is over


def allocate_lanes(
    params: Params, plan: allocation.Plan, seed: int, trial: Ints, arm: Ints
) -> None:
    """Fill in the arms of trials, (blocks, lanes), of two arms; (blocks, patients, lanes)."""
    patients = arm.shape[1]
    words = np.empty((rows_of(patients), arm.shape[2]), np.uint32)
    place = np.empty(arm.shape[2], np.int64)
    scheme = SCHEMES[params.allocation.scheme]
    if scheme.word == "random_allocation":
        ratio = params.allocation.ratio
        _by_urn(seed, trial, patients * ratio[0] // sum(ratio), words, place, arm)
        return
    table = table_of(plan, patients) if patients <= MOST_PATIENTS else None
    if table is not None and table.length.size == 1:
        _by_table(seed, trial, _thresholds(table), words, place, arm)
    else:
        blocks, _, lanes = arm.shape
        rows = blocks * lanes * patients
        draw, chosen, chance = np.empty(rows), np.empty(rows, np.int64), np.empty((rows, 2))
        allocate_one_by_one(plan, seed, trial.ravel(), patients, draw, chosen, chance)
        arm[:] = chosen.reshape(blocks, lanes, patients).transpose(0, 2, 1)


def _thresholds(table: ProbabilityTable) -> Ints:
    """Word from which on a patient is of the second arm, by patients of the block and of an arm."""
    chance = table.chance[0]
    first = np.ceil(chance * _WORDS - _HALF).astype(np.int64)
    return np.where(chance == DUE, _OVER, first)


@entry
def _by_urn(seed: int, trial: Ints, quota: int, words: "Words", place: Ints, arm: Ints) -> None:
    """Draw from an urn with a ball for each patient to come, `quota` of them for the first arm.

    u < left/m, m patients to come, is (2 word + 1) m < 2^33 left. With fewer than 2^20 patients the
    quotient's rounding is smaller than the distance of any u from it.
    """
    patients = arm.shape[1]
    for block in range(arm.shape[0]):
        draw_words(seed, trial[block], _ALLOCATION, np.int64(0), words.shape[0], words)
        place[:] = quota
        for p in range(patients):
            word, out, to_come = words[p], arm[block, p], np.uint64(patients - p)
            for t in range(out.size):
                twice = (np.uint64(word[t]) << _ONE) | _ONE
                of_first = np.int64(twice * to_come < np.uint64(place[t]) << _BITS)
                place[t] -= of_first
                out[t] = 1 - of_first


@entry
def _by_table(
    seed: int, trial: Ints, threshold: Ints, words: "Words", place: Ints, arm: Ints
) -> None:
    """Allocate by the cells of a scheme's table: a row later after a patient, one more if first."""
    row, flat = threshold.shape[1], threshold.ravel()
    for block in range(arm.shape[0]):
        draw_words(seed, trial[block], _ALLOCATION, np.int64(0), words.shape[0], words)
        place[:] = 0
        for p in range(arm.shape[1]):
            word, out = words[p], arm[block, p]
            for t in range(out.size):
                here = place[t]
                here = 0 if flat[here] == _OVER else here
                out[t] = np.int64(np.int64(word[t]) >= flat[here])
                place[t] = here + row + 1 - out[t]
