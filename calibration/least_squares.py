"""Least squares within limits for figures that are costly to make: few evaluations, wide steps.

Targets that share a key form a group. Each group takes steps of its own, all in the same
evaluations, so that one that cannot be met holds up no other.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy

from simulator.records import Floats, Ints

STEP = 0.04  # of the way between limits: wide enough for what a simulation counts in whole events
_RADIUS = 0.4  # of the way between limits: no key goes further in one step
_LEAST_RADIUS = 0.01
_MOST_STEPS = 20
_CLOSE = 0.02  # gain, as a share of the sum of squares, below which progress has ended
_MET = 0.1  # residual: nearer, no target needs to be

Residuals = Callable[[Floats], Floats]


class Group(NamedTuple):
    """Targets and the keys that they share, by their places."""

    targets: Ints
    keys: Ints


def groups_of(links: Sequence[tuple[int, int]]) -> list[Group]:
    """Return the groups of targets and keys that (target, key) pairs link, however indirectly."""
    found: list[tuple[set[int], set[int]]] = []
    for target, key in links:
        targets, keys = {target}, {key}
        apart = []
        for group in found:
            if target in group[0] or key in group[1]:
                targets |= group[0]
                keys |= group[1]
            else:
                apart.append(group)
        found = [*apart, (targets, keys)]
    return [Group(np.array(sorted(t)), np.array(sorted(k))) for t, k in found]


def jacobian_at(residuals: Residuals, position: Floats, keys: Sequence[int] | Ints) -> Floats:
    """Return derivatives by some keys, (targets, keys), by differences towards the middle."""
    here, columns = residuals(position), []
    for key in keys:
        step = STEP if position[key] < 0.5 else -STEP
        moved = position.copy()
        moved[key] += step
        columns.append((residuals(moved) - here) / step)
    return np.stack(columns, axis=1)


def least_squares(
    residuals: Residuals, start: Floats, groups: Sequence[Group], jacobian: Floats
) -> Floats:
    """Return the position, each key from 0 to 1, of least squares of each group's residuals.

    Gauss-Newton steps within the limits and a radius (Nocedal and Wright 2006, chapters 4 and 10);
    Broyden's update (1965) saves the evaluations of a Jacobian until progress ends.

    Parameters
    ----------
    residuals
        (targets,) at a position (keys,); is called at one position more than once.
    jacobian
        At the start, (targets, keys).
    """
    position = start.copy()
    searches = [_GroupSearch(group, jacobian) for group in groups]
    for _ in range(_MOST_STEPS):
        off = residuals(position)
        active = [one for one in searches if one.goes_on(off)]
        if not active:
            break
        steps = [one.step(off, position) for one in active]
        trial = position.copy()
        for one, step in zip(active, steps, strict=True):
            trial[one.group.keys] += step
        change = residuals(trial) - off
        taken = position.copy()
        for one, step in zip(active, steps, strict=True):
            if one.learn(off, change, step):
                taken[one.group.keys] += step
        position = taken
        for one in active:
            if one.is_stuck:
                one.renew(jacobian_at(residuals, position, one.group.keys))
    return position


class _GroupSearch:
    """The search for a group's keys, others moving beside it."""

    def __init__(self, group: Group, jacobian: Floats) -> None:
        self.group, self.radius = group, _RADIUS
        self.jacobian: Floats = jacobian[np.ix_(group.targets, group.keys)]
        self.is_fresh, self.is_stuck = True, False

    def goes_on(self, off: Floats) -> bool:
        """Whether there is something to gain, and a step left to try."""
        return bool(np.abs(off[self.group.targets]).max() >= _MET and self.radius >= _LEAST_RADIUS)

    def step(self, off: Floats, position: Floats) -> Floats:
        """Return the step of least squares within the limits and the radius."""
        here = position[self.group.keys]
        low, high = np.maximum(-here, -self.radius), np.minimum(1 - here, self.radius)
        limits = low - 1e-12, high + 1e-12
        found = scipy.optimize.lsq_linear(self.jacobian, -off[self.group.targets], limits).x
        return np.asarray(np.clip(found, low, high), np.float64)

    def learn(self, off: Floats, change: Floats, step: Floats) -> bool:
        """Take in what a step did; return whether it was of use."""
        before, moved = off[self.group.targets], change[self.group.targets]
        gain = 1 - float(np.square(before + moved).sum() / np.square(before).sum())
        length = float(step @ step)
        if length > 0:
            self.jacobian = self.jacobian + np.outer(moved - self.jacobian @ step, step) / length
        self.is_stuck = gain < _CLOSE and not self.is_fresh
        if gain >= _CLOSE:
            self.is_fresh = False
        elif self.is_fresh:
            self.radius = float(np.abs(step).max()) / 3
        return gain > 0

    def renew(self, columns: Floats) -> None:
        """Take a Jacobian by differences."""
        self.jacobian, self.is_fresh, self.is_stuck = columns[self.group.targets], True, False
