"""What selection bias does to the level of a test of means, exactly.

An investigator guesses the arm that is behind and picks a patient whose response is better by
`effect` standard deviations for the first arm, worse for the second, average in balance (Proschan
1994). Two-sided Z test of known variance, no effect of treatment.
"""

import math

import numba
import numpy as np

from simulator.allocation.metrics import EVEN
from simulator.allocation.plan import Floats, Ints, Plan
from simulator.allocation.table import lengths_of, table_of
from simulator.rules.normal import normal_quantile

_MOST_CELLS = 20_000_000  # of a distribution of three numbers: 160 MB


def biased_level(plan: Plan, patients: int, effect: float, alpha: float) -> float | None:
    """Return the type I error; None where it cannot be summed: no table, or too many patients."""
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
    critical = -normal_quantile(alpha / 2.0)
    now, later = np.zeros(shape), np.zeros(shape)
    return float(_level(table.length, table.chance, patients, share, effect, critical, now, later))


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _level(
    length: Ints,
    chance: Floats,
    n: int,
    share: float,
    effect: float,
    critical: float,
    now: Floats,
    later: Floats,
) -> float:
    """Sum over the patients of the first arm, and the guesses met by those of either arm.

    A cell is (size of block, place in it, of the first arm in it, guesses of the first arm less
    those of the second met by patients of the first arm, and of the second), the last two from -n.
    """
    sizes, steps = length.size, now.shape[1]
    rejected = 0.0
    for j in range(n + 1):
        if j > 0:
            now, later = later, now
        # After the last patient nothing begins: what is at the end of a block stays there.
        if j < n and (j == 0 or steps > 1 or j % length[0] == 0):
            _begin_blocks(now, length, j, n)
        later[:] = 0.0
        for size in range(sizes):
            for step in range(min(steps, length[size] + 1)):
                k = step
                if steps == 1:
                    k = j % length[0] if j < n else (j - 1) % length[0] + 1
                elif j < n and k == length[size]:
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
                            if j == n:
                                of_first = (j - k) * share + first
                                rejected += mass * _rejects(
                                    of_first, n - of_first, a - n, b - n, effect, critical
                                )
                                continue
                            if phi > 0.0:
                                later[size, next_step, first + 1, a + guess, b] += mass * phi
                            if phi < 1.0:
                                later[size, next_step, first, a, b + guess] += mass * (1.0 - phi)
    return rejected


@numba.njit(cache=True, error_model="numpy", nogil=True)
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


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _rejects(
    first: float, second: float, met_first: float, met_second: float, effect: float, critical: float
) -> float:
    """Probability that the test rejects given the sizes of the arms and the guesses met."""
    if first <= EVEN or second <= EVEN:
        return 0.0
    shift = effect * (met_first / first - met_second / second)
    mean = shift / math.sqrt(1.0 / first + 1.0 / second)
    root = math.sqrt(2.0)
    return 0.5 * (math.erfc((critical - mean) / root) + math.erfc((critical + mean) / root))
