"""Several answers on one scenario, made to agree: one target, and one estimate of the plan.

The power of the plan may have been estimated by `power`, at a point of a sweep and at a value of a
search. Each is right within its error; the one with the most trials is quoted for the plan. Sweeps
and searches keep their own numbers: their points share random numbers, and their differences,
mortality and counts of trials are of no other run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from simulator.montecarlo.judgement import judge
from simulator.results import Power, Size, Sweep
from simulator.results.measures import CONVENTIONAL_POWER, NullHypothesis
from simulator.results.power import AnalysisPower
from simulator.results.reconciled import NeededSize, QuotedRun, Relation
from simulator.results.sweep import PointPower


class Estimate(NamedTuple):
    """Power of an analysis of the trial as planned, and the run that it comes from."""

    power: float
    mcse: float
    ci_low: float
    ci_high: float
    run: QuotedRun


class Reconciled(NamedTuple):
    """Answers that agree with each other.

    Attributes
    ----------
    run
        That the power of the primary analysis as planned is quoted from.
    more
        Sweeps judged by the one target, and searches; the numbers of each are its own.
    search, needed
        The search for the number of patients of the primary analysis, and its answer beside the
        plan; None where there is none, or where it was for another power than the target.
    other_targets
        Target powers that runs were made for and that are not the one of all.
    """

    power: Power
    more: tuple[Sweep | Size, ...]
    run: QuotedRun
    search: Size | None
    needed: NeededSize | None
    other_targets: tuple[float, ...]


def reconcile(
    power: Power, more: Sequence[Sweep | Size], planned: int, target_power: float | None = None
) -> Reconciled:
    """Make answers on one scenario agree.

    Parameters
    ----------
    planned
        Patients to be randomised.
    target_power
        By which all are judged; of the runs, if None: the first that is not the conventional 80 %,
        of the power run, of the search for the number of patients, of the sweeps.
    """
    search, asked = _search_of(power, more), _targets(power, more)
    target = _target(asked) if target_power is None else target_power
    best = _best(power, more)
    analyses = tuple(_quoted_analysis(a, best[a.name]) for a in power.analyses)
    first, alphas = analyses[0], {a.name: a.alpha for a in analyses}
    limits = first.ci_low, first.ci_high
    verdict = judge(power.null_hypothesis, *limits, first.alpha, target, trials=first.trials)
    verdict = replace(verdict, below_level=power.verdict.below_level)
    return Reconciled(
        power=replace(power, analyses=analyses, verdict=verdict),
        more=tuple(_judged(it, alphas, target) if isinstance(it, Sweep) else it for it in more),
        run=best[first.name].run,
        search=search,
        needed=_needed(search, planned, target),
        other_targets=tuple(sorted({other for other in asked if other != target})),
    )


def _search_of(power: Power, more: Sequence[Sweep | Size]) -> Size | None:
    """The search for the number of patients by the primary analysis."""
    of_patients = (a for a in more if isinstance(a, Size) and a.is_of_patients and not a.favoured)
    return next((a for a in of_patients if a.analysis == power.primary.name), None)


def _targets(power: Power, more: Sequence[Sweep | Size]) -> list[float]:
    """Target powers of the runs, in the order in which one is chosen."""
    if power.null_hypothesis is not NullHypothesis.NONE:
        return [power.verdict.target_power]
    search = _search_of(power, more)
    asked = [power.verdict.target_power, *([search.target_power] if search else [])]
    return asked + [
        answer.threshold
        for answer in more
        if isinstance(answer, Sweep) and answer.null_hypothesis is NullHypothesis.NONE
    ]


def _target(asked: Sequence[float]) -> float:
    """The power that the user asked for, with whichever command; else the conventional one."""
    return next((target for target in asked if target != CONVENTIONAL_POWER), CONVENTIONAL_POWER)


def _needed(search: Size | None, planned: int, target: float) -> NeededSize | None:
    if search is None or search.answer is None or search.target_power != target:
        return None
    found, relation = search.answer, Relation.WITHIN
    if planned == found.value:
        relation = Relation.EQUAL
    elif planned < found.low:
        relation = Relation.FEWER
    elif planned > found.high:
        relation = Relation.MORE
    return NeededSize(planned, found.value, found.low, found.high, search.target_power, relation)


def _best(power: Power, more: Sequence[Sweep | Size]) -> dict[str, Estimate]:
    """The estimate of the plan with the most trials, by analysis; of equals the first."""
    best: dict[str, Estimate] = {}
    for name, found in _of_the_plan(power, more):
        if name not in best or found.run.trials > best[name].run.trials:
            best[name] = found
    return best


def _of_the_plan(power: Power, more: Sequence[Sweep | Size]) -> Iterator[tuple[str, Estimate]]:
    for a in power.analyses:
        run = QuotedRun(power.KIND, a.trials, power.seed)
        yield a.name, Estimate(a.power, a.mcse, a.ci_low, a.ci_high, run)
    for answer in more:
        if isinstance(answer, Sweep):
            run = QuotedRun(answer.KIND, answer.trials, answer.seed)
            planned = (p for point in answer.points if point.is_base for p in point.analyses)
            for p in planned:
                yield p.name, Estimate(p.power, p.mcse, p.ci_low, p.ci_high, run)
        elif not answer.favoured:  # else its power counts one direction alone
            for c in answer.curve:
                if c.value == answer.own_value:
                    run = QuotedRun(answer.KIND, c.trials, answer.seed)
                    yield answer.analysis, Estimate(c.power, c.mcse, c.ci_low, c.ci_high, run)


def _quoted_analysis(a: AnalysisPower, best: Estimate) -> AnalysisPower:
    """The analysis with the best estimate; what `favouring` and others count is its own run's."""
    if best.run.trials == a.trials:
        return a
    return replace(
        a,
        power=best.power,
        mcse=best.mcse,
        ci_low=best.ci_low,
        ci_high=best.ci_high,
        trials=best.run.trials,
        rejections=round(best.power * best.run.trials),
    )


def _judged(sweep: Sweep, alphas: Mapping[str, float], target: float) -> Sweep:
    """The sweep, judged by the one target."""
    null, points = sweep.null_hypothesis, []
    for point in sweep.points:
        judged = [_judged_point(p, sweep, alphas.get(p.name), target) for p in point.analyses]
        points.append(replace(point, analyses=tuple(judged)))
    threshold = target if null is NullHypothesis.NONE else sweep.threshold
    return replace(sweep, points=tuple(points), threshold=threshold)


def _judged_point(p: PointPower, sweep: Sweep, alpha: float | None, target: float) -> PointPower:
    if not p.judgement.is_power:
        return p
    limits, null = (p.ci_low, p.ci_high), sweep.null_hypothesis
    verdict = judge(null, *limits, alpha or math.nan, target, trials=sweep.trials)
    return replace(p, judgement=verdict.judgement)
