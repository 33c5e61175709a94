"""Several analyses judged together, so that the chance of any false rejection is kept."""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import Bools
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import reaches
from simulator.records import Floats, Ints
from simulator.scenario.analyses import GraphicalMultiplicity
from simulator.scenario.schema import Scenario


class Family(NamedTuple):
    """Analyses judged together (see `scenario.analyses.Multiplicity`).

    `columns` are theirs in the table of results. `weights` (m,) and `transitions` (m, m) are of the
    graphical procedure, of which the others but Hochberg's are cases.
    """

    name: str
    method: str
    alpha: float
    columns: tuple[int, ...]
    weights: Floats
    transitions: Floats


def families_of(scenario: Scenario, plans: tuple[AnalysisPlan, ...]) -> tuple[Family, ...]:
    """Return what a scenario judges together."""
    place = {plan.name: index for index, plan in enumerate(plans)}
    families = []
    for asked in scenario.multiplicity or []:
        size = len(asked.analyses)
        weights, transitions = np.full(size, 1 / size), np.zeros((size, size))
        if isinstance(asked, GraphicalMultiplicity):
            weights, transitions = np.array(asked.weights), np.array(asked.transitions)
        elif asked.method == "holm":
            transitions = (1 - np.eye(size)) / (size - 1)
        elif asked.method == "fixed_sequence":
            weights, transitions = np.eye(size)[0], np.eye(size, k=1)
        columns = tuple(place[name] for name in asked.analyses)
        families.append(
            Family(asked.name, asked.method, asked.alpha, columns, weights, transitions)
        )
    return tuple(families)


def rejected(p_values: Floats, family: Family) -> Bools:
    """Which hypotheses a procedure rejects.

    Parameters
    ----------
    p_values
        Shape (trials, m), in the family's order; NaN is never rejected.
    """
    p = np.ascontiguousarray(p_values, np.float64)
    found = np.zeros(p.shape[::-1], np.bool_)
    _judge(p, len(p), np.arange(p.shape[1]), *_procedure(family), found)
    return found.T


def _procedure(family: Family) -> tuple[bool, float, Floats, Floats]:
    """Return what compiled code reads of a family."""
    weights = np.ascontiguousarray(family.weights, np.float64)
    transitions = np.ascontiguousarray(family.transitions, np.float64)
    return family.method == "hochberg", float(family.alpha), weights, transitions


_reaches = inlined(reaches)


@kernel
def _judge(
    p_values: Floats,
    trials: int,
    columns: Ints,
    is_hochberg: bool,
    alpha: float,
    weights: Floats,
    transitions: Floats,
    found: Bools,
) -> None:
    """Fill in what is rejected, (m, trials), by the p values of a family's columns."""
    p, out = np.empty(columns.size), np.empty(columns.size, np.bool_)
    w, g = np.empty_like(weights), np.empty_like(transitions)
    through, back = np.empty_like(weights), np.empty_like(weights)
    for trial in range(trials):
        low_enough = False
        for j in range(columns.size):
            value = p_values[trial, columns[j]]
            p[j] = math.inf if math.isnan(value) else value
            low_enough |= _reaches(p[j], alpha)
        out[:] = False
        if is_hochberg:
            _hochberg(p, alpha, out)
        elif low_enough:
            w[:], g[:] = weights, transitions
            _graphical(p, alpha, w, g, through, back, out)
        for j in range(columns.size):
            found[j, trial] = out[j]


@inlined
def _hochberg(p: Floats, alpha: float, out: Bools) -> None:
    """Hochberg (1988): the largest p value first, alpha over how many are at least as large."""
    for i in range(p.size):
        at_least = 1
        for k in range(p.size):
            at_least += p[k] > p[i]
        if _reaches(p[i], alpha / at_least):
            for k in range(p.size):
                out[k] = out[k] or p[k] <= p[i]


