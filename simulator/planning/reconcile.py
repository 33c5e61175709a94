"""Several answers on one scenario, made to agree: one target, and one estimate of each design.

The power of a design may have been estimated by `power`, at a point of a sweep and at a value of a
search. Each is right within its error; beside each other they are three powers of one trial. The
estimate with the most trials is quoted wherever the design is shown.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from simulator.montecarlo.judgement import judge
from simulator.results import Power, Size, Sweep
from simulator.results.base import Value
from simulator.results.measures import CONVENTIONAL_POWER, NullHypothesis
from simulator.results.power import AnalysisPower
from simulator.results.reconciled import NeededSize, QuotedRun, Relation
from simulator.results.size import CurvePoint
from simulator.results.sweep import PointPower, SweepPoint

Design = frozenset[tuple[str, str]]  # keys whose value is not the scenario's own, with the value
PLAN: Design = frozenset()


class Estimate(NamedTuple):
    """Power of an analysis in a design, trials without a result, and the run that it comes from."""

    power: float
    mcse: float
    ci_low: float
    ci_high: float
    not_analysable: int
    run: QuotedRun


class Reconciled(NamedTuple):
    """Answers that agree with each other.

    Attributes
    ----------
    run
        That the power of the primary analysis as planned is quoted from.
    quoting
        Of each of `more`, how many of its points quote another run.
    search, needed
        The search for the number of patients of the primary analysis, and its answer beside the
        plan; None where there is none, or where it was for another power than the target.
    other_targets
        Target powers that runs were made for and that are not the one of all.
    """

    power: Power
    more: tuple[Sweep | Size, ...]
    run: QuotedRun
    quoting: tuple[int, ...]
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
    analyses = tuple(_quoted_analysis(a, best[PLAN, a.name]) for a in power.analyses)
    first, alphas = analyses[0], {a.name: a.alpha for a in analyses}
    limits = first.ci_low, first.ci_high
    verdict = judge(power.null_hypothesis, *limits, first.alpha, target, trials=first.trials)
    verdict = replace(verdict, below_level=power.verdict.below_level)
    agreed = [
        _of_sweep(answer, best, alphas, target)
        if isinstance(answer, Sweep)
        else _of_size(answer, best)
        for answer in more
    ]
    return Reconciled(
        power=replace(power, analyses=analyses, verdict=verdict),
        more=tuple(answer for answer, _ in agreed),
        run=best[PLAN, first.name].run,
        quoting=tuple(quoting for _, quoting in agreed),
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


def _best(power: Power, more: Sequence[Sweep | Size]) -> dict[tuple[Design, str], Estimate]:
    """The estimate with the most trials of each design and analysis; of equals the first."""
    best: dict[tuple[Design, str], Estimate] = {}
    for design, name, found in _all(power, more):
        known = best.get((design, name))
        if known is None or found.run.trials > known.run.trials:
            best[design, name] = found
    return best


def _all(power: Power, more: Sequence[Sweep | Size]) -> Iterator[tuple[Design, str, Estimate]]:
    for a in power.analyses:
        run = QuotedRun(power.KIND, a.trials, power.seed)
        yield PLAN, a.name, Estimate(a.power, a.mcse, a.ci_low, a.ci_high, a.not_analysable, run)
    for answer in more:
        if isinstance(answer, Sweep):
            run = QuotedRun(answer.KIND, answer.trials, answer.seed)
            for point in answer.points:
                for p in point.analyses:
                    limits = p.ci_low, p.ci_high
                    estimate = Estimate(p.power, p.mcse, *limits, p.not_analysable, run)
                    yield _design(point.values, answer.base), p.name, estimate
        elif not answer.favoured:  # else its power counts one direction alone
            for c in answer.curve:
                run = QuotedRun(answer.KIND, c.trials, answer.seed)
                limits = c.ci_low, c.ci_high
                estimate = Estimate(c.power, c.mcse, *limits, c.trials - c.analysable, run)
                yield _of_value(answer, c), answer.analysis, estimate


def _design(values: Mapping[str, Value], own: Mapping[str, Value]) -> Design:
    return frozenset(
        (key, _written(value)) for key, value in values.items() if value != own.get(key)
    )


def _of_value(answer: Size, point: CurvePoint) -> Design:
    return _design({answer.key: point.value}, {answer.key: answer.own_value})


def _written(value: Value) -> str:
    """A value so that 60 and 60.0 are one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if is_number else repr(value)


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


def _of_sweep(
    sweep: Sweep,
    best: Mapping[tuple[Design, str], Estimate],
    alphas: Mapping[str, float],
    target: float,
) -> tuple[Sweep, int]:
    """The sweep with the best estimates, judged by the one target; how many points quote another.

    Differences to the plan stay those of its own paired trials.
    """
    points, quoting = [], 0
    for point in sweep.points:
        design = _design(point.values, sweep.base)
        found = [best[design, p.name] for p in point.analyses]
        quoting += any(
            quoted.power != p.power for quoted, p in zip(found, point.analyses, strict=True)
        )
        powers = [
            _quoted_point(p, estimate, sweep.null_hypothesis, alphas.get(p.name), target)
            for p, estimate in zip(point.analyses, found, strict=True)
        ]
        points.append(_with(point, powers))
    threshold = sweep.threshold
    if sweep.null_hypothesis is NullHypothesis.NONE:
        threshold = target
    return replace(sweep, points=tuple(points), threshold=threshold), quoting


def _with(point: SweepPoint, powers: list[PointPower]) -> SweepPoint:
    return replace(point, analyses=tuple(powers))


def _quoted_point(
    p: PointPower, best: Estimate, null: NullHypothesis, alpha: float | None, target: float
) -> PointPower:
    judgement = p.judgement
    if p.judgement.is_power:
        limits, trials = (best.ci_low, best.ci_high), best.run.trials
        judgement = judge(null, *limits, alpha or math.nan, target, trials=trials).judgement
    return replace(
        p,
        power=best.power,
        mcse=best.mcse,
        ci_low=best.ci_low,
        ci_high=best.ci_high,
        judgement=judgement,
    )


def _of_size(size: Size, best: Mapping[tuple[Design, str], Estimate]) -> tuple[Size, int]:
    """The search with the best estimates at the values that it tried."""
    if size.favoured:
        return size, 0
    points, quoting, answer = [], 0, size.answer
    for c in size.curve:
        found = best[_of_value(size, c), size.analysis]
        if found.run.trials > c.trials:
            quoting += 1
            c = replace(
                c,
                trials=found.run.trials,
                analysable=found.run.trials - found.not_analysable,
                rejections=round(found.power * found.run.trials),
                power=found.power,
                mcse=found.mcse,
                ci_low=found.ci_low,
                ci_high=found.ci_high,
            )
            if answer is not None and c.value == answer.value and not answer.is_exact:
                answer = replace(answer, power=found.power, mcse=found.mcse)
        points.append(c)
    return replace(size, curve=tuple(points), answer=answer), quoting
