"""The answer of a search for a size: what was found, every value tried, and what it takes there."""

import math
from dataclasses import replace
from typing import NamedTuple

from scipy import special

from simulator.declarations.analyses import STATISTICS
from simulator.declarations.quantities import name_with_unit
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.operations import operations_of
from simulator.planning.facts import facts_of
from simulator.planning.formulas import closed_forms
from simulator.planning.held_numbers import held_numbers
from simulator.planning.lasting import ExactPower
from simulator.planning.prepared import Prepared
from simulator.planning.refinement import Crossing
from simulator.planning.search import Search, Tally
from simulator.planning.simulated import SimulatedTrials
from simulator.planning.variation import value_at
from simulator.results.closed_forms import ClosedForms, Contrast
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm, Operations
from simulator.results.size import (
    CurvePoint,
    FittedPower,
    LargestPower,
    NoSize,
    PowerFit,
    RecruitmentLimit,
    Size,
    SizeBasis,
    SizeEstimate,
    SizeOperations,
)
from simulator.version import program_version

CONFIDENCE = 0.95
_FITTED = 1.3  # times how far the trials are that tell the slope: as far as the curve is shown
_FITTED_POINTS = 121  # so that the curve is smooth in print
_MOST_END_BEFORE = 0.5  # share of trials that reach the target: with fewer recruitment is the limit


class Outcome(NamedTuple):
    """What a search ends with: a crossing or why there is none, and the lasting number if known."""

    crossing: Crossing | None
    reason: NoSize | None
    lasting: float | None


def size_answer(
    base: Prepared,
    search: Search,
    run: SimulatedTrials,
    exact: ExactPower | None,
    outcome: Outcome,
    value: float,
) -> Size:
    """Put the answer together.

    Parameters
    ----------
    value
        That is named, or of which is told in its place; it was tried, by `run`.
    """
    asked, sought, crossing = search.asked, base.sought, outcome.crossing
    curve = curve_of(search, exact)
    there = next(point for point in curve if point.value == value)
    best = there if outcome.reason is None else max(curve, key=lambda point: point.power)
    at, totals = run.prepared[value], run.totals[value]
    operations = operations_of(at.solved, at.params, totals)
    declared = None if sought.is_family else STATISTICS.get(base.plans[0].test)
    return Size(
        scenario=base.solved.name,
        title=base.solved.title,
        seed=run.seed,
        version=program_version(),
        key=asked.key,
        key_name=name_with_unit(asked.key, value_at(base.loaded)),
        own_value=base.loaded.value(asked.key),
        analysis=sought.name,
        test_name=sought.test_name,
        alpha=sought.alpha,
        target_power=asked.power,
        arm=base.arms[-1],
        favoured=asked.favoured,
        discrete=declared is not None and bool(declared.table),
        reached=crossing is not None or outcome.lasting is not None,
        reason=None if outcome.lasting is not None else outcome.reason,
        precise=outcome.lasting is not None or (crossing is not None and crossing.precise),
        answer=estimate_of(outcome, there),
        n_lasting=outcome.lasting,
        n_trend=None if crossing is None else crossing.value,
        n_trend_low=None if crossing is None else crossing.low,
        n_trend_high=None if crossing is None else crossing.high,
        largest=LargestPower(best.value, best.power, best.mcse),
        recruitment=_recruitment(search, base.params.trial.max_recruitment_days),
        trials=sum(point.trials for point in curve),
        operations=_operations(value, operations),
        curve=curve,
        fit=None if crossing is None else PowerFit(*crossing.line),
        fitted=() if crossing is None else _fitted(search, crossing),
        closed_forms=_closed_forms(at, operations, asked.power),
        held=held_numbers(base.asked, (asked.key,)),
    )


def _closed_forms(at: Prepared, operations: Operations, power: float) -> ClosedForms:
    """What closed forms say; of several analyses judged together, nothing."""
    forms = closed_forms(facts_of(at.plain, 0, operations), power)
    return replace(forms, needed=(), contrast=Contrast.FAMILY) if at.sought.is_family else forms


def curve_of(search: Search, exact: ExactPower | None) -> tuple[CurvePoint, ...]:
    """Every value tried, in order, with what its trials gave."""
    return tuple(_point(search, value, tally, exact) for value, tally in search.tallies.items())


def _point(search: Search, value: float, tally: Tally, exact: ExactPower | None) -> CurvePoint:
    trials, rejections = search.counted(tally)
    low, high = interval(rejections, trials)
    return CurvePoint(
        value=value,
        randomised=tally.randomised,
        randomised_mcse=math.sqrt(tally.randomised_variance),
        target_reached=tally.target_reached / trials,
        trials=trials,
        analysable=tally.analysable,
        rejections=tally.rejections,
        favouring=tally.favouring,
        power=rejections / trials,
        mcse=standard_error(rejections, trials),
        ci_low=low,
        ci_high=high,
        exact_power=None if exact is None or value > exact.largest else exact(int(value)),
    )


def estimate_of(outcome: Outcome, there: CurvePoint) -> SizeEstimate | None:
    """The value that is named with its row's power; None where there is none."""
    if outcome.lasting is not None and there.exact_power is not None:
        value, power = outcome.lasting, there.exact_power
        return SizeEstimate(value, value, value, power, 0.0, CONFIDENCE, SizeBasis.LASTING)
    if outcome.crossing is None:
        return None
    value, low, high, *_ = outcome.crossing
    return SizeEstimate(value, low, high, there.power, there.mcse, CONFIDENCE, SizeBasis.TREND)


def _recruitment(search: Search, days: float) -> RecruitmentLimit | None:
    """Where recruitment is the limit, if the numbers tried get there."""
    tallies = search.tallies
    limited = [v for v, t in tallies.items() if t.target_reached < _MOST_END_BEFORE * t.trials]
    if not search.of_patients or not limited:
        return None
    most = tallies[max(tallies)]
    error = math.sqrt(most.randomised_variance)
    return RecruitmentLimit(min(limited), days, most.randomised, error)


def _fitted(search: Search, crossing: Crossing) -> tuple[FittedPower, ...]:
    """The fitted curve near the crossing, as far as its slope was taken from."""
    line, reach, points = crossing.line, _FITTED * crossing.reach, []
    low, high = search.inside(crossing.value - reach), search.inside(crossing.value + reach)
    for k in range(_FITTED_POINTS):
        at = low + k / (_FITTED_POINTS - 1) * (high - low)
        away = search.scale(at) - line.centre
        eta = line.level + line.slope * away
        half = -special.ndtri(0.5 * (1 - CONFIDENCE)) * math.sqrt(
            line.level_variance + away**2 * line.slope_variance
        )
        points.append(
            FittedPower(at, *(float(special.ndtr(e)) for e in (eta, eta - half, eta + half)))
        )
    return tuple(points)


def _operations(value: float, o: Operations) -> SizeOperations:
    return SizeOperations(
        value=value,
        randomised=o.randomised,
        enrolment_days=o.enrolment_days,
        trial_days=o.trial_days,
        target_reached=o.target_reached,
        on_time=o.on_time,
        mortality=o.mortality,
        patients=o.patients,
        lost=o.lost,
        sessions_delivered=_of_both_arms(o.sessions_delivered),
        plasma_litres=_of_both_arms(o.plasma_litres),
        cost=o.cost,
    )


def _of_both_arms(by_arm: ByArm) -> Estimate:
    """Sum over the arms; the sum of their errors is what its error is at most."""
    estimates = by_arm.values()
    return Estimate(sum(e.mean for e in estimates), sum(e.mcse for e in estimates))
