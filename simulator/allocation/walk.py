"""A scheme of two arms as a graph: where a history stands, and where the next patient takes it.

What a scheme looks at in its history takes few values. Each is a node, worked out once by the
scheme's own functions, so that allocating a patient is two looks into a table.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from simulator import allocation
from simulator.allocation.plan import (
    BIG_STICK,
    BLOCKS,
    COMPLETE,
    EFRON,
    MINIMISATION,
    Floats,
    Ints,
    Plan,
    State,
)

_MOST_PATIENTS = 300  # beyond, a random allocation rule would not stay in the processor's cache
_NO_LEVELS = np.empty(0, np.int64)


class Walk(NamedTuple):
    """The graph of one stratum; a walk begins at node 0.

    Attributes
    ----------
    chance
        (nodes, 2): probability of each arm for the next patient.
    after
        (nodes, 2): node after a patient of each arm.
    begin
        (nodes, sizes): where a block is due, the node once one of each size is begun, else -1;
        without columns if no size has to be drawn.
    """

    chance: Floats
    after: Ints
    begin: Ints


def walk_of(plan: Plan) -> Walk:
    """Return the graph of a scheme, without nodes for one that has none or too large a one."""
    if plan.ratio.size != 2 or plan.scheme == MINIMISATION or plan.target > _MOST_PATIENTS:
        return _NONE
    key = tuple(np.asarray(part).tobytes() for part in plan)
    walk = _walks.get(key)
    if walk is None:
        walk = _graph(plan._replace(levels=_NO_LEVELS))
        _walks.clear()  # a run asks for one, chunk after chunk
        _walks[key] = walk  # other threads see it only now that it is whole
    return walk


_NONE = Walk(np.empty((0, 2)), np.empty((0, 2), np.int64), np.empty((0, 0), np.int64))
_walks: dict[tuple[bytes, ...], Walk] = {}


def _graph(plan: Plan) -> Walk:
    """Follow every history of one stratum, those joined between which the scheme cannot tell."""
    place: dict[tuple[float, ...], int] = {}
    to_do: deque[State] = deque()
    chance: list[list[float]] = []
    after: list[list[int]] = []
    begin: list[list[int]] = []

    def node(state: State) -> int:
        if plan.block_sizes.size == 1 and allocation.block_to_start(plan, state, _NO_LEVELS) >= 0:
            allocation.start_block(plan, state, _NO_LEVELS, 0.5)
        seen = _seen(plan, state)
        if seen not in place:
            place[seen] = len(place)
            to_do.append(state)
        return place[seen]

    node(allocation.new_state(plan))
    sizes = plan.block_sizes.size if plan.block_sizes.size > 1 else 0
    while to_do:
        state = to_do.popleft()
        here = len(chance)
        chances, next_nodes, begun = np.zeros(2), [here, here], [-1] * sizes
        if allocation.block_to_start(plan, state, _NO_LEVELS) >= 0:
            for size in range(sizes):
                later = _copy(state)
                allocation.start_block(plan, later, _NO_LEVELS, (size + 0.5) / sizes)
                begun[size] = node(later)
        elif state.arms.sum() < plan.target:
            allocation.probabilities(plan, state, _NO_LEVELS, chances)
            for arm in np.flatnonzero(chances > 0.0).tolist():
                later = _copy(state)
                allocation.record(plan, later, _NO_LEVELS, arm)
                next_nodes[arm] = node(later)
        chance.append(chances.tolist())
        after.append(next_nodes)
        begin.append(begun)
    nodes = len(chance)
    return Walk(
        np.array(chance),
        np.array(after, np.int64),
        np.array(begin, np.int64).reshape(nodes, sizes),
    )


def _seen(plan: Plan, state: State) -> tuple[float, ...]:
    """What a scheme looks at."""
    first, second = state.arms.tolist()
    if plan.scheme == COMPLETE:
        return ()
    if plan.scheme in (EFRON, BIG_STICK):
        return (first - second,)
    if plan.scheme == BLOCKS:
        return (*state.places[0].tolist(), *state.block[0].tolist())
    return first, second


def _copy(state: State) -> State:
    return State._make(array.copy() for array in state)
