"""Functions of the counts of deaths, and their exact expectation given every patient's hazard.

In an arm let the patients counted either way die with probabilities p, and those lost unless they
die before with probabilities q. Then the deaths among either are Poisson-binomial (Wang 1993) and
independent, and the table of the dead and the counted follows: with a deaths among the first, n in
number, and b among the others, it has a + b dead of n + b.
"""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.hypotheses import run
from simulator.analysis.types import new_table, rejects, two_sided_quantile
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.kernels import njit
from simulator.montecarlo.conditional_paths import COUNTED, LOST_UNLESS_DEAD
from simulator.named import named
from simulator.records import Floats, Ints

Bits = npt.NDArray[np.uint8]

# Whether the pooled z statistic passes these times the quantile of the level: how the chance to
# reject climbs with the counts, for a test that sees more than them.
_STEPS = (0.85, 1.0, 1.15)


def decided_by_counts(plan: AnalysisPlan) -> bool:
    """Whether an analysis depends on the dead and the counted of each arm alone."""
    return plan.test in STATISTICS and STATISTICS[plan.test].table != ""


class Group(NamedTuple):
    """Analyses with the same rules for those who leave, and the functions of their counts.

    Attributes
    ----------
    deciding
        Those decided by counts: whether each rejects is a function.
    others
        Those that are not: whether z passes each step of their level is one.
    """

    deciding: tuple[AnalysisPlan, ...]
    others: tuple[AnalysisPlan, ...]

    @property
    def example(self) -> AnalysisPlan:
        """One of them, for the rules."""
        return (self.deciding + self.others)[0]

    @property
    def _levels(self) -> list[float]:
        return sorted({plan.interval_alpha for plan in self.others})

    @property
    def functions(self) -> int:
        """How many."""
        return len(self.deciding) + len(_STEPS) * len(self._levels)

    def functions_of(self, plan: AnalysisPlan) -> range:
        """Which functions go with what an analysis of the group decides."""
        if plan in self.deciding:
            place = self.deciding.index(plan)
            return range(place, place + 1)
        first = len(self.deciding) + len(_STEPS) * self._levels.index(plan.interval_alpha)
        return range(first, first + len(_STEPS))

    def values(self, n0: int, n1: int) -> Bits:
        """Each function, 0 or 1, of all tables of so many counted, (n0 + 1, n1 + 1, functions)."""
        x0, x1 = np.meshgrid(np.arange(n0 + 1), np.arange(n1 + 1), indexing="ij")
        sizes = np.full(x0.size, n0), np.full(x0.size, n1)
        counts = np.stack([x0.ravel(), sizes[0], x1.ravel(), sizes[1]], axis=1).reshape(-1, 2, 2)
        found = [_rejections(counts, plan) for plan in self.deciding]
        z = abs(_pooled_z(counts))
        found += [z >= s * two_sided_quantile(alpha) for alpha in self._levels for s in _STEPS]
        return np.stack(found, axis=1).astype(np.uint8).reshape(n0 + 1, n1 + 1, -1)


def groups_of(plans: Sequence[AnalysisPlan]) -> list[Group]:
    """Return the groups of some analyses."""
    by_rules: dict[Hashable, list[AnalysisPlan]] = {}
    for plan in plans:
        lost = "excluded" if plan.lost == "censored" else plan.lost
        rules = plan.population, plan.transplant, plan.rescue, plan.withdrawal, lost
        by_rules.setdefault(rules, []).append(plan)
    return [
        Group(
            tuple(plan for plan in alike if decided_by_counts(plan)),
            tuple(plan for plan in alike if not decided_by_counts(plan)),
        )
        for alike in by_rules.values()
    ]


class _Counts:
    """Tables as a block of trials hands them to an analysis."""

    def __init__(self, counts: Ints) -> None:
        self._counts = counts

    def counts(self, _plan: AnalysisPlan) -> Ints:
        return self._counts


def _rejections(counts: Ints, plan: AnalysisPlan) -> npt.NDArray[np.bool_]:
    """Whether an analysis rejects each table: by its own kernel, as in a trial."""
    table, block = new_table(counts.shape[0], 1), _Counts(np.ascontiguousarray(counts, np.int64))
    run(named(STATISTICS[plan.test].kernel), block, plan, table, 0)
    return rejects(table, np.array([plan.alpha]))[:, 0]


def _pooled_z(counts: Ints) -> Floats:
    x0, n0, x1, n1 = (counts[:, arm, which].astype(float) for arm in (0, 1) for which in (0, 1))
    dead, size = x0 + x1, n0 + n1
    variance = n0 * n1 * dead * (size - dead)
    excess = (x1 * n0 - x0 * n1) * np.sqrt(size)
    z: Floats = np.divide(excess, np.sqrt(variance), out=np.zeros_like(excess), where=variance > 0)
    return z


