"""What level looks at two proportions attain at the sizes that trials turn out to have."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.analysis import AnalysisPlan
from simulator.declarations.analyses import MOST_PATIENTS
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.exact_stages import Levels, attained, exact_levels, spent_by, stages_of
from simulator.montecarlo.look_sizes import LookSizes, look_sizes
from simulator.planning.attained import has_tables, normal_levels, planned_levels
from simulator.planning.prepared import Prepared
from simulator.results.attained import AttainedOverTrials, LargestLevel

_ROUNDING = 1e-9  # of a largest probability, relative
# Trials whose sizes are enumerated, at up to so many patients; fewer of larger trials, whose tables
# grow with the square, and of tests whose p values are themselves largest probabilities: these may
# have few patients at all.
_TRIALS, _TRIALS_SLOW, _PATIENTS, _LEAST, _FEW = 500, 100, 100, 20, 1000


def attained_over_trials(
    prepared: Prepared, asked: MonitoringPlan, seed: int, trials: int
) -> AttainedOverTrials | None:
    """Return the level attained over the first trials of a run.

    None where the analysis has no tables, or where what was seen changes the sizes: adaptation, or
    a family, whose levels do.
    """
    plan = prepared.plans[asked.column]
    planned = asked.sizes or (asked.final_size,)
    changes = asked.adaptation is not None or asked.family is not None
    if changes or not has_tables(plan, asked, planned):
        return None
    number = min(trials, trials_enumerated(plan, sum(asked.final_size)))
    found = look_sizes(prepared.params, plan, asked, seed, number)
    return level_over(plan, asked, found)


def trials_enumerated(plan: AnalysisPlan, patients: int) -> int:
    """Return of how many trials at most the sizes are enumerated: by the scenario alone."""
    is_slow = MOST_PATIENTS.get(plan.test, _FEW) < _FEW
    most = _TRIALS_SLOW if is_slow else _TRIALS
    return max(_LEAST, round(most * min(1.0, (_PATIENTS / patients) ** 2)))


def level_over(
    plan: AnalysisPlan, asked: MonitoringPlan, trials: Sequence[LookSizes]
) -> AttainedOverTrials | None:
    """Return the level attained over trials of some sizes; None: an enumeration takes too long."""
    counted = Counter(one for one in trials)
    if not all(has_tables(plan, asked, one.sizes) for one in counted if one.sizes):
        return None
    normal = _over(plan, counted, lambda one: normal_levels(asked, one.sizes))
    by_planned, by_own, planned = None, None, planned_levels(plan, asked)
    if planned:
        spent = spent_by(asked)
        by_planned = _over(plan, counted, lambda one: [(planned[k],) * 2 for k in one.places])
        by_own = _over(plan, counted, lambda one: own_levels(plan, one, spent))
    return AttainedOverTrials(
        level=plan.alpha,
        trials=len(trials),
        distinct=len(counted),
        normal_mean=normal.mean,
        normal_above=normal.above,
        normal_largest=normal.largest,
        exact_mean=None if by_planned is None else by_planned.mean,
        exact_above=None if by_planned is None else by_planned.above,
        exact_largest=None if by_planned is None else by_planned.largest,
        own_mean=None if by_own is None else by_own.mean,
        own_largest=None if by_own is None else by_own.largest,
    )


def own_levels(plan: AnalysisPlan, one: LookSizes, spent: Sequence[float]) -> list[Levels]:
    """Exact levels enumerated at a trial's own sizes, each look spending what it was planned to."""
    by_look = tuple(spent[place] for place in one.places)
    return [(level, level) for level in exact_levels(stages_of(plan, one.sizes), by_look)]


class _Over(NamedTuple):
    mean: float
    above: float
    largest: LargestLevel


def _over(
    plan: AnalysisPlan,
    counted: Counter[LookSizes],
    levels_of: Callable[[LookSizes], Sequence[Levels]],
) -> _Over:
    """Mean of the level, share of trials above the nominal one, and the largest."""
    total, above, trials = 0.0, 0, sum(counted.values())
    largest = LargestLevel(0.0, (), ())
    for one in sorted(counted):
        if not one.sizes:  # nothing is tested
            continue
        level = attained(stages_of(plan, one.sizes), levels_of(one)).probability
        total += counted[one] * level
        above += counted[one] * (level > plan.alpha * (1.0 + _ROUNDING))
        if level > largest.level:
            n0, n1 = zip(*one.sizes, strict=True)
            largest = LargestLevel(level, n0, n1)
    return _Over(total / trials, above / trials, largest)
