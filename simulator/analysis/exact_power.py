"""Power and size of a test of two proportions without simulation: the sum over all tables.

Outcomes are independent given the arm, and the sizes of the arms are fixed.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from simulator.analysis.cut import Bools
from simulator.analysis.exact_tables import (
    EXACT_TESTS,
    SIDES,
    Alternative,
    p_values,
)
from simulator.analysis.nuisance import Largest, largest_probability
from simulator.analysis.types import reaches
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.named import named
from simulator.records import Floats

TESTS = tuple(word for word, declared in STATISTICS.items() if declared.table)
_HALVINGS = 50
_SCAN = 400  # probabilities at which a detectable difference is looked for, before it is refined


class ExactQuestion(NamedTuple):
    """A test of n0 patients against n1.

    `gamma` is of the tests with berger_boos in their name; the priors, (a, b), are of
    beta_binomial; `interval` is of those whose interval decides. Mortality of the second arm is
    lower under `less`.
    """

    test: str
    n0: int
    n1: int
    alpha: float
    alternative: Alternative = "two_sided"
    gamma: float = 0.0
    prior_0: tuple[float, float] = (1.0, 1.0)
    prior_1: tuple[float, float] = (1.0, 1.0)
    interval: str | None = None


def question_of(plan: AnalysisPlan, n0: int, n1: int) -> ExactQuestion:
    """Return the question of an analysis with a test of `TESTS`, two-sided at its level."""
    own = plan.options
    return ExactQuestion(
        plan.test,
        n0,
        n1,
        plan.alpha,
        gamma=own.get("gamma", 0.0),
        prior_0=tuple(own.get("prior_control", (1.0, 1.0))),
        prior_1=tuple(own.get("prior_experimental", (1.0, 1.0))),
        interval=own.get("interval"),
    )


def p_value_table(question: ExactQuestion) -> Floats:
    """P values of all tables, shape (n0 + 1, n1 + 1), rows by deaths in the first arm.

    Raises
    ------
    ValueError
        If the test has no one-sided version.
    """
    q, declared = question, STATISTICS[question.test]
    if q.alternative != "two_sided" and declared.two_sided_only:
        raise ValueError(f"{q.test} is two-sided by its definition")
    if q.test in EXACT_TESTS:  # which are kept
        return p_values(q.test, q.n0, q.n1, q.gamma, q.alternative)
    given = {
        "prior_control": q.prior_0,
        "prior_experimental": q.prior_1,
        "interval": q.interval,
    }
    options = {key: given[key] for key in declared.options.model_fields}
    table: Floats = named(declared.table)(q.n0, q.n1, SIDES[q.alternative], **options)
    return table


def rejection_set(question: ExactQuestion) -> Bools:
    """Tables that are significant, shape (n0 + 1, n1 + 1)."""
    return reaches(p_value_table(question), question.alpha)


def power(significant: Bools, p0: float, p1: float) -> float:
    """Probability of a significant table where the arms die with these probabilities."""
    return float(_powers(significant, p0, np.array([p1]))[0])


def _powers(significant: Bools, p0: float, p1: Floats) -> Floats:
    """Powers at several death probabilities of the second arm."""
    n0, n1 = (size - 1 for size in significant.shape)
    return _binomial(n1, p1) @ (_binomial(n0, np.array([p0]))[0] @ significant)


def _binomial(n: int, p: Floats) -> Floats:
    """Probabilities of 0 to n deaths, a row for each p."""
    dead = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(dead + 1) - special.gammaln(n - dead + 1)
    at = p[:, None]
    return np.exp(ways + special.xlogy(dead, at) + special.xlog1py(n - dead, -at))


def size(significant: Bools) -> Largest:
    """Largest type I error over the common death probability, with a bound, and where it is."""
    return largest_probability(significant)


def detectable(significant: Bools, p0: float, wanted: float, *, lower: bool) -> float | None:
    """Death probability nearest to p0 in the second arm that has the power wanted; None if none.

    `lower` asks for one below p0, else above. Power need not grow all the way with the difference:
    what is further away than the answer has been scanned to keep the power, on a fine grid.
    """
    grid = np.linspace(p0, 0.0 if lower else 1.0, _SCAN + 1)
    enough = _powers(significant, p0, grid) >= wanted
    if not enough[-1]:
        return None
    short = np.flatnonzero(~enough)
    if short.size == 0:
        return float(p0)
    near, far = grid[short[-1]], grid[short[-1] + 1]
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        if power(significant, p0, middle) >= wanted:
            far = middle
        else:
            near = middle
    return float(far)
