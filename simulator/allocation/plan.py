"""What a scheme is made of: the plan it follows, the history it sees, the reasons it refuses."""

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# For functions that look at a plan and a history and make no array. Numba counts references to each
# array of a tuple that is handed on; for the fifteen here that took 120 ns a call, and without it
# none. The caller holds the arrays meanwhile.
borrowing: Any = numba.njit(  # type: ignore[call-overload]
    cache=True, error_model="numpy", forceinline=True, _nrt=False
)

COMPLETE, RANDOM_ALLOCATION, BLOCKS, EFRON, BIG_STICK, MINIMISATION = range(6)
RANGE, VARIANCE, STANDARD_DEVIATION = range(3)


class AllocationError(ValueError):
    """An allocation that cannot be honoured.

    `key` is relative to the scenario's `allocation`, as "options.block_size".
    """

    def __init__(self, key: str, value: object, rule: str, remedy: str) -> None:
        # All four go to the base class: another process rebuilds the exception from them.
        super().__init__(key, value, rule, remedy)
        self.key, self.value, self.rule, self.remedy = key, value, rule, remedy

    def __str__(self) -> str:
        """Say what a door says, without the place in the file, which only a door knows."""
        return f"allocation.{self.key} = {self.value!r}: {self.rule}; {self.remedy}"


class Plan(NamedTuple):
    """An allocation scheme with its numbers; what a scheme does not use is empty or 0."""

    scheme: int
    ratio: Floats  # (A,): patients by arm
    target: int  # patients to randomise
    places: Floats  # (A,): of these by arm, as the ratio has it
    levels: Ints  # (F,): levels of each factor
    block_sizes: Ints  # sizes from which a block's is drawn
    probability: float  # of the favoured arm
    bound: int
    measure: int
    weights: Floats  # (F,)


class State(NamedTuple):
    """The history that a scheme sees, changed only by `record` and `start_block`."""

    arms: Ints  # (A,): patients by arm
    strata: Ints  # (S, A): the same by stratum
    block: Ints  # (S, A): patients by arm in the stratum's open block
    places: Floats  # (S, A): places by arm in the open block, 0 if none is open
    blocks: Ints  # (S,): blocks begun
    margins: Ints  # (F, L, A): patients by level of each factor
