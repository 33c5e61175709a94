"""What a scheme is made of: the plan it follows, the history it sees, the reasons it refuses."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.errors import TrialsimError
from simulator.kernels import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# For functions that look at a plan and a history and make no array. Numba counts references to each
# array of a tuple that is handed on; for the fifteen here that took 120 ns a call, and without it
# none. The caller holds the arrays meanwhile.
borrowing: Any = njit(error_model="numpy", no_cfunc_wrapper=True, forceinline=True, _nrt=False)


class AllocationError(TrialsimError, ValueError):
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
    """An allocation scheme with its numbers; what a scheme does not use is empty, 0 or False."""

    scheme: int  # place in `declarations.schemes.ALL`
    ratio: Floats  # (A,): patients by arm
    target: int  # patients to randomise
    levels: Ints  # (F,): levels of each factor
    counts_strata: bool  # whether patients are counted by combination of levels
    adaptive: bool  # whether outcomes are looked at
    design: int  # columns of the linear model whose design is looked at
    numbers: Floats  # options, as the scheme's own file has them
    table: Floats  # (steps, places): what a scheme works out beforehand
    block_sizes: Ints  # sizes from which a block's is drawn


class State(NamedTuple):
    """The history that a scheme sees, changed only by `record`, `learn` and `apply_draw`."""

    arms: Ints  # (A,): patients by arm
    strata: Ints  # (S, A): the same by stratum
    block: Ints  # (S, A): patients by arm in the stratum's open block
    drawn: Ints  # (S,): what the scheme drew: size of the open block, immigrations so far
    draws: Ints  # (S,): draws so far
    margins: Ints  # (F, L, A): patients by level of each factor
    outcomes: Ints  # (A, 2): survivals and deaths that are known
    squares: Floats  # (Q, Q): F'F of the design F so far
    signed: Floats  # (Q,): its rows added up, those of the second arm with a minus
    work: Floats  # (Q, Q + 2): work space to solve in
