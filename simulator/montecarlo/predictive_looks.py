"""Predictive probability at looks at two proportions: whether the final analysis will reject.

Given the deaths so far, with independent beta priors of the arms' mortality, over all deaths of the
patients still to come up to the planned sizes (Lee and Liu 2008). There are few tables of deaths at
a look: each is enumerated once.
"""

from functools import lru_cache

import numpy as np

from simulator.analysis.cut import Bools
from simulator.analysis.exact_power import ExactQuestion, p_value_table, question_of
from simulator.analysis.types import reaches
from simulator.declarations.analyses import AnalysisPlan
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.decisions import sides_of
from simulator.monitoring.normal import upper_tail
from simulator.monitoring.predictive import deaths_to_come, predictive_probability
from simulator.records import Floats, Ints

Prior = tuple[float, float]
Priors = tuple[Prior, Prior]  # of the first arm, and of the second
FLAT: Priors = ((1.0, 1.0), (1.0, 1.0))


def probabilities(plan: AnalysisPlan, asked: MonitoringPlan, counts: Ints) -> Floats:
    """Return the predictive probability of trials, shape (trials,).

    Parameters
    ----------
    counts
        (trials, arms, 2): the dead among the patients followed up, and all of these.
    """
    assert asked.futility is not None
    priors = asked.futility.prior_control or FLAT[0], asked.futility.prior_experimental or FLAT[1]
    level = final_level(asked)
    tables, trial = np.unique(counts.reshape(len(counts), 4), axis=0, return_inverse=True)
    found = np.empty(len(tables))
    for place, (x0, n0, x1, n1) in enumerate(tables.tolist()):
        at_end = question_of(plan, max(asked.final_size[0], n0), max(asked.final_size[1], n1))
        found[place] = probability_of(at_end, level, (x0, n0), (x1, n1), priors)
    return found[trial.ravel()]


@lru_cache(maxsize=256)
def final_level(asked: MonitoringPlan) -> float:
    """Return the nominal level of the final analysis as planned, held against its p value."""
    if asked.exact_levels:
        return asked.exact_levels[-1]
    return asked.sides * upper_tail(planned_looks(sides_of(asked).second)[-1].efficacy_z)


@lru_cache(maxsize=65_536)
def probability_of(
    at_end: ExactQuestion,
    level: float,
    first: tuple[int, int],
    second: tuple[int, int],
    priors: Priors = FLAT,
) -> float:
    """Return the predictive probability that a test shows what it is to show.

    That is, of a two-sided test, an effect in favour of the second arm.

    Parameters
    ----------
    at_end
        The test at the sizes that the arms come to.
    level
        At or below which its p value rejects.
    first, second
        Of each arm the dead among the patients followed up, and all of these.
    """
    (x0, n0), (x1, n1) = first, second
    come0, come1 = at_end.n0 - n0, at_end.n1 - n1
    success = _succeeds(at_end, level)[x0 : x0 + come0 + 1, x1 : x1 + come1 + 1]
    laws = deaths_to_come(x0, n0, come0, priors[0]), deaths_to_come(x1, n1, come1, priors[1])
    return predictive_probability(*laws, success)


@lru_cache(maxsize=64)
def _succeeds(at_end: ExactQuestion, level: float) -> Bools:
    """Tables at the end that show what is to be shown, shape (n0 + 1, n1 + 1)."""
    found = reaches(p_value_table(at_end), level)
    if at_end.hypothesis.is_two_sided:
        x0, x1 = np.arange(at_end.n0 + 1)[:, None], np.arange(at_end.n1 + 1)[None, :]
        found = found & (x0 * at_end.n1 > x1 * at_end.n0)
    return np.asarray(found)
