"""Statistics held to the critical values of their looks, trial after trial.

What is decided is the same whether trials stand alone or in a block: one rule, `_decision`.
"""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.kernels import njit
from simulator.records import Floats, Ints

Bools = npt.NDArray[np.bool_]


class Decision(IntEnum):
    """What a look comes to; the first two reject."""

    FAVOURS_FIRST = 0
    FAVOURS_SECOND = 1
    FUTILITY = 2
    GO_ON = 3  # at the final analysis: no rejection


GOES_ON, ENDED, GAVE_UP = range(3)  # what became of a trial at a look

_FAVOURS_FIRST, _FAVOURS_SECOND = int(Decision.FAVOURS_FIRST), int(Decision.FAVOURS_SECOND)
_FUTILITY, _GO_ON = int(Decision.FUTILITY), int(Decision.GO_ON)


class Limits(NamedTuple):
    """Critical values of the last look of some trials, one row per trial or per stage.

    Without `first_z`, which has then no row, the hypothesis is one-sided.
    """

    efficacy_z: Floats
    futility_z: Floats
    first_z: Floats


class Columns(NamedTuple):
    """What is written of trials whose look counts as one, each of shape (trials,).

    Of others decision and favours stay, and the rest is NaN.

    Attributes
    ----------
    decision
        A `Decision`.
    boundary, effect, lower
        As `LookRows` has them.
    favours
        The arm in whose favour the trial is.
    """

    decision: Ints
    boundary: Floats
    effect: Floats
    lower: Floats
    favours: Ints


@njit(error_model="numpy", nogil=True, forceinline=True)
def _decision(limits: Limits, place: int, z: float, final: bool) -> int:
    """The rule, without a branch: where one goes is hard to guess."""
    found = _GO_ON
    if not final:
        found = _FUTILITY if z <= limits.futility_z[place] else found
    if limits.first_z.size > 0:
        found = _FAVOURS_FIRST if z <= -limits.first_z[place] else found
    return _FAVOURS_SECOND if z >= limits.efficacy_z[place] else found


@njit(error_model="numpy", nogil=True)
def decide(limits: Limits, z: Floats, final: bool, found: Ints) -> None:
    """Write the `Decision` of statistics held to the first row of limits."""
    for k in range(z.size):
        found[k] = _decision(limits, 0, z[k], final)


@njit(error_model="numpy", nogil=True)
def hold(
    limits: Limits,
    which: Ints,
    z: Floats,
    standard_error: Floats,
    favours: Ints,
    futile: Bools,
    final: bool,
    sides: int,
    columns: Columns,
    became: Ints,
) -> None:
    """Write what a look comes to.

    Parameters
    ----------
    which
        (trials,): row of each trial in `limits`; -1: the look does not count as one.
    z, standard_error, favours
        (trials,): of the analysis.
    futile
        (trials,): whether a rule apart from the limits gives a trial up that would go on.
    final, sides
        Whether nothing is futile here, and of how many sides the hypothesis is.
    became
        (trials,), to be written: `GOES_ON`, `ENDED` or, for futility, `GAVE_UP`.
    """
    for k in range(z.size):
        counts, place = which[k] >= 0, max(which[k], 0)
        found = _decision(limits, place, z[k], final)
        found = _FUTILITY if (found == _GO_ON) & futile[k] else found
        if sides == 1:  # which arm fared better is another matter
            found = _FAVOURS_FIRST if (found == _FAVOURS_SECOND) & (favours[k] == 0) else found
        columns.decision[k] = found if counts else columns.decision[k]
        arm = found if found <= _FAVOURS_SECOND else favours[k]
        columns.favours[k] = arm if counts else columns.favours[k]
        ended = GAVE_UP if found == _FUTILITY else ENDED
        became[k] = ended if counts & (final | (found != _GO_ON)) else GOES_ON
        efficacy_z = limits.efficacy_z[place] if counts else math.nan
        columns.boundary[k] = efficacy_z
        # No error, and nothing to cross: no effect crosses.
        columns.effect[k] = efficacy_z * standard_error[k]
        if limits.first_z.size > 0:
            columns.lower[k] = -limits.first_z[place] if counts else math.nan


@njit(error_model="numpy", nogil=True)
def write_where(
    taken: Bools, values: "tuple[Floats, ...]", columns: "tuple[Floats, ...]", others: float
) -> None:
    """Write the values of those trials to some columns, each of shape (trials,), and of others."""
    for place in range(len(values)):
        mine, out = values[place], columns[place]
        for k in range(taken.size):
            out[k] = mine[k] if taken[k] else others
