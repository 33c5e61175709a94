"""Several analyses judged together, so that the chance of any false rejection is kept."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.analysis.cut import Bools
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
    p = np.where(np.isnan(p_values), np.inf, p_values)
    if family.method == "hochberg":
        return _hochberg(p, family.alpha)
    result = np.zeros(p.shape, np.bool_)
    for trial in np.flatnonzero(reaches(p, family.alpha).any(axis=1)):
        result[trial] = _graphical(p[trial], family.alpha, family.weights, family.transitions)
    return result


def _hochberg(p: Floats, alpha: float) -> Bools:
    """Hochberg (1988): the largest p value first, alpha over how many are at least as large."""
    order = np.argsort(p, axis=1)
    size = p.shape[1]
    low_enough = reaches(np.take_along_axis(p, order, 1), alpha / np.arange(size, 0, -1))
    # All up to the last that is low enough are rejected.
    up_to = np.flip(np.logical_or.accumulate(np.flip(low_enough, 1), axis=1), 1)
    result = np.zeros(p.shape, np.bool_)
    np.put_along_axis(result, order, up_to, 1)
    return result


def _graphical(p: Floats, alpha: float, weights: Floats, transitions: Floats) -> Bools:
    """Bretz, Maurer, Brannath and Posch (2009): a rejected hypothesis hands its level on."""
    w, g = weights.copy(), transitions.copy()
    out = np.zeros(p.size, np.bool_)
    while True:
        ready = np.flatnonzero(~out & (w > 0) & reaches(p, alpha * w))
        if ready.size == 0:
            return out
        j = ready[0]
        out[j] = True
        w = np.where(out, 0.0, w + w[j] * g[j])
        through = g[:, j, None] * g[None, j, :]
        back = 1.0 - g[:, j] * g[j, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            g = np.where(back[:, None] > 1e-12, (g + through) / back[:, None], 0.0)
        np.fill_diagonal(g, 0.0)
        g[out], g[:, out] = 0.0, 0.0


@dataclass
class Joint:
    """What analyses do together, counted over the trials so far.

    Attributes
    ----------
    both
        (m, m): trials that both analyses reject; on the diagonal those that one rejects.
    both_analysable
        (m, m): trials in which both have a result.
    by_analysis, any_of, all_of, analysable
        A family's rejections by analysis, trials with any and with all of them, and trials in which
        one of its analyses has a result.
    """

    analyses: int
    families: tuple[Family, ...]
    both: Ints = field(init=False)
    both_analysable: Ints = field(init=False)
    by_analysis: list[Ints] = field(init=False)
    any_of: list[int] = field(init=False)
    all_of: list[int] = field(init=False)
    analysable: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.both = np.zeros((self.analyses, self.analyses), np.int64)
        self.both_analysable = np.zeros_like(self.both)
        self.by_analysis = [np.zeros(len(f.columns), np.int64) for f in self.families]
        self.any_of, self.all_of, self.analysable = ([0] * len(self.families) for _ in range(3))

    def add(self, p_values: Floats, rejections: Bools) -> None:
        """Count the trials that come next."""
        ones = rejections.astype(np.int64)
        self.both += ones.T @ ones
        known = ~np.isnan(p_values)
        there = known.astype(np.int64)
        self.both_analysable += there.T @ there
        for index, family in enumerate(self.families):
            together = rejected(p_values[:, family.columns], family)
            self.by_analysis[index] += together.sum(axis=0)
            self.any_of[index] += int(together.any(axis=1).sum())
            self.all_of[index] += int(together.all(axis=1).sum())
            self.analysable[index] += int(known[:, family.columns].any(axis=1).sum())
