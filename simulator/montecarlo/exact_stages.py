"""Nominal levels of looks at two proportions by enumeration, and the level that looks attain.

Outcomes are independent given the arm, and the sizes of the arms at each look are fixed. Given how
many of all patients die, the deaths of the arms at the looks are a chain of hypergeometric draws
that knows nothing of the common mortality. So the tables by which a trial goes on are carried from
look to look once, as probabilities given the deaths of each arm, and what is left is one sum of
binomial probabilities, whose largest value over the common mortality is found as that of a single
table is (`analysis.nuisance`). Futility is not looked at.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from simulator.analysis.cut import Bools
from simulator.analysis.exact_power import ExactQuestion, p_value_table, question_of
from simulator.analysis.nuisance import deaths_on_grid, largest, log_choices
from simulator.analysis.types import reaches
from simulator.declarations.analyses import AnalysisPlan
from simulator.monitoring.asked import MonitoringPlan, monitoring_plan
from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.decisions import sides_of
from simulator.records import Floats
from simulator.scenario.schema import Scenario

_ROUNDING = 1e-9  # of a largest probability, relative
_NEVER = 0.0  # no p value is as small

Levels = tuple[float, float]  # in favour of the second arm, and of the first


class Attained(NamedTuple):
    """Largest probability to reject at any look where the arms have a common mortality, and it."""

    probability: float
    at: float


class _Way(NamedTuple):
    """Where trials stand before a look.

    Attributes
    ----------
    going
        (n0 + 1, n1 + 1): probability to have gone on, given the deaths of each arm so far.
    rejected
        (n0 + n1 + 1,): probability to have rejected, given the deaths of both arms so far.
    """

    going: Floats
    rejected: Floats


def attained(stages: Sequence[ExactQuestion], levels: Sequence[Levels]) -> Attained:
    """Return the type I error of looks, maximised over the common mortality.

    Parameters
    ----------
    stages
        The test at the sizes that the arms have at each look, the final analysis last.
    levels
        At or below which a p value rejects at each look, by the arm that it favours; those of a
        one-sided hypothesis are alike.
    """
    way = _START
    for stage, at_look in zip(stages, levels, strict=True):
        way = _after(_carried(way, stage), _rejecting(stage, at_look))
    return _largest(way.rejected)


@lru_cache(maxsize=16_384)  # trials that lose patients have hundreds of sizes
def exact_levels(stages: tuple[ExactQuestion, ...], spent: tuple[float, ...]) -> tuple[float, ...]:
    """Return the nominal level of each look: the largest p value that the level allows.

    Parameters
    ----------
    stages
        As `attained` has them.
    spent
        What may be spent by each look, of both directions together.

    Returns
    -------
    tuple of float
        At each look the largest p value of a table such that the probability to reject there or
        before, with this level and those of the looks before, exceeds at no common mortality what
        may be spent; 0 where there is none.
    """
    way, found = _START, []
    for stage, by_now in zip(stages, spent, strict=True):
        before = _carried(way, stage)
        level = _largest_level(before, stage, by_now)
        way = _after(before, _rejecting(stage, (level, level)))
        found.append(level)
    return tuple(found)


_START = _Way(np.ones((1, 1)), np.zeros(1))


def _largest_level(before: _Way, stage: ExactQuestion, by_now: float) -> float:
    """Halve the p values of the tables that can be reached: more of them reject more."""
    values = np.unique(_table(stage)[before.going > 0.0])
    enough, too_many = -1, values.size
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        level = float(values[middle])
        after = _after(before, _rejecting(stage, (level, level)))
        if _largest(after.rejected).probability * (1.0 + _ROUNDING) <= by_now:
            enough = middle
        else:
            too_many = middle
    return _NEVER if enough < 0 else float(values[enough])


@lru_cache(maxsize=128)
def _table(stage: ExactQuestion) -> Floats:
    return p_value_table(stage)


def _rejecting(stage: ExactQuestion, levels: Levels) -> Bools:
    """Tables that reject, shape (n0 + 1, n1 + 1); of a two-sided test those that favour an arm."""
    table = _table(stage)
    if stage.alternative != "two_sided":
        return np.asarray(reaches(table, levels[0]) & (levels[0] > _NEVER))
    x0, x1 = np.arange(stage.n0 + 1)[:, None], np.arange(stage.n1 + 1)[None, :]
    apart = x0 * stage.n1 - x1 * stage.n0  # positive: the second arm fares better
    second = reaches(table, levels[0]) & (levels[0] > _NEVER) & (apart > 0)
    first = reaches(table, levels[1]) & (levels[1] > _NEVER) & (apart < 0)
    return np.asarray(second | first)


def _carried(way: _Way, stage: ExactQuestion) -> _Way:
    """Where trials stand once the patients of the next look have been followed up."""
    n0, n1 = (size - 1 for size in way.going.shape)
    going = _draws(n0, stage.n0) @ way.going @ _draws(n1, stage.n1).T
    return _Way(going, _draws(n0 + n1, stage.n0 + stage.n1) @ way.rejected)


def _after(way: _Way, rejecting: Bools) -> _Way:
    """Where trials stand after a look."""
    n0, n1 = (size - 1 for size in way.going.shape)
    x0, x1 = np.nonzero(rejecting)
    ways = log_choices(n0)[x0] + log_choices(n1)[x1] - log_choices(n0 + n1)[x0 + x1]
    share = np.exp(ways) * way.going[x0, x1]
    rejected = way.rejected + np.bincount(x0 + x1, share, minlength=n0 + n1 + 1)
    return _Way(np.where(rejecting, 0.0, way.going), np.minimum(rejected, 1.0))


@lru_cache(maxsize=256)
def _draws(before: int, after: int) -> Floats:
    """Chance of the deaths among the first patients, (after + 1, before + 1), a row by all deaths.

    Hypergeometric: which of all patients died is as likely to be any of them.
    """
    dead, so_far = np.arange(after + 1.0)[:, None], np.arange(before + 1.0)[None, :]
    later = dead - so_far
    possible = (later >= 0) & (later <= after - before)
    later = np.where(possible, later, 0.0)
    ways = _log_choose(before, so_far) + _log_choose(after - before, later)
    return np.where(possible, np.exp(ways - _log_choose(after, dead)), 0.0)


def _log_choose(n: int, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


@lru_cache(maxsize=8)
def _grid(patients: int) -> tuple[Floats, Floats]:
    ways = log_choices(patients)
    return ways, deaths_on_grid(ways)


def _largest(rejected: Floats) -> Attained:
    """Largest probability to have rejected over the common mortality, and where."""
    ways, grid = _grid(rejected.size - 1)
    tail = rejected @ grid
    value, angle = largest(rejected, ways, tail, 0.0, np.pi)
    return Attained(min(1.0, float(value)), float(np.sin(0.5 * angle) ** 2))


def monitoring_of(scenario: Scenario, plans: tuple[AnalysisPlan, ...]) -> MonitoringPlan | None:
    """Return what a scenario asks to be looked at, its exact levels enumerated; None: nothing.

    Raises
    ------
    BoundaryError
        If its boundaries cannot be made.
    """
    asked = monitoring_plan(scenario, plans)
    if asked is None or not asked.exact:
        return asked
    levels = exact_levels(stages_of(plans[asked.column], asked.sizes), spent_by(asked))
    return asked._replace(exact_levels=levels)


def stages_of(plan: AnalysisPlan, sizes: Sequence[tuple[int, int]]) -> tuple[ExactQuestion, ...]:
    """Return the test of an analysis at the sizes of the arms at each look."""
    return tuple(question_of(plan, n0, n1) for n0, n1 in sizes)


def spent_by(asked: MonitoringPlan) -> tuple[float, ...]:
    """Return what the planned looks may spend by each of them, of both directions together."""
    plan = sides_of(asked._replace(exact=False, futility=None)).second
    return tuple(asked.sides * look.upper_spent for look in planned_looks(plan))