class Functions:
    """The functions of a group, worked out for each pair of sizes as it is first met."""

    def __init__(self, group: Group, most_patients: int) -> None:
        self._group = group
        self._place = np.full((most_patients + 1, most_patients + 1), -1, np.int64)
        self._parts: list[Bits] = [np.zeros(0, np.uint8)]
        self._size = 0

    def of(self, pairs: Ints) -> tuple[Ints, Bits]:
        """Where each pair of sizes begins, and all values in a row; for pairs (n, 2)."""
        for n0, n1 in pairs.tolist():
            if self._place[n0, n1] < 0:
                part = self._group.values(n0, n1).ravel()
                self._place[n0, n1] = self._size
                self._size += part.size
                self._parts.append(part)
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._place.copy(), self._parts[0]


def pairs_met(first_row: Ints, arm: Ints, use: Ints) -> Ints:
    """Pairs of sizes that some trials may come to, (n, 2)."""
    trials = first_row.size - 1
    trial = np.repeat(np.arange(trials), np.diff(first_row))

    def number(which: int, what: int) -> Ints:
        return np.bincount(trial[(arm == which) & (use == what)], minlength=trials)

    least = [number(which, COUNTED) for which in (0, 1)]
    lost = [number(which, LOST_UNLESS_DEAD) for which in (0, 1)]
    met: set[tuple[int, int]] = set()
    for n0, n1, k0, k1 in set(zip(*(x.tolist() for x in (*least, *lost)), strict=True)):
        met |= {(n0 + b0, n1 + b1) for b0 in range(k0 + 1) for b1 in range(k1 + 1)}
    return np.array(sorted(met), dtype=np.int64).reshape(-1, 2)


def values_and_expectations(
    first_row: Ints,
    arm: Ints,
    use: Ints,
    hazard: Floats,
    threshold: Floats,
    functions: int,
    place: Ints,
    values: Bits,
) -> tuple[Floats, Floats]:
    """Each function of the counts of each trial, and its expectation over thresholds.

    Returns
    -------
    tuple
        Both (trials, functions).
    """
    shape = first_row.size - 1, functions
    value, expected = np.empty(shape), np.empty(shape)
    _fill(first_row, arm, use, hazard, threshold, place, values, value, expected)
    return value, expected


_kernel: Any = njit(error_model="numpy", nogil=True)


@_kernel
def add_draw(law: Floats, number: int, p: float) -> None:
    """Take one more patient into the law of the deaths among `number` others, in place."""
    law[number + 1] = law[number] * p
    for x in range(number, 0, -1):
        law[x] = law[x] * (1.0 - p) + law[x - 1] * p
    law[0] *= 1.0 - p


@_kernel
def _fill(
    first_row: Ints,
    arm: Ints,
    use: Ints,
    hazard: Floats,
    threshold: Floats,
    place: Ints,
    values: Bits,
    value: Floats,
    expected: Floats,
) -> None:
    most = 1
    for k in range(first_row.size - 1):
        most = max(most, first_row[k + 1] - first_row[k])
    law = np.empty((2, 2, most + 2))  # by arm, by use
    size, dead = np.empty((2, 2), np.int64), np.empty((2, 2), np.int64)
    functions = value.shape[1]
    for k in range(first_row.size - 1):
        size[:], dead[:] = 0, 0
        law[:, :, 0] = 1.0
        for i in range(first_row[k], first_row[k + 1]):
            a, w = arm[i], use[i] - COUNTED
            if w >= 0:
                add_draw(law[a, w], size[a, w], -np.expm1(-hazard[i]))
                size[a, w] += 1
                dead[a, w] += threshold[i] <= hazard[i]
        n0, n1 = size[0, 0] + dead[0, 1], size[1, 0] + dead[1, 1]
        x0, x1 = dead[0, 0] + dead[0, 1], dead[1, 0] + dead[1, 1]
        at = place[n0, n1] + (x0 * (n1 + 1) + x1) * functions
        for j in range(functions):
            value[k, j] = values[at + j]
            expected[k, j] = 0.0
        for b0 in range(size[0, 1] + 1):
            for b1 in range(size[1, 1] + 1):
                both = law[0, 1, b0] * law[1, 1, b1]
                if both > 0.0:
                    _add_tables(law, size, b0, b1, both, place, values, expected[k])


@_kernel
def _add_tables(
    law: Floats,
    size: Ints,
    b0: int,
    b1: int,
    weight: float,
    place: Ints,
    values: Bits,
    expected: Floats,
) -> None:
    """Add up the functions over all tables with so many dead among those lost unless they die."""
    n1, functions = size[1, 0] + b1, expected.size
    first = place[size[0, 0] + b0, n1]
    for a0 in range(size[0, 0] + 1):
        outer = weight * law[0, 0, a0]
        if outer <= 0.0:
            continue
        at = first + ((a0 + b0) * (n1 + 1) + b1) * functions
        for a1 in range(size[1, 0] + 1):
            inner = outer * law[1, 0, a1]
            for j in range(functions):
                expected[j] += inner * values[at + j]
            at += functions
