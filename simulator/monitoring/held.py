"""Statistics held to the critical values of their looks, trial after trial.

What is decided is the same whether trials stand alone or in a block: one rule, `_decision`.
"""

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
    if z >= limits.efficacy_z[place]:
        return _FAVOURS_SECOND
    if limits.first_z.size > 0 and z <= -limits.first_z[place]:
        return _FAVOURS_FIRST
    if not final and z <= limits.futility_z[place]:
        return _FUTILITY
    return _GO_ON


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
        place, became[k] = which[k], GOES_ON
        if place < 0:
            continue
        found = _decision(limits, place, z[k], final)
        if found == _GO_ON and futile[k]:
            found = _FUTILITY
        if sides == 1 and found == _FAVOURS_SECOND and favours[k] == 0:
            found = _FAVOURS_FIRST  # which arm fared better is another matter
        columns.decision[k] = found
        columns.boundary[k] = limits.efficacy_z[place]
        # No error, and nothing to cross: no effect crosses.
        columns.effect[k] = limits.efficacy_z[place] * standard_error[k]
        if limits.first_z.size > 0:
            columns.lower[k] = -limits.first_z[place]
        columns.favours[k] = found if found <= _FAVOURS_SECOND else favours[k]
        if final or found != _GO_ON:
            became[k] = GAVE_UP if found == _FUTILITY else ENDED


@njit(error_model="numpy", nogil=True)
def write_where(taken: Bools, values: "tuple[Floats, ...]", columns: "tuple[Floats, ...]") -> None:
    """Write the values of those trials to some columns, each of shape (trials,)."""
    for place in range(len(values)):
        mine, out = values[place], columns[place]
        for k in range(taken.size):
            out[k] = mine[k] if taken[k] else out[k]
