"""Power and size of a test of two proportions without simulation: the sum over all tables.

Outcomes are independent given the arm, and the sizes of the arms are fixed.
"""

from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.cut import Bools
from simulator.analysis.exact_tables import EXACT_TESTS, p_values
from simulator.analysis.margins import Border, binomial, largest_on_border
from simulator.analysis.nuisance import Largest, largest_probability
from simulator.analysis.score import DIFFERENCE, ODDS_RATIO, RATIO
from simulator.analysis.types import reaches
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.declarations.analyses.hypothesis import (
    ABOVE,
    BELOW,
    Alternative,
    Hypothesis,
)
from simulator.named import named
from simulator.records import Floats

TESTS = tuple(word for word, declared in STATISTICS.items() if declared.table)
_HALVINGS = 50
_SCAN = 400  # probabilities at which a detectable difference is looked for, before it is refined


class ExactQuestion(NamedTuple):
    """A test of n0 patients against n1.

    `gamma` is of the tests with berger_boos in their name; the priors, (a, b), are of
    beta_binomial; `interval` is of those whose interval decides. Mortality of the second arm is
    lower under `less`; `margin` and `equivalence` are differences or ratios as the test estimates
    (see `Hypothesis`).
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
    margin: float | None = None
    equivalence: tuple[float, float] | None = None

    @property
    def hypothesis(self) -> Hypothesis:
        """What is to be shown."""
        return Hypothesis(self.alternative, self.margin, self.equivalence)


def question_of(plan: AnalysisPlan, n0: int, n1: int) -> ExactQuestion:
    """Return the question of an analysis with a test of `TESTS`, at its level."""
    own = plan.options
    return ExactQuestion(
        plan.test,
        n0,
        n1,
        plan.alpha,
        plan.hypothesis.alternative,
        gamma=own.get("gamma", 0.0),
        prior_0=tuple(own.get("prior_control", (1.0, 1.0))),
        prior_1=tuple(own.get("prior_experimental", (1.0, 1.0))),
        interval=own.get("interval"),
        margin=plan.hypothesis.margin,
        equivalence=plan.hypothesis.equivalence,
    )


def p_value_table(question: ExactQuestion) -> Floats:
    """P values of all tables, shape (n0 + 1, n1 + 1), rows by deaths in the first arm.

    The larger of the two of equivalence.

    Raises
    ------
    ValueError
        If the test cannot show what is asked.
    """
    q, declared = question, STATISTICS[question.test]
    for error in declared.hypothesis_rules(q.hypothesis, q.alpha):
        raise error
    first, *others = (_one_sided_table(q, part) for part in q.hypothesis.parts)
    return np.maximum(first, others[0]) if others else first


def _one_sided_table(q: ExactQuestion, part: Hypothesis) -> Floats:
    declared = STATISTICS[q.test]
    tested = part.tested(declared.measure.scale)
    if q.test in EXACT_TESTS:  # which are kept
        return p_values(q.test, q.n0, q.n1, q.gamma, part.alternative, tested.null)
    given = {
        "prior_control": q.prior_0,
        "prior_experimental": q.prior_1,
        "interval": q.interval,
    }
    options: dict[str, Any] = {key: given[key] for key in declared.options.model_fields}
    if part.has_margin:
        options["null"] = tested.null
    table: Floats = named(declared.table)(q.n0, q.n1, tested.side, **options)
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
    return binomial(n1, p1) @ (binomial(n0, np.array([p0]))[0] @ significant)


def size(significant: Bools, question: ExactQuestion | None = None) -> Largest:
    """Largest type I error on the border of the null hypothesis, where, and a bound.

    Where is the first arm's mortality, which without a margin is the common one.
    """
    borders = _borders(question) if question is not None else ()
    if not borders:
        return largest_probability(significant)
    return max((largest_on_border(significant, border) for border in borders), key=_probability)


def _probability(found: Largest) -> float:
    return found.probability


def _borders(question: ExactQuestion) -> tuple[Border, ...]:
    if not question.hypothesis.has_margin:
        return ()
    scale = STATISTICS[question.test].measure.scale
    measure = {"risk_ratio": RATIO, "odds_ratio": ODDS_RATIO}.get(question.test, DIFFERENCE)
    return tuple(Border(measure, p.tested(scale).null) for p in question.hypothesis.parts)


def nearest_detectable(
    question: ExactQuestion, significant: Bools, p0: float, wanted: float
) -> tuple[float | None, float | None]:
    """Mortalities of the second arm nearest to the null hypothesis with a power, below and above.

    Of a one-sided hypothesis only one is asked for; of equivalence neither.
    """
    asked, start = question.hypothesis, p0
    if asked.equivalence is not None:
        return None, None
    for border in _borders(question):
        start = float(border.second(np.array([p0]))[0])
    side = asked.tested(STATISTICS[question.test].measure.scale).side
    lower = detectable(significant, p0, wanted, lower=True, start=start)
    higher = detectable(significant, p0, wanted, lower=False, start=start)
    if not asked.has_margin:  # each way is told, also where the one cannot be
        return lower, higher
    return (lower if side == BELOW else None), (higher if side == ABOVE else None)


def detectable(
    significant: Bools, p0: float, wanted: float, *, lower: bool, start: float | None = None
) -> float | None:
    """Death probability nearest to p0 in the second arm that has the power wanted; None if none.

    `lower` asks for one below p0, else above; with a margin `start` is that of the null hypothesis.
    Power need not grow all the way with the difference: what is further away than the answer has
    been scanned to keep the power, on a fine grid.
    """
    start = p0 if start is None else start
    grid = np.linspace(start, 0.0 if lower else 1.0, _SCAN + 1)
    enough = _powers(significant, p0, grid) >= wanted
    if not enough[-1]:
        return None
    short = np.flatnonzero(~enough)
    if short.size == 0:
        return float(start)
    near, far = grid[short[-1]], grid[short[-1] + 1]
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        if power(significant, p0, middle) >= wanted:
            far = middle
        else:
            near = middle
    return float(far)
