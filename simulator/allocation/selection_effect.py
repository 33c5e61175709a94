"""What selection bias does to the level of a test of means, exactly.

An investigator guesses the arm that is behind and picks a patient whose response is better by
`effect` standard deviations for the first arm, worse for the second, average in balance (Proschan
1994). No effect of treatment; a two-sided test that knows the standard deviation of a response (Z)
or estimates it from the patients, whose spread the guesses add to (Student's t).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator.allocation.metrics import EVEN
from simulator.allocation.plan import Floats, Ints, Plan
from simulator.allocation.table import lengths_of, table_of
from simulator.kernels import njit
from simulator.rules.normal import normal_quantile

_MOST_CELLS = 20_000_000  # of a distribution of three numbers: 160 MB


_LEFT_OUT = 1e-12  # of a Poisson distribution
_UNLIKELY = 1e-18  # of a cell; all such together are far below the digits shown


class BiasedLevels(NamedTuple):
    """Type I errors; that of the t test is None unless the arms are to be equal."""

    z: float
    t: float | None


def biased_levels(plan: Plan, patients: int, effect: float, alpha: float) -> BiasedLevels | None:
    """Return the type I errors; None where they cannot be summed: no table, too many patients."""
    lengths = lengths_of(plan, patients)
    sizes, longest = lengths.size, int(lengths.max())
    # With blocks of one size, the place within the block follows from the number of patients.
    steps = 1 if sizes == 1 else longest + 1
    shape = sizes, steps, longest + 1, 2 * patients + 1, 2 * patients + 1
    # Before a table is made, which itself grows as the square of the patients.
    table = table_of(plan, patients) if math.prod(shape) <= _MOST_CELLS else None
    if table is None:
        return None
    share = float(plan.ratio[0] / plan.ratio.sum())
    now, later = np.zeros(shape), np.zeros(shape)
    last = _distribution(table.length, table.chance, patients, share, now, later)
    cells = np.nonzero(last > _UNLIKELY)
    chance, (_, step, in_block, a, b) = last[cells], cells
    k = step if steps > 1 else np.full(step.size, (patients - 1) % table.length[0] + 1)
    met = _Met(
        first=np.asarray((patients - k) * share + in_block, float),
        of_first=a - patients,
        of_second=b - patients,
    )
    z = _z_rejects(met, patients, effect, alpha)
    t = _t_rejects(met, patients, effect, alpha) if share == 0.5 and patients > 2 else None
    return BiasedLevels(float(chance @ z), None if t is None else float(chance @ t))


class _Met(NamedTuple):
    """Of whole trials: patients of the first arm, and the guesses met by patients of either arm.

    A guess is 1 for the first arm, -1 for the second, 0 in balance.
    """

    first: Floats
    of_first: Ints
    of_second: Ints


def _z_rejects(met: _Met, patients: int, effect: float, alpha: float) -> Floats:
    """Probability that the Z test rejects."""
    critical, mean = -normal_quantile(alpha / 2.0), effect * _shift(met, patients)
    found: Floats = special.ndtr(mean - critical) + special.ndtr(-mean - critical)
    return np.where(_both_arms(met, patients), found, 0.0)


def _t_rejects(met: _Met, patients: int, effect: float, alpha: float) -> Floats:
    """Probability that Student's t test rejects where patients are to be shared equally.

    The statistic is a doubly noncentral t (Johnson, Kotz and Balakrishnan 1995, section 31.7): its
    numerator is shifted as in the Z test, its denominator by the guesses' spread within the arms.
    Every guess but that of a patient who meets the arm behind takes |D| further from 0, as one who
    is met in balance does. So patients in balance are |D| + (guesses met by the first arm) -
    (guesses met by the second), and all others had a guess of 1 or -1.
    """
    second = patients - met.first
    guessed = patients - (np.abs(met.first - second) + met.of_first - met.of_second)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = met.of_first**2 / met.first + met.of_second**2 / second
        shift = effect * _shift(met, patients)
    within = effect * effect * (guessed - between)
    both = _both_arms(met, patients)
    freedom = patients - 2
    ratio = special.stdtrit(freedom, 1.0 - alpha / 2.0) ** 2 / freedom
    first, second_law = (_poisson(np.where(both, x, 0.0) / 2.0) for x in (shift**2, within))
    i, j = np.arange(first.shape[1])[:, None], np.arange(second_law.shape[1])[None, :]
    # P(chi2 with 1 + 2 i degrees of freedom over one with freedom + 2 j exceeds the ratio).
    beyond = special.betaincc(0.5 + i, 0.5 * freedom + j, ratio / (1.0 + ratio))
    found: Floats = np.einsum("ni,nj,ij->n", first, second_law, beyond, optimize=True)
    return np.where(both, found, 0.0)


def _shift(met: _Met, patients: int) -> Floats:
    """Expected statistic of known variance, in effects."""
    second = patients - met.first
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = met.of_first / met.first - met.of_second / second
        found: Floats = difference / np.sqrt(1.0 / met.first + 1.0 / second)
    return np.where(_both_arms(met, patients), found, 0.0)


def _both_arms(met: _Met, patients: int) -> npt.NDArray[np.bool_]:
    return (met.first > EVEN) & (met.first < patients - EVEN)


def _poisson(mean: Floats) -> Floats:
    """Probabilities of 0, 1, ..., a row for each mean, with all but `_LEFT_OUT` of the largest."""
    mean = np.maximum(mean, 0.0)
    most = int(special.pdtrik(1.0 - _LEFT_OUT, mean.max())) + 2 if mean.max() > 0 else 1
    number = np.arange(most + 1)
    found: Floats = np.exp(
        special.xlogy(number, mean[:, None]) - mean[:, None] - special.gammaln(number + 1)
    )
    return found


@njit(error_model="numpy", nogil=True)
def _distribution(
    length: Ints, chance: Floats, n: int, share: float, now: Floats, later: Floats
) -> Floats:
    """Distribution after n patients of those of the first arm and the guesses met by either arm's.

    A cell is (size of block, place in it, of the first arm in it, guesses of the first arm less
    those of the second met by patients of the first arm, and of the second), the last two from -n.
    """
    sizes, steps = length.size, now.shape[1]
    for j in range(n):
        if j > 0:
            now, later = later, now
        # After the last patient nothing begins: what is at the end of a block stays there.
        if j == 0 or steps > 1 or j % length[0] == 0:
            _begin_blocks(now, length, j, n)
        later[:] = 0.0
        for size in range(sizes):
            for step in range(min(steps, length[size] + 1)):
                k = step
                if steps == 1:
                    k = j % length[0]
                elif k == length[size]:
                    continue
                for first in range(k + 1):
                    d = 2.0 * (first - k * share)
                    guess = 0 if abs(d) < EVEN else 1 if d < 0.0 else -1
                    phi = chance[size, k, first]
                    next_step = step + 1 if steps > 1 else 0
                    for a in range(max(0, n - j), min(2 * n, n + j) + 1):
                        for b in range(max(0, n - j), min(2 * n, n + j) + 1):
                            mass = now[size, step, first, a, b]
                            if mass == 0.0:
                                continue
                            if phi > 0.0:
                                later[size, next_step, first + 1, a + guess, b] += mass * phi
                            if phi < 1.0:
                                later[size, next_step, first, a, b + guess] += mass * (1.0 - phi)
    return later


@njit(error_model="numpy", nogil=True)
def _begin_blocks(now: Floats, length: Ints, j: int, n: int) -> None:
    """Let what has come to the end of a block begin another, of each size alike."""
    sizes, steps = length.size, now.shape[1]
    if j == 0:
        for size in range(sizes):
            now[size, 0, 0, n, n] = 1.0 / sizes
        return
    ended = np.zeros(now.shape[3:])
    for size in range(sizes):
        at = length[size] if steps > 1 else 0
        for first in range(now.shape[2]):
            ended += now[size, at, first]
            now[size, at, first] = 0.0
    for size in range(sizes):
        now[size, 0, 0] = ended / sizes
