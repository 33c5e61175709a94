"""A scheme of two arms as a table: what it does after so many patients, so many of the first arm.

Whatever looks at nothing but the numbers of patients by arm has a probability for each of them,
worked out once by the scheme's own function. A scheme of blocks forgets all at the end of one, so
it has a table for each size of block; to the others the trial is one block.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.allocation.history import new_state
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes import chance_by_counts
from simulator.declarations.schemes import ALL
from simulator.kernels import njit

Bools = npt.NDArray[np.bool_]

DUE = -1.0  # in place of a probability: a block is over
MOST_PATIENTS = 300  # beyond, most tables would not stay in a processor's cache
_NO_LEVELS = np.empty(0, np.int64)
_KEPT = 64  # a comparison of schemes asks for one a scheme, again and again
_RATIO_CHECKED = 500  # patients for whom the ratio is worked out at every step
_TOLERANCE = 1e-9  # far above what rounding makes of a sum of probabilities


class ProbabilityTable(NamedTuple):
    """The scheme of one stratum.

    Attributes
    ----------
    length
        (sizes,): patients of a block, each size as likely; one block as long as the trial where
        there are no blocks.
    chance
        (sizes, longest + 1, longest + 1): probability of the first arm after so many patients of
        the block, so many of them of the first arm; `DUE` at the block's end, 0 for what cannot
        happen. In memory the place after a patient of the second arm comes a whole row later, after
        one of the first arm one more than that.
    of_second
        The same of the second arm, as the scheme rounds it.
    """

    length: Ints
    chance: Floats
    of_second: Floats


def table_of(plan: Plan, patients: int) -> ProbabilityTable | None:
    """Return the table for so many patients of a stratum; None where the scheme has none."""
    if not ALL[plan.scheme].counts_alone or plan.ratio.size != 2:
        return None
    key = (*(np.asarray(part).tobytes() for part in plan), str(patients).encode())
    table = kept_tables.get(key)
    if table is None:
        table = _work_out(plan._replace(levels=_NO_LEVELS), patients)
        if len(kept_tables) >= _KEPT:
            kept_tables.clear()
        kept_tables[key] = table  # other threads see it only now that it is whole
    return table


kept_tables: dict[tuple[bytes, ...], ProbabilityTable] = {}


def lengths_of(plan: Plan, patients: int) -> Ints:
    """Patients of a block, each size as likely; one block as long as the trial without blocks."""
    return plan.block_sizes if plan.block_sizes.size else np.array([patients])


def _work_out(plan: Plan, patients: int) -> ProbabilityTable:
    length = lengths_of(plan, patients)
    longest = int(length.max())
    shape = length.size, longest + 1, longest + 1
    table = ProbabilityTable(length, np.zeros(shape), np.zeros(shape))
    _fill(plan, new_state(plan), table, _NO_LEVELS, np.empty(2), np.empty(longest + 2, np.bool_))
    return table


@njit(error_model="numpy")
def _fill(
    plan: Plan, state: State, table: ProbabilityTable, levels: Ints, out: Floats, reached: Bools
) -> None:
    """Ask the scheme after every history that can happen."""
    for size in range(table.length.size):
        state.drawn[0] = table.length[size]
        reached[:] = False
        reached[0] = True
        for k in range(table.length[size]):
            # From the most of the first arm down, so that `reached` can be carried on in place.
            for first in range(k, -1, -1):
                if not reached[first]:
                    continue
                state.arms[0] = state.strata[0, 0] = state.block[0, 0] = first
                state.arms[1] = state.strata[0, 1] = state.block[0, 1] = k - first
                chance_by_counts(plan, state, 0, levels, out)
                table.chance[size, k, first] = out[0]
                table.of_second[size, k, first] = out[1]
                reached[first + 1] = reached[first + 1] or out[0] > 0.0
                reached[first] = out[0] < 1.0
        table.chance[size, table.length[size]] = DUE


def unconditional(table: ProbabilityTable) -> Floats:
    """Probability of the first arm for each patient of the first block, before any is known."""
    chances = table.chance[0, : table.length[0]]
    reached = np.zeros(chances.shape[1])
    reached[0] = 1.0
    found = np.empty(chances.shape[0])
    for k, row in enumerate(chances):
        found[k] = reached @ row
        taken = reached * row
        reached = reached - taken
        reached[1:] += taken[:-1]
    return found


def ratio_lost(plan: Plan) -> tuple[int, float] | None:
    """First patient, from 1, whose unconditional probability is not the ratio's, and the value."""
    table = table_of(plan, min(plan.target, _RATIO_CHECKED))
    if table is None:
        return None
    found = unconditional(table)
    off = np.abs(found - plan.ratio[0] / plan.ratio.sum()) > _TOLERANCE
    if not off.any():
        return None
    first = int(np.argmax(off))
    return first + 1, float(found[first])
