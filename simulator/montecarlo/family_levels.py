"""The levels at which hypotheses of a family can be tested while levels are passed on."""

from collections.abc import Iterable

import numpy as np

from simulator.analysis.cut import Bools
from simulator.montecarlo.multiplicity import Family
from simulator.records import Floats, Ints

_ALIKE = 1e-10  # of two levels, in proportion: rounding alone tells them apart
_GRAPHS = "graphical", "fixed_sequence"


def shares_after(family: Family, rejected: Iterable[int]) -> Floats:
    """Return each hypothesis's share of alpha once some are rejected, (m,); 0 of those.

    The order in which they are rejected does not matter (Bretz, Maurer, Brannath and Posch 2009).
    """
    shares, passes = np.array(family.weights, float), np.array(family.transitions, float)
    gone: list[int] = []
    for j in rejected:
        gone.append(j)
        shares = shares + shares[j] * passes[j]
        before = passes.copy()
        for i in range(len(shares)):
            back = 1.0 - before[i, j] * before[j, i]
            handed = before[i] + before[i, j] * before[j]
            passes[i] = handed / back if back > 1e-12 else 0.0
        shares[gone], passes[gone, :], passes[:, gone] = 0.0, 0.0, 0.0
        np.fill_diagonal(passes, 0.0)
    return shares


def levels_after(family: Family) -> Floats:
    """Return the level of each hypothesis by which are rejected, (2^m, m).

    Bit k of the row says whether hypothesis k is rejected. The level of one that is itself is that
    at which it was when the others were.
    """
    size = len(family.columns)
    found = np.zeros((2**size, size))
    for row in range(2**size):
        for j in range(size):
            others = [k for k in range(size) if row >> k & 1 and k != j]
            found[row, j] = family.alpha * shares_after(family, others)[j]
    return found


def levels_of(column: int, own: float, families: tuple[Family, ...]) -> tuple[float, ...]:
    """Return the levels at which an analysis can be tested, alone or in families, climbing.

    Parameters
    ----------
    column
        Of the analysis.
    own
        Its own level.
    """
    found = [own]
    for family in families:
        if column not in family.columns:
            continue
        if family.method in _GRAPHS:
            found += levels_after(family)[:, family.columns.index(column)].tolist()
        else:  # Bonferroni, Holm and Hochberg: alpha over a number of hypotheses
            found += [family.alpha / (k + 1) for k in range(len(family.columns))]
    climbing: list[float] = []
    for level in sorted(found):
        if level > 0.0 and (not climbing or level > climbing[-1] * (1.0 + _ALIKE)):
            climbing.append(level)
    return tuple(climbing)


def rows_after(rejected: Bools) -> Ints:
    """Return the row of `levels_after` of each trial, by (trials, m) what it rejects."""
    return np.asarray(rejected.astype(np.int64) @ (1 << np.arange(rejected.shape[1])))
