"""Inclusion and exclusion criteria (model page, section 3)."""

import numpy as np
import numpy.typing as npt

from simulator.rules.kernel import inlined, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LESS, AT_MOST, GREATER, AT_LEAST, EQUAL = range(5)


@inlined
def compare(value: float, comparison: int, threshold: float) -> bool:
    """Whether `value` stands to `threshold` as `comparison` says."""
    if comparison == LESS:
        return value < threshold
    if comparison == AT_MOST:
        return value <= threshold
    if comparison == GREATER:
        return value > threshold
    if comparison == AT_LEAST:
        return value >= threshold
    return value == threshold


@inlined
def holds(
    criterion: int,
    values: Floats,
    first: Ints,
    group: Ints,
    variable: Ints,
    comparison: Ints,
    threshold: Floats,
) -> bool:
    """Whether a criterion holds: in each of its groups at least one condition does.

    The conditions of criterion c are first[c] .. first[c + 1] - 1, those of a group side by side.
    """
    start = first[criterion]
    end = first[criterion + 1]
    i = start
    while i < end:
        this_group = group[i]
        met = False
        while i < end and group[i] == this_group:
            met = met or compare(values[variable[i]], comparison[i], threshold[i])
            i += 1
        if not met:
            return False
    return True


@kernel
def first_failed(
    values: Floats,
    first: Ints,
    group: Ints,
    variable: Ints,
    comparison: Ints,
    threshold: Floats,
) -> int:
    """Index of the first criterion that does not hold, -1 if all do."""
    for criterion in range(first.size - 1):
        if not holds(criterion, values, first, group, variable, comparison, threshold):
            return criterion
    return -1


@kernel
def level_of(value: float, cut_points: Floats) -> int:
    """Level of a factor: the number of cut points at or below `value`."""
    level = 0
    for cut in cut_points:
        if value >= cut:
            level += 1
    return level
