"""What a scheme of two arms is worth: balance and predictability, exactly.

The distribution of the numbers by arm before every patient is summed over every history (dynamic
programming on the scheme's table). D is twice the patients of the first arm beyond its share, which
for equal arms is the difference in group sizes; phi is the first arm's probability, and rho its
share by the ratio.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulator.allocation.plan import Floats, Ints, Plan
from simulator.allocation.table import ProbabilityTable, table_of
from simulator.kernels import njit

MOST_PATIENTS = 1_000  # a table has a cell for each two numbers of patients
EVEN = 1e-9  # a smaller D is rounding
_ALL_KEPT = 1.0 - 1e-13  # what is left is near the rounding of the sum


class Sums(NamedTuple):
    """Expectations over the first patients, one after another."""

    forced: float  # of 4 |phi - rho|
    certain: float
    right: float  # guesses of the arm behind
    right_knowing: float  # guesses of the likelier arm
    entropy: float
    squares: float  # of D^2 / j, after each
    balanced: float
    last_abs: float
    last: float
    last_square: float


def exact_metrics(plan: Plan, patients: int) -> dict[str, float] | None:
    """Return the metrics of so many patients of one stratum.

    Returns None where they cannot be summed: the scheme looks at more than the numbers by arm, or
    there are over `MOST_PATIENTS`.

    Notes
    -----
    For 1:1 the forcing index is (4/n) sum E|phi - 1/2|: 0 for a fair coin, 1 for blocks of two. The
    guesser expects the arm that is behind, either in balance (Blackwell and Hodges 1957), or knows
    phi. Loss is Atkinson's (2014): patients that imbalance costs an estimate. Imb is the mean of
    the losses after each patient. The distance of Zhao et al. (2012) puts E max|D_j| and CG
    between those of blocks of two and of complete randomisation: 0 is ideal, each of these two
    designs has sqrt(1/2). That of incertus is sqrt(Imb^2 + FI^2).
    """
    if patients > MOST_PATIENTS:
        return None
    table = table_of(plan, patients)
    if table is None:
        return None
    share = float(plan.ratio[0] / plan.ratio.sum())
    widest = _widest(table, patients, share, _step(plan))
    sums = np.zeros(len(Sums._fields))
    _go_through(table.length, table.chance, patients, share, math.inf, sums)
    return metrics_of(Sums._make(sums.tolist()), patients, widest, share)


def _step(plan: Plan) -> float:
    """Least difference between two values of D."""
    ratio = [int(part) for part in plan.ratio]
    return 2.0 * math.gcd(*ratio) / sum(ratio)


def metrics_of(sums: Sums, patients: float, max_imbalance: float, share: float) -> dict[str, float]:
    """Return the metrics that follow from expectations, exact or simulated."""
    n = patients
    found = {
        "mean_abs_imbalance": sums.last_abs,
        "sd_imbalance": math.sqrt(max(sums.last_square - sums.last**2, 0.0)),
        "max_imbalance": max_imbalance,
        "loss": sums.last_square / n,
        "imbalance_index": sums.squares / n,
        "balanced_share": sums.balanced / n,
        "forcing_index": sums.forced / n,
        "deterministic_share": sums.certain / n,
        "correct_guesses": sums.right / n,
        "correct_guesses_maximum_probability": sums.right_knowing / n,
        "entropy": sums.entropy / n,
    }
    return found | distances(found, round(patients), share)


def distances(found: dict[str, float], patients: int, share: float) -> dict[str, float]:
    """Return the trade-off distances; that of Zhao et al. is defined for equal arms alone."""
    zhao = math.nan
    if share == 0.5 and patients > 1:
        free = _free_imbalance(patients)
        balance = (found["max_imbalance"] - 1.0) / (free - 1.0)
        guesses = (found["correct_guesses"] - 0.5) / 0.25
        zhao = math.sqrt((balance * balance + guesses * guesses) / 2.0)
    incertus = math.hypot(found["imbalance_index"], found["forcing_index"])
    return {"zhao_distance": zhao, "incertus_distance": incertus}


@lru_cache
def _free_imbalance(patients: int) -> float:
    """E max|D_j| of complete randomisation with equal arms: a symmetric random walk.

    The sum over a >= 1 of the chance that the walk leaves (-a, a). That it stays there for n steps
    has a chance that is a sum over the eigenvalues cos(pi j / 2a) of the walk with absorbing ends
    (Feller 1968, chapter XIV.5); those of even j drop out by symmetry.
    """
    expected, a = 0.0, 1
    while a <= patients:
        j = np.arange(1, 2 * a, 2)
        sign = 1.0 - 2.0 * (j // 2 % 2)
        ends = sign / np.tan(np.pi * j / (4 * a))
        stays = float((ends * np.cos(np.pi * j / (2 * a)) ** patients).sum()) / a
        expected += 1.0 - stays
        if stays > _ALL_KEPT:
            break
        a += 1
    return expected


def _widest(table: ProbabilityTable, patients: int, share: float, step: float) -> float:
    """E max|D_j|: over the values of |D|, the chance that it ever exceeds the one before."""
    expected, bound, unused = 0.0, 0.0, np.zeros(len(Sums._fields))
    kept = 0.0
    while kept < _ALL_KEPT and bound < 2.0 * patients:
        kept = _go_through(table.length, table.chance, patients, share, bound, unused)
        expected += step * (1.0 - kept)
        bound += step
    return expected


@njit(error_model="numpy", nogil=True)
def _go_through(
    length: Ints, chance: Floats, patients: int, share: float, bound: float, sums: Floats
) -> float:
    """Let the distribution go from patient to patient; return the chance that |D| keeps a bound.

    What is beyond the bound is dropped; without one, `sums` is filled as `Sums` has it. All at a
    place of a block moves to the next, so that the last place goes first.
    """
    sizes, longest = length.size, chance.shape[1] - 1
    mass = np.zeros((sizes, longest + 1, longest + 1))
    mass[0, length[0], 0] = 1.0  # a block is due
    counts = bound == math.inf
    rounding = 1e-9 * (1.0 + patients)
    for j in range(patients):
        ended = 0.0
        for size in range(sizes):
            for first in range(length[size] + 1):
                ended += mass[size, length[size], first]
                mass[size, length[size], first] = 0.0
        for size in range(sizes):
            mass[size, 0, 0] = ended / sizes
            top = length[size] - 1
            low = 0
            if sizes == 1:
                low = top = j % length[0]
            for k in range(top, low - 1, -1):
                # Of the first arm there can be only so many within the bound.
                least, most = 0, k
                if not counts:
                    least = max(0, math.ceil(k * share - 0.5 * bound - rounding))
                    most = min(k, math.floor(k * share + 0.5 * bound + rounding))
                for first in range(least, most + 1):
                    here = mass[size, k, first]
                    if here == 0.0:
                        continue
                    mass[size, k, first] = 0.0
                    phi = chance[size, k, first]
                    if counts:
                        count_step(here, 2.0 * (first - k * share), phi, share, sums)
                    for arm in range(2):
                        now = here * (phi if arm == 0 else 1.0 - phi)
                        after = first + 1 - arm
                        d = 2.0 * (after - (k + 1) * share)
                        if now == 0.0 or abs(d) > bound + rounding:
                            continue
                        mass[size, k + 1, after] += now
                        if counts:
                            sums[_SQUARES] += now * d * d / (j + 1)
                            sums[_BALANCED] += now * (abs(d) < rounding)
                            if j + 1 == patients:
                                sums[_LAST_ABS] += now * abs(d)
                                sums[_LAST] += now * d
                                sums[_LAST_SQUARE] += now * d * d
    return mass.sum()


_PLACES = range(len(Sums._fields))
(
    _FORCED,
    _CERTAIN,
    _RIGHT,
    _RIGHT_KNOWING,
    _ENTROPY,
    _SQUARES,
    _BALANCED,
    _LAST_ABS,
    _LAST,
    _LAST_SQUARE,
) = _PLACES


@njit(error_model="numpy", nogil=True)
def count_step(weight: float, d: float, phi: float, share: float, sums: Floats) -> None:
    """Add what can be said of a patient before the arm is drawn."""
    likelier, other = max(phi, 1.0 - phi), min(phi, 1.0 - phi)
    sums[_FORCED] += weight * abs(phi - share) / (share * (1.0 - share))
    sums[_CERTAIN] += weight * (other <= 0.0)
    sums[_RIGHT_KNOWING] += weight * likelier
    if abs(d) < EVEN:
        sums[_RIGHT] += weight * 0.5
    else:
        sums[_RIGHT] += weight * (phi if d < 0.0 else 1.0 - phi)
    if other > 0.0:
        sums[_ENTROPY] -= weight * (phi * math.log(phi) + (1.0 - phi) * math.log(1.0 - phi))
