"""What became of the sequences of allocations in simulated trials, trial by trial.

The counterpart of `metrics` for trials in which patients come, are stratified and die: the same
sums, over the one sequence that each trial had, and the same again by stratum and by margin. Who
guesses expects the arm that is behind: overall, in the patient's stratum, or in the sum of the
patient's margins.
"""

import math
from typing import NamedTuple

import numpy as np

from simulator.allocation.metrics import EVEN, Sums, count_step
from simulator.allocation.plan import Floats, Ints, Plan
from simulator.kernels import njit

SUMS = len(Sums._fields)
LARGEST = SUMS  # column of max|D_j|, after those of `Sums`
OVERALL = SUMS + 1
GUESSERS = "overall", "within_stratum", "over_margins"


class Sequences(NamedTuple):
    """One row per trial.

    Attributes
    ----------
    overall
        (trials, OVERALL): the sums of `metrics.Sums` over the trial's patients, whose guesser goes
        by D overall, and max|D_j|.
    strata
        (trials, S, 3): by combination of levels |D| at the end, max|D_j|, and right guesses of the
        arm that is behind in the stratum.
    strata_patients
        (trials, S)
    margins, margin_patients
        (trials, M): by level, factor after factor, |D| at the end, and patients.
    guesses
        (trials, 3): expected right guesses of each of `GUESSERS`, given the probabilities.
    """

    overall: Floats
    strata: Floats
    strata_patients: Floats
    margins: Floats
    margin_patients: Floats
    guesses: Floats


def describe(
    plan: Plan, patients: Ints, arm: Ints, chance_of_first: Floats, combination: Ints
) -> Sequences:
    """Describe the sequences of trials of two arms.

    Parameters
    ----------
    patients
        Of each trial.
    arm, chance_of_first, combination
        One row per patient, trial after trial: arm, probability of the first arm, combination of
        levels of the factors.
    """
    trials, strata = patients.size, int(np.prod(plan.levels))
    margins = int(plan.levels.sum())
    found = Sequences(
        np.zeros((trials, OVERALL)),
        np.zeros((trials, strata, 3)),
        np.zeros((trials, strata)),
        np.zeros((trials, margins)),
        np.zeros((trials, margins)),
        np.zeros((trials, len(GUESSERS))),
    )
    share = float(plan.ratio[0] / plan.ratio.sum())
    _describe(patients, arm, chance_of_first, combination, share, plan.levels, found)
    return found


@njit(error_model="numpy", nogil=True)
def _describe(
    patients: Ints,
    arm: Ints,
    chance_of_first: Floats,
    combination: Ints,
    share: float,
    levels: Ints,
    found: Sequences,
) -> None:
    row, strata = 0, found.strata.shape[1]
    ahead, own = np.zeros(strata), np.zeros(levels.size, np.int64)
    at_margin = np.zeros(found.margins.shape[1])
    for trial in range(patients.size):
        sums, d = found.overall[trial], 0.0
        ahead[:], at_margin[:] = 0.0, 0.0
        for j in range(patients[trial]):
            phi, s = chance_of_first[row + j], combination[row + j]
            count_step(1.0, d, phi, share, sums)
            right = 0.5
            if abs(ahead[s]) >= EVEN:
                right = 1.0 if (ahead[s] < 0.0) == (arm[row + j] == 0) else 0.0
            rest, at_margins, first = s, 0.0, at_margin.size
            for factor in range(levels.size - 1, -1, -1):
                own[factor] = rest % levels[factor]
                rest //= levels[factor]
                first -= levels[factor]
                at_margins += at_margin[first + own[factor]]
            found.guesses[trial, 0] += _chance_right(d, phi)
            found.guesses[trial, 1] += _chance_right(ahead[s], phi)
            found.guesses[trial, 2] += _chance_right(at_margins, phi)
            gained = 2.0 * ((arm[row + j] == 0) - share)
            d += gained
            ahead[s] += gained
            sums[_SQUARES] += d * d / (j + 1)
            sums[_BALANCED] += abs(d) < EVEN
            sums[LARGEST] = max(sums[LARGEST], abs(d))
            found.strata[trial, s, 1] = max(found.strata[trial, s, 1], abs(ahead[s]))
            found.strata[trial, s, 2] += right
            found.strata_patients[trial, s] += 1.0
            first = 0
            for factor in range(levels.size):
                at_margin[first + own[factor]] += gained
                found.margin_patients[trial, first + own[factor]] += 1.0
                first += levels[factor]
        sums[_LAST_ABS], sums[_LAST], sums[_LAST_SQUARE] = abs(d), d, d * d
        for s in range(strata):
            found.strata[trial, s, 0] = abs(ahead[s])
        for m in range(at_margin.size):
            found.margins[trial, m] = abs(at_margin[m])
        row += patients[trial]


@njit(error_model="numpy", nogil=True)
def _chance_right(ahead: float, phi: float) -> float:
    """Chance that the arm behind comes, the first's being phi; half where neither is."""
    if abs(ahead) < EVEN:
        return 0.5
    return phi if ahead < 0.0 else 1.0 - phi


_SQUARES = Sums._fields.index("squares")
_BALANCED = Sums._fields.index("balanced")
_LAST_ABS = Sums._fields.index("last_abs")
_LAST = Sums._fields.index("last")
_LAST_SQUARE = Sums._fields.index("last_square")


def mean_with_error(values: Floats) -> tuple[float, float]:
    """Mean over trials and its Monte Carlo standard error."""
    error = math.nan if values.size < 2 else float(values.std(ddof=1)) / math.sqrt(values.size)
    return float(values.mean()), error
