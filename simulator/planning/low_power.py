"""Why a test rejects less often than its level although there is an effect."""

import math

from simulator.analysis import AnalysisPlan
from simulator.analysis.exact_power import power, question_of, rejection_set
from simulator.analysis.exact_tables import EXACT_TESTS
from simulator.declarations.analyses import MOST_PATIENTS
from simulator.results.measures import BelowLevel, LowReason
from simulator.results.operations import Operations
from simulator.results.power import AnalysisPower

_ENUMERATED = ("chi_square", "yates", *EXACT_TESTS)
_MOST = 200  # patients of a table of p values: seconds at the most


def why_below_level(
    plan: AnalysisPlan, found: AnalysisPower, ratio: tuple[int, ...], operations: Operations
) -> BelowLevel:
    """Say why power is below the level: trials without a result, or a conservative test.

    A test of one table is asked for its type I error at the mean number of patients randomised and
    the control arm's mortality.
    """
    missing = found.not_analysable / found.trials
    if found.power / (1 - missing or 1.0) >= plan.alpha:
        return BelowLevel(LowReason.NOT_ANALYSABLE, None)
    level = _type_i_error(plan, ratio, operations)
    if level is not None and level < plan.alpha:
        return BelowLevel(LowReason.CONSERVATIVE, level)
    return BelowLevel(LowReason.SMALL_EFFECT, None)


def _type_i_error(
    plan: AnalysisPlan, ratio: tuple[int, ...], operations: Operations
) -> float | None:
    total, risk = round(operations.randomised.mean), operations.mortality[operations.arms[0]].mean
    first = round(total * ratio[0] / sum(ratio))
    most = min(MOST_PATIENTS.get(plan.test, _MOST), _MOST)
    if plan.hypothesis.has_margin:
        return None  # the control arm's mortality in both arms is no null hypothesis
    if plan.test not in _ENUMERATED or not 0 < first < total <= most or math.isnan(risk):
        return None
    return power(rejection_set(question_of(plan, first, total - first)), risk, risk)