@inlined
def _graphical(
    p: Floats, alpha: float, w: Floats, g: Floats, through: Floats, back: Floats, out: Bools
) -> None:
    """Bretz, Maurer, Brannath and Posch (2009): a rejected hypothesis hands its level on."""
    size, j = p.size, 0
    while j < size:
        if out[j] or w[j] <= 0.0 or not _reaches(p[j], alpha * w[j]):
            j += 1
            continue
        out[j] = True
        level = w[j]
        for i in range(size):
            w[i] = 0.0 if out[i] else w[i] + level * g[j, i]
            through[i], back[i] = g[i, j], 1.0 - g[i, j] * g[j, i]
        for i in range(size):
            if i == j:
                continue
            for k in range(size):
                handed = (g[i, k] + through[i] * g[j, k]) / back[i] if back[i] > 1e-12 else 0.0
                g[i, k] = 0.0 if i == k or out[i] or out[k] else handed
        j = 0


class Joint:
    """What analyses do together, counted over the trials so far.

    Attributes
    ----------
    both
        (m, m): trials that both analyses reject; on the diagonal those that one rejects.
    both_analysable
        (m, m): trials in which both have a p value.
    by_analysis
        By family: rejections of each hypothesis.
    """

    def __init__(self, analyses: int, families: tuple[Family, ...]) -> None:
        self.families = families
        self.both = np.zeros((analyses, analyses), np.int64)
        self.both_analysable = np.zeros_like(self.both)
        self.by_analysis = [np.zeros(len(f.columns), np.int64) for f in families]
        # Trials with any rejection, with all, and with a p value, a row a family.
        self._of_families = np.zeros((len(families), 3), np.int64)

    @property
    def any_of(self) -> list[int]:
        """By family: trials in which it rejects at least one hypothesis."""
        found: list[int] = self._of_families[:, 0].tolist()
        return found

    @property
    def all_of(self) -> list[int]:
        """By family: trials in which it rejects all."""
        found: list[int] = self._of_families[:, 1].tolist()
        return found

    @property
    def analysable(self) -> list[int]:
        """By family: trials in which one of its analyses has a p value."""
        found: list[int] = self._of_families[:, 2].tolist()
        return found

    def add(self, p_values: Floats, rejections: Bools, together: Bools, trials: int) -> None:
        """Count the first so many trials, which come next.

        Parameters
        ----------
        p_values
            (trials, m).
        rejections
            (m, trials): what each analysis rejects at its own level.
        together
            (hypotheses of all families, trials): filled in with what families reject.
        """
        _count_pairs(p_values, rejections, trials, self.both, self.both_analysable)
        first = 0
        for family, by, totals in zip(
            self.families, self.by_analysis, self._of_families, strict=True
        ):
            columns, end = np.array(family.columns, np.int64), first + len(family.columns)
            found = together[first:end]
            _judge(p_values, trials, columns, *_procedure(family), found)
            _count_family(p_values, trials, columns, found, by, totals)
            first = end

    def arrays(self) -> list[Ints]:
        """All that is counted."""
        return [self.both, self.both_analysable, *self.by_analysis, self._of_families]

    def merge(self, later: "Joint") -> None:
        """Take in the counts of the trials that come next."""
        self.both += later.both
        self.both_analysable += later.both_analysable
        self._of_families += later._of_families
        for ours, theirs in zip(self.by_analysis, later.by_analysis, strict=True):
            ours += theirs


@kernel
def _count_pairs(
    p_values: Floats, rejections: Bools, trials: int, both: Ints, both_analysable: Ints
) -> None:
    for trial in range(trials):
        for i in range(both.shape[0]):
            rejects, known = rejections[i, trial], not math.isnan(p_values[trial, i])
            for j in range(i + 1):
                both[i, j] += rejects & rejections[j, trial]
                both_analysable[i, j] += known & (not math.isnan(p_values[trial, j]))
    for i in range(both.shape[0]):
        for j in range(i):
            both[j, i], both_analysable[j, i] = both[i, j], both_analysable[i, j]


@kernel
def _count_family(
    p_values: Floats, trials: int, columns: Ints, found: Bools, by: Ints, totals: Ints
) -> None:
    for trial in range(trials):
        any_of, all_of, known = False, True, False
        for j in range(columns.size):
            by[j] += found[j, trial]
            any_of |= found[j, trial]
            all_of &= found[j, trial]
            known |= not math.isnan(p_values[trial, columns[j]])
        totals[0] += any_of
        totals[1] += all_of
        totals[2] += known
