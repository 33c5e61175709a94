"""What level looks at two proportions attain at sizes that were planned or came about."""

from collections.abc import Sequence

from simulator.analysis import AnalysisPlan
from simulator.declarations.analyses import MOST_PATIENTS as MOST_OF_TEST
from simulator.declarations.analyses import STATISTICS, Information
from simulator.monitoring.asked import MonitoringPlan, by_arm
from simulator.monitoring.boundaries import boundaries_at
from simulator.monitoring.decisions import sides_of
from simulator.monitoring.normal import upper_tail
from simulator.montecarlo.exact_stages import Attained, attained, exact_levels, spent_by, stages_of
from simulator.montecarlo.look_sums import LookSums
from simulator.results.attained import AttainedLevel
from simulator.scenario.exact_rules import MOST_PATIENTS

Sizes = Sequence[tuple[int, int]]


def attained_of(
    plan: AnalysisPlan, asked: MonitoringPlan, sums: LookSums, ratio: Sequence[int]
) -> AttainedLevel | None:
    """Return the level attained at the mean sizes of the looks of a run.

    None: the analysis has no tables, or its size follows from the outcomes that were seen.
    """
    if asked.adaptation is not None and asked.adaptation.reestimates:
        return None
    looks: list[int] = []
    sizes: list[tuple[int, int]] = []
    for place in range(len(asked.looks) + 1):
        known = sums.mean_seen(place, "fraction").mean
        arms = by_arm(known * asked.max_information, ratio) if known > 0.0 else (0, 0)
        before = sizes[-1] if sizes else (0, 0)
        # A look that never came, or brings nobody new, is none.
        if min(arms) >= 1 and arms[0] >= before[0] and arms[1] >= before[1] and arms != before:
            looks.append(place)
            sizes.append(arms)
    return attained_at(plan, asked, sizes, looks)


def attained_at(
    plan: AnalysisPlan, asked: MonitoringPlan, sizes: Sizes, looks: Sequence[int]
) -> AttainedLevel | None:
    """Return the level attained at some sizes of the arms; None: the analysis has no tables.

    Parameters
    ----------
    looks
        Places of the looks with these sizes among those planned.
    """
    if not sizes or not has_tables(plan, asked, sizes):
        return None
    stages = stages_of(plan, sizes)
    normal = normal_levels(asked, sizes)
    by_normal = attained(stages, normal)
    near = [stages_of(plan, other) for other in _near(sizes)]
    exact_p, by_exact, most = None, None, None
    planned = planned_levels(plan, asked)
    if planned:
        exact_p = tuple(planned[place] for place in looks)
        exact = [(level, level) for level in exact_p]
        by_exact = attained(stages, exact)
        most = max(attained(other, exact).probability for other in near)
    return AttainedLevel(
        level=plan.alpha,
        first_arm=tuple(n0 for n0, _ in sizes),
        second_arm=tuple(n1 for _, n1 in sizes),
        normal_p=tuple(second for second, _ in normal),
        normal_level=by_normal.probability,
        normal_at=by_normal.at,
        exact_p=exact_p,
        exact_level=_level(by_exact),
        exact_at=None if by_exact is None else by_exact.at,
        normal_most=max(attained(other, normal).probability for other in near),
        exact_most=most,
    )


def _near(sizes: Sizes) -> list[Sizes]:
    """These sizes, and those with a patient more or fewer in an arm at the final analysis."""
    *earlier, (n0, n1) = sizes
    before = earlier[-1] if earlier else (0, 0)
    ends = [(n0 + k, n1 + m) for k, m in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    return [
        [*earlier, end]
        for end in ends
        if end[0] >= before[0] and end[1] >= before[1] and min(end) >= 1
    ]


def _level(found: Attained | None) -> float | None:
    return None if found is None else found.probability


def has_tables(plan: AnalysisPlan, asked: MonitoringPlan, sizes: Sizes) -> bool:
    """Whether the level at some sizes can be enumerated, and does not take long."""
    known = asked.information == Information.COMPLETED and bool(STATISTICS[plan.test].table)
    most = min(MOST_PATIENTS, MOST_OF_TEST.get(plan.test, MOST_PATIENTS))
    every = [*sizes, *asked.sizes]
    few = all(sum(arms) <= most and min(arms) >= 1 for arms in every)
    return known and few and not plan.hypothesis.has_margin


def planned_levels(plan: AnalysisPlan, asked: MonitoringPlan) -> tuple[float, ...]:
    """Return the exact levels of planned sizes, as they are or would be.

    Empty: these are not known, or sides differ.
    """
    if asked.exact_levels:
        return asked.exact_levels
    if not asked.sizes or asked.lower_spending or not asked.spending:
        return ()
    return exact_levels(stages_of(plan, asked.sizes), spent_by(asked))


def normal_levels(asked: MonitoringPlan, sizes: Sizes) -> list[tuple[float, float]]:
    """Return p values at which the normal boundary rejects, by the arm that they favour."""
    sides = sides_of(asked._replace(exact=False, futility=None))
    fractions = tuple(sum(arms) / asked.max_information for arms in sizes)
    second = boundaries_at(sides.second, fractions)
    first = second if sides.first is None else boundaries_at(sides.first, fractions)
    found = [
        (asked.sides * upper_tail(one.efficacy_z), asked.sides * upper_tail(other.efficacy_z))
        for one, other in zip(second, first, strict=True)
    ]
    if sides.shows_early:
        return found
    return [*[(0.0, 0.0)] * (len(found) - 1), found[-1]]
